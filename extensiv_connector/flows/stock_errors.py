"""What a person is told of levels and locations that EIM does not take, and when that is over."""

from collections import Counter
from operator import attrgetter

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL, groupby

from ..eim import errors as eim
from .languages import translated
from .sku_feed import find_feeding, left_alone_sql

# Behind a location's name in the keys of errors about its zeros that wait, about a mapping that counts nothing, about
# stock that EIM keeps elsewhere, and about an ID that is not known; such a key is no level's, which is the name, a
# slash and the SKU.
ZEROS = " → 0"
NO_PLACE = " → ∅"
READ_BACK = " → ?"
NO_PK = " → ID"
# The step of errors about SKUs that several products have: the level itself may be accepted, or refused, meanwhile.
SHARED = "shared"
KNOWN = ("open", "dismissed")


class StockErrors:
    """The errors about the stock of an account.

    :param names: ``{location id: name}`` of the account, for what is to be recorded
    """

    def __init__(self, account, names=None):
        self.account = account
        self.env = account.env
        self.names = names or {}
        self.Error = self.env["extensiv.error"]
        self.Level = self.env["extensiv.stock.level"]

    # -- levels

    def record_answers(self, accepted, refused):
        """Close the errors of what EIM accepted; open one for each SKU that it refused.

        :param accepted: ``Change`` tuples
        :param refused: ``{change: eim.EimError}``
        """
        waiting = set(self.Error.search_fetch(self._domain(["open"]), ["key"]).mapped("key"))
        if waiting:
            keys = waiting.intersection(self._key(change) for change in accepted)
            self.Error._resolve(self.account, "inventory", keys)
        if not refused:
            return
        levels = self._find_levels(refused)
        self._report(
            {
                self._key(change): {
                    "message": self._say_refused(change, error),
                    "category": "transient" if isinstance(error, eim.Blocked) else "data",
                    "process_id": error.process_id,
                    "document": levels[change.location_id, change.sku],
                }
                for change, error in refused.items()
            }
        )

    def _say_refused(self, change, error):
        about = {"quantity": change.quantity, "sku": change.sku, "reason": translated(self.env, error)}
        if isinstance(error, eim.Blocked):
            return self.env._(
                "The level %(quantity)s of %(sku)s did not reach EIM: %(reason)s It is tried again by itself.", **about
            )
        return self.env._(
            "EIM refused the level %(quantity)s of %(sku)s: %(reason)s\nIf EIM is to have this SKU, mend it there and "
            "press Retry; if not, switch Push Stock to EIM off on the product.",
            **about,
        )

    def report_unanswered(self, alone):
        """Open an error for each record that EIM gives no usable answer to by itself.

        :param alone: ``{change: eim.EimError}``
        :return: ``{change: when it is told again}``
        """
        if not alone:
            return {}
        levels = self._find_levels(alone)
        errors = self._report(
            {
                self._key(change): {
                    "message": self.env._(
                        "EIM gave no usable answer to the level %(quantity)s of %(sku)s: %(reason)s It may have taken "
                        "it, or not. It is told again by itself, after everything else.",
                        quantity=change.quantity,
                        sku=change.sku,
                        reason=translated(self.env, error),
                    ),
                    "category": "transient",
                    "process_id": error.process_id,
                    "document": levels[change.location_id, change.sku],
                }
                for change, error in alone.items()
            }
        )
        next_tries = dict(zip(errors.mapped("key"), errors.mapped("next_try"), strict=True))
        return {change: next_tries[self._key(change)] for change in alone}

    def _find_levels(self, changes):
        """Return ``{(location id, SKU): level}``."""
        return {
            (level.location_id.id, level.sku): level
            for level in self.Level.search(
                [("location_id", "in", list(self.names)), ("sku", "in", [change.sku for change in changes])]
            )
        }

    def requeue_due(self):
        """Have the levels pushed again whose temporary trouble is to be tried once more."""
        due = self._search(
            ["open"],
            Domain(
                [
                    ("category", "=", "transient"),
                    ("next_try", "<=", fields.Datetime.now()),
                    ("res_model", "=", self.Level._name),
                ]
            ),
        )
        self.Level.browse(due.mapped("res_id")).exists()._mark_unconfirmed()

    def report_shared(self, shared):
        """Open an error for each SKU that several products have, once; close those that only one has again.

        :param shared: ``[(location id, sku, id of the product that goes on feeding it, or None)]``; where none fed it
            before, nothing is pushed, and nothing guessed
        """
        known = self._search(KNOWN, Domain("res_model", "=", "product.product"))
        if not known and not shared:
            return
        feeding = find_feeding(self.account, [sku for _location, sku, _former in shared])
        failures = {}
        for location, sku, former in shared:
            products = feeding[sku]
            words = {
                "sku": sku,
                "products": ", ".join(f"{product.display_name} (ID {product.id})" for product in products),
                "former": self.env["product.product"].browse(former).display_name,
            }
            failures[f"{self.names[location]}/{sku}"] = {
                "message": self.env._(
                    "SKU %(sku)s belongs to several products: %(products)s. The stock of %(former)s goes on being "
                    "pushed, as before the others had it. Only one may have it as its internal reference or alias.",
                    **words,
                )
                if former
                else self.env._(
                    "SKU %(sku)s belongs to several products, so nothing is pushed: %(products)s. Only one may have "
                    "it as its internal reference or alias.",
                    **words,
                ),
                "category": "data",
                "document": products[:1],
            }
        self._report_anew(known, failures, SHARED)

    def close_left_alone(self):
        """Close the errors of levels that are not touched any more: their product is left alone, or not chosen."""
        errors = self._search(["open"], Domain("res_model", "=", self.Level._name))
        if not errors:
            return
        rows = self.env.execute_query(
            SQL(
                """WITH left_alone AS (%s)
               SELECT id FROM extensiv_stock_level
                WHERE id = ANY (%s) AND NOT COALESCE(zero_asked, FALSE)
                  AND (product_id IN (SELECT product_id FROM left_alone)
                       OR product_id IS NULL AND sku IN (SELECT sku FROM left_alone)
                       OR sku IN (SELECT sku FROM left_alone WHERE product_id IS NULL))""",
                left_alone_sql(self.account),
                errors.mapped("res_id"),
            )
        )
        left = {level for [level] in rows}
        errors.filtered(lambda error: error.res_id in left)._mark_resolved()

    def close_of(self, locations):
        """Close the errors of locations (ids) and of their levels; about what EIM refused of these it is asked anew."""
        self._close("in", locations)

    def close_of_others(self, locations):
        """Close as ``close_of`` the errors of all locations but these, deleted ones too."""
        self._close("not in", locations)

    def _close(self, operator, locations):
        levels = self.Level._search([("location_id", "in", locations)])
        errors = self._search(
            KNOWN,
            Domain.OR(
                Domain("res_model", "=", model) & Domain("res_id", operator, ids)
                for model, ids in ((self.Level._name, levels), ("extensiv.location", locations))
            ),
        )
        errors._mark_resolved()
        of_levels = errors.filtered(lambda error: error.res_model == self.Level._name)
        self.Level.browse(of_levels.mapped("res_id")).exists()._mark_unconfirmed()

    # -- locations

    def record_locations(self, pushed, refused):
        """Open an error for each location of which EIM takes no level, once; close those that it takes again.

        :param pushed: ids of locations
        :param refused: ``{location id: eim.Refused}``
        """
        known = self._search(
            KNOWN,
            Domain("res_model", "=", "extensiv.location") & Domain("key", "in", list(self.names.values())),
        )
        known.filtered(lambda error: error.res_id in pushed)._mark_resolved()
        failures = {
            self.names[location]: {
                "message": self.env._(
                    "EIM refuses whatever it is told of the location %(location)s: %(reason)s If it was "
                    "renamed or deleted "
                    "there, mend its name here or switch its push off.",
                    location=self.names[location],
                    reason=translated(self.env, error),
                ),
                "category": "settings",
                "process_id": error.process_id,
                "document": self.env["extensiv.location"].browse(location),
            }
            for location, error in refused.items()
        }
        self._report_once(known, failures)

    def report_placeless(self, placeless):
        """Open an error for each pushed location whose mapping counts no place of Odoo, once; close it when it does.

        :param placeless: ids of locations
        """
        failures = {
            f"{self.names[location]}{NO_PLACE}": {
                "message": self.env._(
                    "The location %(location)s counts no place of Odoo: the location or warehouse it is mapped to was "
                    "archived, or is not of the type Internal Location any more. Nothing is pushed to it, and nothing "
                    "set to 0. Map it to a location that is in use, or switch Push Stock off on it.",
                    location=self.names[location],
                ),
                "category": "settings",
                "document": self.env["extensiv.location"].browse(location),
            }
            for location in placeless
        }
        self._report_anew(self._search_suffixed(NO_PLACE), failures)

    def report_unknown_pk(self, locations):
        """Open an error for each location (id) pushed by its ID at EIM, which is not known; close it when it is."""
        failures = {
            f"{self.names[location]}{NO_PK}": {
                "message": self.env._(
                    "Nothing is pushed to the location %(location)s: the account's Location Key is EIM's ID, and the "
                    "ID of this location is not known. Press Fetch Locations on the account. If EIM does not list it, "
                    "choose another Location Key, in developer mode under Advanced.",
                    location=self.names[location],
                ),
                "category": "settings",
                "document": self.env["extensiv.location"].browse(location),
            }
            for location in locations
        }
        self._report_anew(self._search_suffixed(NO_PK), failures)

    # -- what was read back of a location

    def report_misplaced_again(self, location):
        """Open the error anew of a location that still waits, where it was closed: while its push was off."""
        if not self._search(KNOWN, Domain("key", "=", f"{location.name}{READ_BACK}")):
            self.report_misplaced(location)

    def report_misplaced(self, location):
        """Open the error of a location under which EIM does not keep what was pushed to it, see its ``read_back``."""
        found = location.read_back
        elsewhere = found["elsewhere"]
        listed = found["listed"]
        words = {"location": location.name, "sku": found["sku"]}
        if elsewhere:
            found = self.env._(
                "What was pushed to the location %(location)s stands at EIM under %(elsewhere)s (SKU %(sku)s).",
                elsewhere=", ".join(elsewhere),
                **words,
            )
        elif listed:
            found = self.env._(
                "EIM does not show the location %(location)s for the SKU %(sku)s, which was pushed to it; it shows "
                "%(listed)s.",
                listed=", ".join(listed),
                **words,
            )
        else:
            found = self.env._(
                "EIM does not show the location %(location)s for the SKU %(sku)s, which was pushed to it, nor any "
                "other location.",
                **words,
            )
        advice = self.env._(
            "Nothing more is pushed to %(location)s, so that no wrong stock comes about.\n"
            "- Is its name spelt otherwise at EIM (Fetch Locations on the account lists EIM's names)? Open the "
            "location and correct it; one level is tried again by itself.\n"
            "- Is the name right? Choose another Location Key on the account, in developer mode under Advanced; one "
            "level is tried again by itself.\n"
            "- Was it put right at EIM? Press Retry.\n"
            "- Is all right, and EIM only does not show it? Press Push Nevertheless on the location.\n"
            "Look at the SKU %(sku)s at EIM too: what stands in a wrong location is not taken back from here.",
            **words,
        )
        self._report_read_back(location, f"{found}\n{advice}", "settings")

    def report_not_shown(self, location, sku, seen):
        """Open the error of a location of which EIM does not say whether it keeps there what was pushed.

        A person who dismissed it is not told again.

        :param seen: ``read_back.Seen``
        """
        if self._search(["dismissed"], Domain("key", "=", f"{location.name}{READ_BACK}")):
            return
        words = {
            "location": location.name,
            "sku": sku,
            "reason": translated(self.env, seen.error) if seen.error else "",
        }
        if seen.levels is not None:
            found = self.env._(
                "EIM does not show in which location it keeps what was pushed to %(location)s: of the SKU %(sku)s it "
                "names no location at all. %(reason)s\nIt is asked again in a day; Retry asks at once.",
                **words,
            )
        else:
            found = self.env._(
                "EIM could not be asked whether what was pushed to the location %(location)s stands there (SKU "
                "%(sku)s): %(reason)s\nIt is asked again every ten minutes; Retry asks at once.",
                **words,
            )
        advice = self.env._(
            "If you see at EIM that the SKU has this location, press Push Nevertheless on the location."
        )
        if location.read_back_state == "assumed":
            advice += " " + self.env._("Until then, pushing goes on as before.")
        process_id = seen.error.process_id if seen.error else None
        error = self._report_read_back(location, f"{found} {advice}", "transient", process_id)
        error.next_try = location.read_back_at

    def _report_read_back(self, location, message, category, process_id=None):
        key = f"{location.name}{READ_BACK}"
        failure = {"message": message, "category": category, "process_id": process_id, "document": location}
        return self._report({key: failure})

    def close_read_back(self, locations):
        """Close the errors of locations about what was read back of them."""
        of_locations = Domain("res_model", "=", locations._name) & Domain("res_id", "in", locations.ids)
        self._search(KNOWN, of_locations & Domain("key", "=like", f"%{READ_BACK}"))._mark_resolved()

    # -- zeros that wait

    def has_held(self):
        """Whether a person was told of zeros that wait, which perhaps do no more."""
        return bool(self._search_suffixed(ZEROS))

    def record_held(self, held, above, newly):
        """Open an error for each location with zeros that wait for a person; close it where none does any more.

        One that a person dismissed stays so until further zeros wait.

        :param held: ``zero_stop.Held`` tuples
        :param above: ``{location id: levels above zero}``
        :param newly: ids of the locations with zeros that did not wait before
        """
        failures = {
            f"{self.names[location]}{ZEROS}": {
                "message": self._explain_held(self.names[location], zeros, above[location]),
                "category": "data",
                "document": self.env["extensiv.location"].browse(location),
            }
            for location, zeros in groupby(held, attrgetter("location_id"))
        }
        known = self._search_suffixed(ZEROS)
        known.filtered(lambda error: error.key not in failures)._mark_resolved()
        opened = known.filtered(lambda error: error.state == "open")
        dismissed = {error.key for error in known if error.state == "dismissed" and error.res_id not in newly}
        dismissed -= set(opened.mapped("key"))
        self._report_once(opened, {key: failure for key, failure in failures.items() if key not in dismissed})

    def _explain_held(self, name, zeros, above):
        """Return what to tell a person of the zeros that wait in the location ``name``, ``above`` of it above zero."""
        reasons = dict(self.Level._fields["held_reason"]._description_selection(self.env))
        counts = Counter(each.reason for each in zeros)
        sentences = [
            self.env._(
                "%(count)s of the %(above)s SKUs above zero in the location %(location)s would become 0 in the "
                "carts, though their stock did not change in Odoo. They wait; everything else is pushed.",
                count=len(zeros),
                above=max(above, len(zeros)),
                location=name,
            ),
            self.env._(
                "Why: %s.",
                "; ".join(f"{reasons[reason]} ({count})" for reason, count in counts.most_common()),
            ),
        ]
        unread = sum(each.reason == "first" and each.remote_quantity is None for each in zeros)
        if unread:
            sentences.append(
                self.env._("What EIM holds of %s of them could not be read; they are taken for above zero.", unread)
            )
        sentences.append(
            self.env._(
                "Press Show to see them. If they are right, press Push Them. If not, count the stock in Odoo, "
                "or put the mapping, setting or rule right: what is not 0 any more is pushed by itself."
            )
        )
        return "\n".join(sentences)

    # -- all of them

    def _key(self, change):
        return f"{self.names[change.location_id]}/{change.sku}"

    def _domain(self, states):
        """Return the domain of the errors of the account's stock in ``states``."""
        return Domain([("account_id", "=", self.account.id), ("flow", "=", "inventory"), ("state", "in", states)])

    def _search(self, states, domain=Domain.TRUE):
        return self.Error.search(self._domain(states) & domain)

    def _search_suffixed(self, suffix):
        """Return the errors with keys of locations with ``suffix`` behind, open or dismissed by a person."""
        return self._search(KNOWN, Domain("key", "in", [f"{name}{suffix}" for name in self.names.values()]))

    def _report(self, failures, step=False):
        return self.Error._report(self.account, "inventory", failures, step)

    def _report_once(self, known, failures, step=False):
        """Report ``failures``, but not those that ``known`` errors tell in the same words, be they dismissed."""
        same = {error.key for error in known if failures.get(error.key, {}).get("message") == error.message}
        self._report({key: failure for key, failure in failures.items() if key not in same}, step)

    def _report_anew(self, known, failures, step=False):
        """Report ``failures`` once, and close the ``known`` errors that are not among them any more."""
        known.filtered(lambda error: error.key not in failures)._mark_resolved()
        self._report_once(known, failures, step)
