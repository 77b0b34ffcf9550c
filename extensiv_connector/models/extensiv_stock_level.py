from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..flows.deadline import one_deadline
from ..flows.spreadsheet import quote_export
from ..flows.stock_errors import READ_BACK
from ..flows.trigger import trigger
from .extensiv_stock_history import CAUSES


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
    unanswered = fields.Integer(
        readonly=True,
        help="With how many levels at once EIM was told, and gave no usable answer: it is told again after everything "
        "else, with half of them.",
    )
    next_try = fields.Datetime(readonly=True, help="When it is told again that EIM gave no usable answer to by itself.")
    cause = fields.Selection(CAUSES, "Told Again For", readonly=True, help="Why it is told again. Until EIM answers.")
    history_ids = fields.One2many("extensiv.stock.history", "level_id", readonly=True)
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
        held = Domain("held_at", "!=", False)
        refused = Domain("refused_at", "!=", False)
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

    @api.depends("quantity", "pushed_at", "remote_quantity", "held_at")
    def _compute_held_quantity(self):
        """What was not read is no number: NULL in the database, which the field reads as 0."""
        self.flush_recordset(["remote_quantity"])
        unread = {
            level
            for [level] in self.env.execute_query(
                SQL(
                    "SELECT id FROM extensiv_stock_level WHERE id = ANY (%s) AND remote_quantity IS NULL",
                    self._origin.ids,
                )
            )
        }
        for level in self:
            level.held_becomes = 0
            if not level.held_at:
                level.held_quantity = False
            elif level.pushed_at:
                level.held_quantity = str(level.quantity)
            else:
                level.held_quantity = "?" if level._origin.id in unread else str(level.remote_quantity)

    def unlink(self):
        """Have the next pass compare everything: of what is gone it sees nothing."""
        self.env["extensiv.stock.scan"].sudo()._forget(self.account_id)
        return super().unlink()

    def export_data(self, fields_to_export):
        """Quote what others wrote that begins like a formula."""
        return quote_export(super().export_data(fields_to_export))

    # -- actions

    @one_deadline
    def action_push_again(self):
        """Have the levels pushed again at once, whatever EIM accepted or refused before."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        levels = self.sudo()
        levels._mark_unconfirmed("restated")
        accounts = levels.location_id.account_id
        if not all(account.state == "connected" for account in accounts):
            raise UserError(self.env._("The account is not connected. Press Connect first."))
        notification = accounts._run_flow("inventory")
        if len(levels) > 1 and (left := levels.filtered("unconfirmed")):
            told = self.env._("EIM took %(done)s of %(all)s levels.", done=len(levels - left), all=len(levels))
            notification["params"]["message"] = f"{told}\n{notification['params']['message']}"
        return notification

    def _mark_unconfirmed(self, cause=False):
        """Take EIM's quantity for unknown, so that the next pass states it again.

        :param cause: a key of ``CAUSES``, for the history; by default what the pass finds out
        """
        self.write({"unconfirmed": True, "next_try": False, "cause": cause})

    def _leave_alone(self):
        """Tell them no more by themselves what EIM gave no usable answer to, as if it had refused it."""
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """UPDATE extensiv_stock_level
                      SET unconfirmed = FALSE, next_try = NULL, refused_quantity = told_quantity, refused_at = %s
                    WHERE id = ANY (%s) AND next_try IS NOT NULL""",
                fields.Datetime.now(),
                self.ids,
            )
        )
        self.invalidate_recordset()

    @api.model
    def _retry(self, account, errors):
        """Have the refused levels that ``errors`` are about pushed again, now, and locations looked for again."""
        of_levels = errors.filtered(lambda error: error.res_model == self._name)
        self.browse(of_levels.mapped("res_id")).exists()._mark_unconfirmed()
        misplaced = errors.filtered(lambda error: error.key.endswith(READ_BACK))
        self.env["extensiv.location"].browse((misplaced - of_levels).mapped("res_id")).exists()._try_again()
        account._run_flow("inventory")

    # -- what a person decides about zeros

    @api.model
    def _confirm_zeros(self, account, pairs):
        """Note that a person confirmed that these levels may become zero; the safety stop does not hold them then.

        A confirmation is used up when EIM accepts a quantity of the level.

        :param pairs: iterable of (location id, SKU), of locations of ``account``
        """
        self._mark_pairs(account, pairs, SQL("zero_allowed"))

    @api.model
    def _ask_for_zeros(self, account, pairs):
        """Have EIM told zero once of these levels, whatever the rule of their products says.

        :param pairs: iterable of (location id, SKU), of locations of ``account``
        """
        self._mark_pairs(account, pairs, SQL("zero_asked"))

    @api.model
    def _set_zero(self, zeros):
        """Ask for zeros with the next push, and return what to tell the person who wants them.

        :param zeros: ``{account: [(location id, SKU)]}``
        :raise UserError: there is nothing to set to zero
        """
        zeros = {account: pairs for account, pairs in zeros.items() if pairs}
        if not zeros:
            raise UserError(
                self.env._(
                    "There is nothing to set to zero: no SKU that was told to EIM, or no location that is pushed."
                )
            )
        Account = self.env["extensiv.account"]
        for account, pairs in zeros.items():
            self._ask_for_zeros(account, pairs)
        trigger(self.env, "inventory", Account.union(*zeros))
        message = self.env._("EIM is told 0 of %s levels with the next push.", sum(map(len, zeros.values())))
        off = [account.name for account in zeros if account.state != "connected" or not account.push_inventory]
        if not off:
            return Account._notification(self.env._("Set to Zero at EIM"), message)
        by_hand = self.env._("Stock is not pushed by itself for %s: press Push Stock Now there.", ", ".join(off))
        return Account._notification(self.env._("Set to Zero at EIM"), f"{message} {by_hand}", "warning")

    @api.model
    def _mark_pairs(self, account, pairs, column):
        """Set the Boolean ``column`` of the levels of (location id, SKU) ``pairs``, made where they are not known."""
        pairs = sorted(set(pairs))
        if not pairs:
            return
        self.env["extensiv.location"].flush_model(["account_id", "company_id"])
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_stock_level (location_id, company_id, sku, unconfirmed, %(column)s)
               SELECT location.id, location.company_id, noted.sku, FALSE, TRUE
                 FROM unnest(%(locations)s::int[], %(skus)s::text[]) AS noted(location_id, sku)
                 JOIN extensiv_location AS location
                      ON location.id = noted.location_id AND location.account_id = %(account)s
                   ON CONFLICT (location_id, sku) DO UPDATE
                  SET %(column)s = TRUE, held_at = NULL, held_reason = NULL, next_try = NULL""",
                column=column,
                locations=[location for location, _sku in pairs],
                skus=[sku for _location, sku in pairs],
                account=account.id,
            )
        )
        self.invalidate_model()
