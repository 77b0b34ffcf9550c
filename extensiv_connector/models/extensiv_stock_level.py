import random
import time
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..eim import errors as eim
from ..eim.wire import Level

# What is about to be told is noted for so many levels at once; outcomes are written then, and every few seconds: a
# killed pass repeats little.
CHUNK = 2_000
WRITE_SECONDS = 2.0
# So many levels refused in the same words are not wrong themselves: something of the whole account is.
ALL_REFUSED = 10


class Change(NamedTuple):
    """A level that EIM does not know yet; ``product_id`` is empty where nothing feeds the SKU any more."""

    location_id: int
    sku: str
    product_id: int | None
    quantity: int


class ExtensivStockLevel(models.Model):
    """What EIM was told last of a SKU in a location. EIM knows SKUs, not products."""

    _name = "extensiv.stock.level"
    _description = "EIM Stock Level"
    _order = "sku, location_id, id"
    _rec_name = "sku"
    _log_access = False  # a flow writes them by the hundred thousand

    location_id = fields.Many2one("extensiv.location", required=True, readonly=True, ondelete="cascade")
    account_id = fields.Many2one(related="location_id.account_id")
    company_id = fields.Many2one(related="location_id.company_id", store=True, precompute=True, required=True)
    sku = fields.Char("SKU", required=True, readonly=True)
    product_id = fields.Many2one(
        "product.product", readonly=True, index="btree_not_null", ondelete="set null",
        help="What feeds the level now; empty where nothing does any more and EIM was told zero.")
    quantity = fields.Integer(readonly=True, help="The last quantity that EIM accepted, whole units.")
    pushed_at = fields.Datetime("Accepted On", readonly=True, help="When EIM accepted the quantity.")
    unconfirmed = fields.Boolean(
        readonly=True,
        help="EIM was told, or is about to be told, and has not answered yet: what it holds is not known. It is told "
        "again until it answers.")
    refused_quantity = fields.Integer(readonly=True, help="The quantity that EIM refused last.")
    refused_at = fields.Datetime(
        "Refused On", readonly=True,
        help="When EIM refused it. It is told again once its quantity or its product changes, or by Retry.")
    state = fields.Selection(
        [("waiting", "Waiting"), ("accepted", "Accepted"), ("refused", "Refused")],
        compute="_compute_state", search="_search_state")

    _sku_unique = models.Constraint("UNIQUE(location_id, sku)", "This level exists already.")

    @api.depends("unconfirmed", "refused_at")
    def _compute_state(self):
        for level in self:
            level.state = "waiting" if level.unconfirmed else "refused" if level.refused_at else "accepted"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = {
            "waiting": [("unconfirmed", "=", True)],
            "refused": [("unconfirmed", "=", False), ("refused_at", "!=", False)],
            "accepted": [("unconfirmed", "=", False), ("refused_at", "=", False)],
        }
        return fields.Domain.OR(domains[state] for state in value if state in domains)

    # -- actions

    def action_push_again(self):
        """Have the levels pushed again at once, whatever EIM accepted or refused before."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        levels = self.sudo()
        levels._forget()
        accounts = levels.location_id.account_id
        if not all(account.state == "connected" for account in accounts):
            raise UserError(self.env._("The account is not connected. Press Connect first."))
        for account in accounts:
            notification = account._run_now("inventory")
        return notification

    def _forget(self):
        """Take EIM's quantity for unknown, so that the next pass states it again."""
        self.write({"unconfirmed": True})

    @api.model
    def _retry(self, account, errors):
        """Have the refused levels that ``errors`` are about pushed again, now."""
        self.browse(errors.filtered(lambda error: error.res_model == self._name).mapped("res_id")).exists()._forget()
        account._run_now("inventory")

    # -- the pass

    @api.model
    def _push(self, pass_):
        """Tell EIM every level that it does not know yet, in batches. One pass, see ``extensiv.run``."""
        account = pass_.account
        names = {location.id: location.name for location in account.location_ids}
        size = account.push_batch_size
        chunk = size * max(1, CHUNK // size)
        changes, shared = self._changes(account)
        self._note_shared(account, names, shared)
        self._close_unpushed(account)
        # Nothing is locked, and no snapshot held, while EIM is asked.
        pass_.commit()
        told = 0
        for start in range(0, len(changes), chunk):
            told += self._push_chunk(pass_, names, changes[start:start + chunk], size, (start, len(changes)))
            if told < min(start + chunk, len(changes)):
                pass_.again_in = 0
                break

    @api.model
    def _push_chunk(self, pass_, names, changes, size, progress):
        """Tell EIM some levels, noted beforehand: whatever happens to us, these are told until EIM answered.

        :param size: how many are told in one call
        :param progress: how many were told before, and of how many
        :return: how many of these were told before the time was over
        """
        pass_.repeat_on_conflict(lambda: self._intend(pass_.account, changes))
        told, accepted, refused, written_at = 0, [], {}, time.monotonic()
        try:
            for part, moment, failures in self._tell(pass_, names, changes, size):
                told += len(part)
                refused.update(failures)
                accepted += [(*change, moment) for change in part if change not in failures]
                if time.monotonic() - written_at > WRITE_SECONDS:
                    self._write_outcome(pass_, names, accepted, refused, (progress[0] + told, progress[1]))
                    accepted, refused, written_at = [], {}, time.monotonic()
        finally:
            self._write_outcome(pass_, names, accepted, refused, (progress[0] + told, progress[1]))
            if told < len(changes):
                counts = {"told": progress[0] + told, "all": progress[1]}
                pass_.notes.append(
                    self.env._("%(told)s of %(all)s levels told; the others follow.", **counts)
                    if pass_.account.push_inventory else
                    self.env._("%(told)s of %(all)s levels told; push again for the others.", **counts))
        return told

    @api.model
    def _tell(self, pass_, names, changes, size):
        """Push levels call by call while there is time, ``size`` of them in each.

        A batch refused as a whole is split until the refused ones stand alone; at random, so that the first of them
        speak for the batch: where all are refused in the same words and none was accepted, the fault is not theirs.

        :return: an iterator over ``(changes, moment, failures)``, as ``_tell_eim`` takes and returns them
        :raise eim.EimError: EIM could not be asked, or refuses whatever it is told
        """
        for start in range(0, len(changes), size):
            parts, held = [changes[start:start + size]], {}
            doubted = len(parts[0]) >= ALL_REFUSED
            while parts:
                if pass_.seconds_left() <= 5:
                    return
                part, moment = parts.pop(), fields.Datetime.now()
                try:
                    failures = self._tell_eim(pass_.client, names, part, moment)
                    doubted = False
                except eim.NotFound:
                    raise
                except (eim.Refused, ValueError) as error:
                    if len(part) > 1:
                        part = random.sample(part, len(part))
                        parts += [part[len(part) // 2:], part[:len(part) // 2]]
                        continue
                    held[part[0]] = (str(error), getattr(error, "process_id", None))
                    part, failures = [], {}
                    doubted &= isinstance(error, eim.Refused) and len({words for words, _id in held.values()}) == 1
                    if doubted and len(held) == ALL_REFUSED:
                        raise
                if not doubted:
                    yield [*part, *held], moment, {**failures, **held}
                    held = {}

    @api.model
    def _tell_eim(self, client, names, changes, moment):
        """Push levels in one call.

        :param names: ``{location id: name}``
        :param moment: naive UTC, when the quantities were true
        :return: ``{change: (EIM's words, process id)}`` of those refused; all others were accepted
        :raise eim.Refused, ValueError: all of them, or nobody knows which
        """
        levels = [
            Level(change.sku, names[change.location_id], change.quantity, change.quantity, moment)
            for change in changes
        ]
        try:
            result = client.push_inventory(levels)
        except eim.AnswerLost:
            result = client.push_inventory(levels)
        failures = {}
        for failure in result.failures:
            at = [change for change in changes if change.sku == failure.key] if failure.key else []
            if failure.index is not None and (not at or changes[failure.index] in at):
                at = [changes[failure.index]]
            if not at:
                raise eim.Refused(failure.message, process_id=result.process_id)
            failures.update(dict.fromkeys(at, (failure.message, result.process_id)))
        return failures

    # -- what EIM said is written

    @api.model
    def _write_outcome(self, pass_, names, accepted, refused, progress):
        """Commit what EIM accepted and refused, and show how far the pass is.

        :param accepted: tuples of a ``Change`` with the moment it was told behind
        :param refused: as ``_tell_eim`` returns them
        :param progress: how many levels were told, of how many
        """
        account = pass_.account
        if not accepted and not refused:
            return

        def work():
            self._store(accepted, refused)
            self._note_outcome(account, names, accepted, refused)
            self.env["extensiv.run"].search([
                ("account_id", "=", account.id), ("flow", "=", "inventory"), ("state", "=", "running"),
            ]).message = self.env._("%(told)s of %(all)s levels told.", told=progress[0], all=progress[1])

        pass_.repeat_on_conflict(work)
        pass_.tally["pushed"] += len(accepted)
        pass_.failed += len(refused)

    @api.model
    def _intend(self, account, changes):
        """Note that EIM is about to be told ``changes``, so that what it holds is not known until it answers."""
        locations, skus, products, _quantities = map(list, zip(*changes, strict=True))
        self.env.cr.execute(SQL(
            """INSERT INTO extensiv_stock_level (location_id, company_id, sku, product_id, unconfirmed)
               SELECT new.location_id, %s, new.sku, product.id, TRUE
                 FROM unnest(%s::int[], %s::text[], %s::int[]) AS new(location_id, sku, product_id)
                 LEFT JOIN product_product AS product ON product.id = new.product_id
                   ON CONFLICT (location_id, sku) DO UPDATE
                  SET product_id = EXCLUDED.product_id, unconfirmed = TRUE""",
            account.company_id.id, locations, skus, products,
        ))
        self.invalidate_model()

    @api.model
    def _store(self, accepted, refused):
        """Write what EIM answered of levels that were noted before."""
        if accepted:
            locations, skus, _products, quantities, moments = map(list, zip(*accepted, strict=True))
            self.env.cr.execute(SQL(
                """UPDATE extensiv_stock_level AS level
                      SET quantity = new.quantity, pushed_at = new.pushed_at, unconfirmed = FALSE,
                          refused_quantity = NULL, refused_at = NULL
                     FROM unnest(%s::int[], %s::text[], %s::int[], %s::timestamp[])
                       AS new(location_id, sku, quantity, pushed_at)
                    WHERE level.location_id = new.location_id AND level.sku = new.sku""",
                locations, skus, quantities, moments,
            ))
        if refused:
            locations, skus, _products, quantities = map(list, zip(*refused, strict=True))
            self.env.cr.execute(SQL(
                """UPDATE extensiv_stock_level AS level
                      SET refused_quantity = new.quantity, refused_at = %s, unconfirmed = FALSE
                     FROM unnest(%s::int[], %s::text[], %s::int[]) AS new(location_id, sku, quantity)
                    WHERE level.location_id = new.location_id AND level.sku = new.sku""",
                fields.Datetime.now(), locations, skus, quantities,
            ))
        self.invalidate_model()

    @api.model
    def _note_outcome(self, account, names, accepted, refused):
        """Close the errors of what EIM accepted; open one for each SKU that it refused."""
        Error = self.env["extensiv.error"]
        waiting = set(Error.search_fetch(
            [("account_id", "=", account.id), ("flow", "=", "inventory"), ("state", "=", "open")], ["key"],
        ).mapped("key"))
        if waiting:
            Error._resolve(account, "inventory", waiting.intersection(
                f"{names[location]}/{sku}" for location, sku, *_rest in accepted))
        if not refused:
            return
        levels = {(level.location_id.id, level.sku): level for level in self.search(
            [("location_id", "in", list(names)), ("sku", "in", [change.sku for change in refused])])}
        Error._report(account, "inventory", {
            f"{names[change.location_id]}/{change.sku}": {
                "message": self.env._(
                    "EIM refused the level %(quantity)s of %(sku)s: %(reason)s",
                    quantity=change.quantity, sku=change.sku, reason=message),
                "category": "data",
                "process_id": process_id,
                "document": levels[change.location_id, change.sku],
            } for change, (message, process_id) in refused.items()
        })

    @api.model
    def _note_shared(self, account, names, shared):
        """Open an error for each SKU that several products feed, once; close those that only one feeds again.

        :param shared: ``[(location id, sku)]``; nothing is told of these, and nothing guessed
        """
        Error = self.env["extensiv.error"]
        known = Error.search([
            ("account_id", "=", account.id), ("flow", "=", "inventory"), ("res_model", "=", "product.product"),
            ("state", "in", ("open", "dismissed")),
        ])
        if not known and not shared:
            return
        feeding = self._feeding(account, [sku for _location, sku in shared])
        failures = {}
        for location, sku in shared:
            products = feeding[sku]
            failures[f"{names[location]}/{sku}"] = {
                "message": self.env._(
                    "SKU %(sku)s belongs to several products, so nothing is pushed: %(products)s. Only one may have "
                    "it as its internal reference or alias.", sku=sku,
                    products=", ".join(f"{product.display_name} (ID {product.id})" for product in products)),
                "category": "data",
                "document": products[:1],
            }
        gone = known.filtered(lambda error: error.key not in failures)
        gone.write({"state": "resolved", "next_try": False})
        same = {error.key for error in known if failures.get(error.key, {}).get("message") == error.message}
        Error._report(account, "inventory", {key: value for key, value in failures.items() if key not in same})

    @api.model
    def _close_unpushed(self, account):
        """Close the errors of levels that nobody pushes any more: their location was switched off or deleted.

        Switched on again, EIM is asked anew.
        """
        pushed = self._search([("location_id", "in", account.location_ids.filtered("push_enabled").ids)])
        errors = self.env["extensiv.error"].search([
            ("account_id", "=", account.id), ("flow", "=", "inventory"), ("state", "=", "open"),
            ("res_model", "=", self._name), ("res_id", "not in", pushed),
        ])
        errors.write({"state": "resolved", "next_try": False})
        self.browse(errors.mapped("res_id")).exists()._forget()
