import random
import time
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, groupby

from ..eim import errors as eim
from ..eim.wire import Level
from ..flows.credential_check import is_suspicious, may_be_the_key
from ..flows.refusals import SAME_WORDS
from ..flows.zero_stop import ZeroStop

# What is about to be told is noted for so many levels at once; outcomes are written then, and every few seconds: a
# killed pass repeats little.
CHUNK = 2_000
WRITE_SECONDS = 2.0
# So many levels refused in the same words are not wrong themselves: their location is, or the whole account.
ALL_REFUSED = 10


class Change(NamedTuple):
    """A level that EIM does not know yet; ``product_id`` is empty where nothing feeds the SKU any more."""

    location_id: int
    sku: str
    product_id: int | None
    quantity: int


class StockRead(NamedTuple):
    """When stock was read, naive UTC with its fractions of a second, and the newest move there was.

    A transaction at work just then has an older time, but its moves come later: both together say what changed since.
    ``settled_at`` is before all that other transactions at work just then have written, and may not have shown yet.
    """

    moment: datetime
    last_move_id: int | None
    settled_at: datetime


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
        "product.product",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="What feeds the level now; empty where nothing does any more and EIM was told zero.",
    )
    quantity = fields.Integer(readonly=True, help="The last quantity that EIM accepted, whole units.")
    pushed_at = fields.Datetime(
        "Accepted On", readonly=True, help="As of when EIM accepted the quantity: when Odoo's stock was read."
    )
    told_quantity = fields.Integer(
        readonly=True, help="What EIM was told last. Without an answer it may hold this, or what it accepted before."
    )
    unconfirmed = fields.Boolean(
        readonly=True,
        help="EIM was told, or is about to be told, and has not answered yet: what it holds is not known. It is told "
        "again until it answers.",
    )
    refused_quantity = fields.Integer(readonly=True, help="The quantity that EIM refused last.")
    refused_at = fields.Datetime(
        "Refused On",
        readonly=True,
        help="When EIM refused it. It is told again once its quantity or its product changes, or by Retry.",
    )
    held_at = fields.Datetime(
        "Held Since",
        readonly=True,
        help="The level would become zero without a change of the product's stock, as one of many: it waits until a "
        "person confirms it, see the errors.",
    )
    held_reason = fields.Selection(
        [
            ("first", "Never pushed before"),
            ("unfed", "Nothing feeds the SKU any more"),
            ("product", "Another product feeds the SKU"),
            ("setting", "A setting, mapping or rule changed"),
        ],
        "Why",
        readonly=True,
    )
    remote_quantity = fields.Integer("At EIM", readonly=True, help="What EIM held of it when it was asked last.")
    held_quantity = fields.Char(
        "Held Above Zero",
        compute="_compute_held_quantity",
        help="What EIM accepted last or, of what was never pushed, held when it was read. “?”: it could not be read.",
    )
    held_becomes = fields.Integer(compute="_compute_held_quantity", help="What EIM would be told.")
    zero_allowed = fields.Boolean(
        readonly=True, help="It may become zero: a person confirmed it, or EIM held none of it. Until EIM accepts."
    )
    zero_asked = fields.Boolean(
        readonly=True, help="A person had it set to zero at EIM, whatever feeds it. Until EIM accepts."
    )
    last_move_id = fields.Integer(
        readonly=True, help="The newest stock move when the accepted quantity was read: later ones change the stock."
    )
    state = fields.Selection(
        [
            ("held", "Waits for a Person"),
            ("waiting", "Waiting"),
            ("accepted", "Accepted"),
            ("refused", "Refused"),
        ],
        compute="_compute_state",
        search="_search_state",
    )

    _sku_unique = models.Constraint("UNIQUE(location_id, sku)", "This level exists already.")
    _held_idx = models.Index("(location_id) WHERE held_at IS NOT NULL")
    _new_idx = models.Index("(location_id) WHERE pushed_at IS NULL")
    _zero_asked_idx = models.Index("(location_id) WHERE zero_asked")

    @api.depends("held_at", "unconfirmed", "zero_asked", "zero_allowed", "refused_at")
    def _compute_state(self):
        for level in self:
            if level.held_at:
                level.state = "held"
            elif level.unconfirmed:
                level.state = "waiting"
            elif level.refused_at:
                level.state = "refused"
            else:
                level.state = "waiting" if level.zero_asked or level.zero_allowed else "accepted"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        held, refused = Domain("held_at", "!=", False), Domain("refused_at", "!=", False)
        waiting = Domain("unconfirmed", "=", True) | (
            ~refused & (Domain("zero_allowed", "=", True) | Domain("zero_asked", "=", True))
        )
        domains = {
            "held": held,
            "waiting": ~held & waiting,
            "refused": ~held & ~waiting & refused,
            "accepted": ~held & ~waiting & ~refused,
        }
        return Domain.OR(domains[state] for state in value if state in domains)

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
            notification = account._run_flow("inventory")
        return notification

    def _forget(self):
        """Take EIM's quantity for unknown, so that the next pass states it again."""
        self.write({"unconfirmed": True})

    @api.model
    def _retry(self, account, errors):
        """Have the refused levels that ``errors`` are about pushed again, now."""
        self.browse(errors.filtered(lambda error: error.res_model == self._name).mapped("res_id")).exists()._forget()
        account._run_flow("inventory")

    # -- the pass

    @api.model
    def _push(self, pass_):
        """Tell EIM every level that it does not know yet, location by location. One pass, see ``extensiv.run``.

        :raise eim.EimError: EIM could not be asked, or refuses every location
        """
        account = pass_.account
        names = {location.id: location.name for location in account.location_ids}
        pass_.stock_read = self._stock_read()
        pass_.retry_on_conflict(lambda: self._take_up_again(account))
        changes, shared = self._changes(account)
        pushed = (account.location_ids.filtered("push_enabled") | self._locations_to_empty(account)).ids
        self._note_shared(account, names, shared)
        self._note_placeless(account, names)
        self._close_errors(account, "not in", pushed)
        self._close_left_alone(account)
        # Nothing is locked, and no snapshot held, while EIM is asked.
        pass_.commit()
        changes = ZeroStop(pass_, names).let_through(changes)
        told, refused = [], {}
        try:
            for location, of_location in groupby(changes, attrgetter("location_id")):
                try:
                    if not self._push_location(pass_, names, of_location, len(changes)):
                        pass_.resume_in = 0
                        break
                    told.append(location)
                except eim.NotFound:
                    raise
                except eim.Refused as error:
                    pass_.check.ask()
                    refused[location] = error
                    if len(refused) == len(pushed):
                        raise
        finally:
            counts = {"told": pass_.counts["pushed"] + pass_.failed, "all": len(changes)}
            if counts["told"] < counts["all"]:
                pass_.messages.append(
                    self.env._("%(told)s of %(all)s levels told; the others follow.", **counts)
                    if account.push_inventory
                    else self.env._("%(told)s of %(all)s levels told; push again for the others.", **counts)
                )
        pass_.failed += len(refused)
        pass_.retry_on_conflict(lambda: self._note_refused_locations(account, names, told, refused))
        if pass_.resume_in is None:
            compared = [location for location in pushed if location not in refused]
            pass_.retry_on_conflict(lambda: self._note_compared(compared, pass_.stock_read))

    @api.model
    def _note_compared(self, locations, stock_read):
        """Write that all levels of these locations (ids) were what EIM has, or wait for a person, when stock was read.

        What changes later without a change of stock is made by a setting; a stock that went up and down before, or
        was reserved and left, explains no zero of it.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE extensiv_location SET compared_at = %s, compared_move_id = %s WHERE id = ANY (%s)",
                stock_read.settled_at,
                stock_read.last_move_id,
                locations,
            )
        )
        self.env["extensiv.location"].invalidate_model(["compared_at", "compared_move_id"])

    @api.model
    def _stock_read(self):
        return StockRead(
            *self.env.execute_query(
                SQL(
                    """SELECT clock_timestamp() AT TIME ZONE 'UTC', (SELECT MAX(id) FROM stock_move),
                      (SELECT COALESCE(MIN(xact_start) - INTERVAL '1 millisecond', clock_timestamp())
                         FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                      ) AT TIME ZONE 'UTC'"""
                )
            )[0]
        )

    @api.model
    def _push_location(self, pass_, names, changes, total):
        """Tell EIM the levels of one location, noted beforehand: whatever happens, they are told until it answers.

        :param total: how many levels the pass is to tell
        :return: whether there was time for all of these
        """
        size = pass_.account.push_batch_size
        chunk = size * max(1, CHUNK // size)
        for start in range(0, len(changes), chunk):
            part = changes[start : start + chunk]
            pass_.retry_on_conflict(lambda part=part: self._intend(pass_.account, part))
            if not self._push_chunk(pass_, names, part, size, total):
                return False
        return True

    @api.model
    def _push_chunk(self, pass_, names, changes, size, total):
        """Tell EIM levels that were noted, ``size`` of them in one call, and write down what it answers."""
        told, accepted, refused, written_at = 0, [], {}, time.monotonic()
        refusals = pass_.refusals
        try:
            for part, moment, failures in self._tell(pass_, names, changes, size):
                told += len(part)
                taken = [(*change, moment) for change in part if change not in failures]
                accepted += taken
                if taken:
                    refused.update({**refusals.accepted(), **failures})
                    failures = {}
                for change, error in failures.items():
                    refused.update(refusals.refused(change, error, (change.sku, names[change.location_id])))
                if time.monotonic() - written_at > WRITE_SECONDS:
                    self._write_outcome(pass_, names, accepted, refused, total)
                    accepted, refused, written_at = [], {}, time.monotonic()
            refused.update(refusals.finish())
        finally:
            refusals.drop()  # they are told again
            self._write_outcome(pass_, names, accepted, refused, total)
        return told == len(changes)

    @api.model
    def _tell(self, pass_, names, changes, size):
        """Push levels call by call while there is time, ``size`` of them in each.

        A batch refused as a whole is split until the refused ones stand alone; at random, so that the first of them
        speak for the batch: where all are refused in the same words and none was accepted, the fault is not theirs.

        :return: an iterator over ``(changes, moment, failures)``, as ``_tell_eim`` takes and returns them
        :raise eim.EimError: EIM could not be asked, or refuses whatever it is told
        """
        for start in range(0, len(changes), size):
            parts, held = [changes[start : start + size]], {}
            doubted = len(parts[0]) >= ALL_REFUSED
            while parts:
                if not pass_.has_time():
                    return
                part, moment = parts.pop(), pass_.stock_read.moment
                try:
                    failures = self._tell_eim(pass_.client, names, part, moment)
                    doubted = False
                except eim.NotFound:
                    raise
                except (eim.Refused, eim.Blocked, ValueError) as trouble:
                    error = trouble if isinstance(trouble, eim.EimError) else eim.Refused(str(trouble))
                    if is_suspicious(error):
                        pass_.check.ask()
                    if len(part) > 1:
                        part = random.sample(part, len(part))
                        parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                        continue
                    held[part[0]] = error
                    part, failures = [], {}
                    doubted &= may_be_the_key(error) and len({refusal.message for refusal in held.values()}) == 1
                    if doubted and len(held) == SAME_WORDS:
                        pass_.check.ask()
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
        :return: ``{change: eim.Refused}`` of those refused; all others were accepted
        :raise eim.Refused, ValueError: all of them, or nobody knows which
        """
        levels = [
            Level(change.sku, names[change.location_id], change.quantity, change.quantity, moment) for change in changes
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
            error = eim.Refused(failure.message, process_id=result.process_id, route="push_inventory", status=200)
            if not at:
                raise error
            failures.update(dict.fromkeys(at, error))
        words = {error.message for error in failures.values()}
        if (
            len(failures) == len(changes)
            and len(words) == 1
            and all(names[change.location_id] in failures[change].message for change in changes)
        ):
            # Each by itself, but for the name of their location.
            raise failures[changes[0]]
        return failures

    # -- what EIM said is written

    @api.model
    def _write_outcome(self, pass_, names, accepted, refused, total):
        """Commit what EIM accepted and refused, and show how far the pass is.

        :param accepted: tuples of a ``Change`` with the moment it was told behind
        :param refused: as ``_tell_eim`` returns them
        :param total: how many levels the pass is to tell
        """
        account = pass_.account
        if not accepted and not refused:
            return
        told = pass_.counts["pushed"] + pass_.failed + len(accepted) + len(refused)

        def work():
            self._store(accepted, refused, pass_.stock_read.last_move_id)
            self._note_outcome(account, names, accepted, refused)
            self.env["extensiv.run"].search(
                [
                    ("account_id", "=", account.id),
                    ("flow", "=", "inventory"),
                    ("state", "=", "running"),
                ]
            ).message = self.env._("%(told)s of %(all)s levels told.", told=told, all=total)

        pass_.retry_on_conflict(work)
        pass_.counts["pushed"] += len(accepted)
        pass_.failed += len(refused)

    @api.model
    def _intend(self, account, changes):
        """Note that EIM is about to be told ``changes``, so that what it holds is not known until it answers."""
        locations, skus, products, quantities = map(list, zip(*changes, strict=True))
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_stock_level
                      (location_id, company_id, sku, product_id, unconfirmed, told_quantity)
               SELECT new.location_id, %s, new.sku, product.id, TRUE, new.quantity
                 FROM unnest(%s::int[], %s::text[], %s::int[], %s::int[])
                      AS new(location_id, sku, product_id, quantity)
                 LEFT JOIN product_product AS product ON product.id = new.product_id
                   ON CONFLICT (location_id, sku) DO UPDATE
                  SET product_id = EXCLUDED.product_id, unconfirmed = TRUE, told_quantity = EXCLUDED.told_quantity""",
                account.company_id.id,
                locations,
                skus,
                products,
                quantities,
            )
        )
        self.invalidate_model()

    @api.model
    def _store(self, accepted, refused, last_move_id):
        """Write what EIM answered of levels that were noted before.

        :param last_move_id: the newest stock move when the quantities were read
        """
        if accepted:
            locations, skus, _products, quantities, moments = map(list, zip(*accepted, strict=True))
            self.env.cr.execute(
                SQL(
                    """UPDATE extensiv_stock_level AS level
                      SET quantity = new.quantity, pushed_at = new.pushed_at, unconfirmed = FALSE,
                          refused_quantity = NULL, refused_at = NULL, last_move_id = %s,
                          held_at = NULL, held_reason = NULL, zero_allowed = FALSE, zero_asked = FALSE
                     FROM unnest(%s::int[], %s::text[], %s::int[], %s::timestamp[])
                       AS new(location_id, sku, quantity, pushed_at)
                    WHERE level.location_id = new.location_id AND level.sku = new.sku""",
                    last_move_id,
                    locations,
                    skus,
                    quantities,
                    moments,
                )
            )
        if refused:
            locations, skus, _products, quantities = map(list, zip(*refused, strict=True))
            self.env.cr.execute(
                SQL(
                    """UPDATE extensiv_stock_level AS level
                      SET refused_quantity = new.quantity, refused_at = %s, unconfirmed = FALSE
                     FROM unnest(%s::int[], %s::text[], %s::int[]) AS new(location_id, sku, quantity)
                    WHERE level.location_id = new.location_id AND level.sku = new.sku""",
                    fields.Datetime.now(),
                    locations,
                    skus,
                    quantities,
                )
            )
        self.invalidate_model()
