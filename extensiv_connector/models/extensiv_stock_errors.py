from collections import Counter
from operator import attrgetter

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, groupby

from ..eim import errors as eim
from ..flows.stock_errors import NO_PLACE, ZEROS


class ExtensivStockLevel(models.Model):
    """What a person is told of levels and locations that EIM does not take, and when that is over."""

    _inherit = "extensiv.stock.level"

    @api.model
    def _note_outcome(self, account, names, accepted, refused):
        """Close the errors of what EIM accepted; open one for each SKU that it refused."""
        Error = self.env["extensiv.error"]
        waiting = set(
            Error.search_fetch(
                [("account_id", "=", account.id), ("flow", "=", "inventory"), ("state", "=", "open")],
                ["key"],
            ).mapped("key")
        )
        if waiting:
            Error._resolve(
                account,
                "inventory",
                waiting.intersection(f"{names[location]}/{sku}" for location, sku, *_rest in accepted),
            )
        if not refused:
            return
        levels = {
            (level.location_id.id, level.sku): level
            for level in self.search(
                [("location_id", "in", list(names)), ("sku", "in", [change.sku for change in refused])]
            )
        }
        Error._report(
            account,
            "inventory",
            {
                f"{names[change.location_id]}/{change.sku}": {
                    "message": self._say_refused(change, error),
                    "category": "transient" if isinstance(error, eim.Blocked) else "data",
                    "process_id": error.process_id,
                    "document": levels[change.location_id, change.sku],
                }
                for change, error in refused.items()
            },
        )

    @api.model
    def _say_refused(self, change, error):
        about = {"quantity": change.quantity, "sku": change.sku, "reason": error.message}
        if isinstance(error, eim.Blocked):
            return self.env._(
                "The level %(quantity)s of %(sku)s did not reach EIM: %(reason)s It is tried again by itself.", **about
            )
        return self.env._(
            "EIM refused the level %(quantity)s of %(sku)s: %(reason)s\nIf EIM is to have this SKU, mend it there and "
            "press Retry; if not, switch Push Stock to EIM off on the product.",
            **about,
        )

    @api.model
    def _take_up_again(self, account):
        """Have the levels told again whose temporary trouble is to be tried once more."""
        due = self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("state", "=", "open"),
                ("category", "=", "transient"),
                ("next_try", "<=", fields.Datetime.now()),
                ("res_model", "=", self._name),
            ]
        )
        self.browse(due.mapped("res_id")).exists()._forget()

    @api.model
    def _note_shared(self, account, names, shared):
        """Open an error for each SKU that several products feed, once; close those that only one feeds again.

        :param shared: ``[(location id, sku)]``; nothing is told of these, and nothing guessed
        """
        Error = self.env["extensiv.error"]
        known = Error.search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("res_model", "=", "product.product"),
                ("state", "in", ("open", "dismissed")),
            ]
        )
        if not known and not shared:
            return
        feeding = self._feeding(account, [sku for _location, sku in shared])
        failures = {}
        for location, sku in shared:
            products = feeding[sku]
            failures[f"{names[location]}/{sku}"] = {
                "message": self.env._(
                    "SKU %(sku)s belongs to several products, so nothing is pushed: %(products)s. Only one may have "
                    "it as its internal reference or alias.",
                    sku=sku,
                    products=", ".join(f"{product.display_name} (ID {product.id})" for product in products),
                ),
                "category": "data",
                "document": products[:1],
            }
        gone = known.filtered(lambda error: error.key not in failures)
        gone._mark_resolved()
        self._report_once(account, known, failures)

    @api.model
    def _note_refused_locations(self, account, names, told, refused):
        """Open an error for each location of which EIM takes no level, once; close those that it takes again.

        :param told: ids of locations; :param refused: ``{location id: eim.Refused}``
        """
        known = self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("res_model", "=", "extensiv.location"),
                ("key", "in", list(names.values())),
                ("state", "in", ("open", "dismissed")),
            ]
        )
        known.filtered(lambda error: error.res_id in told)._mark_resolved()
        self._report_once(
            account,
            known,
            {
                names[location]: {
                    "message": self.env._(
                        "EIM refuses whatever it is told of the location %(location)s: %(reason)s If it was "
                        "renamed or deleted "
                        "there, mend its name here or switch its push off.",
                        location=names[location],
                        reason=error.message,
                    ),
                    "category": "settings",
                    "process_id": error.process_id,
                    "document": self.env["extensiv.location"].browse(location),
                }
                for location, error in refused.items()
            },
        )

    @api.model
    def _note_held(self, account, names, held, above, newly):
        """Open an error for each location with zeros that wait for a person; close it where none does any more.

        One that a person dismissed stays so until further zeros wait.

        :param held: ``flows.zero_stop.Held`` tuples
        :param above: ``{location id: levels above zero}``
        :param newly: ids of the locations with zeros that did not wait before
        """
        known = self._known_errors(account, [f"{name}{ZEROS}" for name in names.values()])
        of_location = groupby(held, attrgetter("location_id"))
        failures = {
            f"{names[location]}{ZEROS}": {
                "message": self._explain_held(names[location], zeros, above[location]),
                "category": "data",
                "document": self.env["extensiv.location"].browse(location),
            }
            for location, zeros in of_location
        }
        known.filtered(lambda error: error.key not in failures)._mark_resolved()
        dismissed = {error.key for error in known if error.state == "dismissed" and error.res_id not in newly} - {
            error.key for error in known if error.state == "open"
        }
        self._report_once(
            account,
            known.filtered(lambda error: error.state == "open"),
            {key: failure for key, failure in failures.items() if key not in dismissed},
        )

    @api.model
    def _has_held_errors(self, account, names):
        """Whether a person was told of zeros that wait, which perhaps do no more."""
        return bool(self._known_errors(account, [f"{name}{ZEROS}" for name in names.values()]))

    @api.model
    def _explain_held(self, name, zeros, above):
        """Return what to tell a person of the zeros that wait in the location ``name``, ``above`` of it above zero."""
        reasons = dict(self._fields["held_reason"]._description_selection(self.env))
        counts = Counter(each.reason for each in zeros)
        unread = sum(each.reason == "first" and each.remote_quantity is None for each in zeros)
        return "\n".join(
            filter(
                None,
                (
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
                    unread
                    and self.env._(
                        "What EIM holds of %s of them could not be read; they are taken for above zero.", unread
                    ),
                    self.env._(
                        "Press Show to see them. If they are right, press Push Them. If not, count the stock in Odoo, "
                        "or put the mapping, setting or rule right: what is not 0 any more is pushed by itself."
                    ),
                ),
            )
        )

    @api.model
    def _note_placeless(self, account, names):
        """Open an error for each pushed location whose mapping counts no place of Odoo, once; close it when it does."""
        placeless = [mapping.id for mapping in self._mappings(account) if not mapping.places]
        failures = {
            f"{names[location]}{NO_PLACE}": {
                "message": self.env._(
                    "The location %(location)s counts no place of Odoo: the location or warehouse it is mapped to was "
                    "archived, or is not of the type Internal Location any more. Nothing is pushed to it, and nothing "
                    "set to 0. Map it to a location that is in use, or switch Push Stock off on it.",
                    location=names[location],
                ),
                "category": "settings",
                "document": self.env["extensiv.location"].browse(location),
            }
            for location in placeless
        }
        known = self._known_errors(account, [f"{name}{NO_PLACE}" for name in names.values()])
        known.filtered(lambda error: error.key not in failures)._mark_resolved()
        self._report_once(account, known, failures)

    @api.model
    def _known_errors(self, account, keys):
        """Return the errors of stock that are open, or that a person dismissed, by key."""
        return self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("key", "in", keys),
                ("state", "in", ("open", "dismissed")),
            ]
        )

    @api.model
    def _close_left_alone(self, account):
        """Close the errors of levels that are not touched any more, for their product is left alone."""
        errors = self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("res_model", "=", self._name),
                ("state", "=", "open"),
            ]
        )
        if not errors:
            return
        left = self.env.execute_query(
            SQL(
                """WITH left_alone AS (%s)
               SELECT id FROM extensiv_stock_level
                WHERE id = ANY (%s) AND NOT COALESCE(zero_asked, FALSE)
                  AND (product_id IN (SELECT product_id FROM left_alone)
                       OR product_id IS NULL AND sku IN (SELECT sku FROM left_alone))""",
                self._left_alone_sql(account),
                errors.mapped("res_id"),
            )
        )
        left = {level for [level] in left}
        errors.filtered(lambda error: error.res_id in left)._mark_resolved()

    @api.model
    def _report_once(self, account, known, failures):
        """Report ``failures``, but not those that ``known`` errors tell in the same words, be they dismissed."""
        same = {error.key for error in known if failures.get(error.key, {}).get("message") == error.message}
        self.env["extensiv.error"]._report(
            account, "inventory", {key: value for key, value in failures.items() if key not in same}
        )

    @api.model
    def _close_errors(self, account, operator, locations):
        """Close the errors of some locations and of their levels; about what EIM refused of these it is asked anew.

        :param operator: ``in`` or ``not in``: all but these, deleted ones too
        :param locations: ids
        """
        levels = self._search([("location_id", "in", locations)])
        errors = self.env["extensiv.error"].search(
            Domain(
                [
                    ("account_id", "=", account.id),
                    ("flow", "=", "inventory"),
                    ("state", "in", ("open", "dismissed")),
                ]
            )
            & Domain.OR(
                Domain("res_model", "=", model) & Domain("res_id", operator, ids)
                for model, ids in ((self._name, levels), ("extensiv.location", locations))
            )
        )
        errors._mark_resolved()
        self.browse(errors.filtered(lambda error: error.res_model == self._name).mapped("res_id")).exists()._forget()
