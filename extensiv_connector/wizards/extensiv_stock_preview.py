from itertools import product as pairs_of

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..flows.deadline import deadline_of, one_deadline
from ..flows.inventory_reading import InventoryReading, read_inventory
from ..flows.languages import all_translated, translated
from ..flows.stock_preview import StockPreview, is_alarming
from ..flows.stock_sources import find_sources

# So many SKUs are named in a sentence.
LISTED_SKUS = 30
# What the wizard itself lists; All Stock Levels lists the others, too.
SHOWN = 200


class ExtensivStockPreview(models.TransientModel):
    """EIM's levels beside what would be pushed, looked at before anything is; the last word before going live."""

    _name = "extensiv.stock.preview"
    _description = "Preview of Stock Levels"
    _rec_name = "account_id"
    _transient_max_hours = 24

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    is_going_live = fields.Boolean(readonly=True)
    read_count = fields.Integer("SKUs Read", readonly=True, help="How many SKUs EIM's stock list has.")
    is_complete = fields.Boolean(readonly=True, default=True)
    note = fields.Text(readonly=True)
    location_ids = fields.One2many("extensiv.stock.preview.location", "preview_id", "Locations", readonly=True)
    line_ids = fields.One2many(
        "extensiv.stock.preview.line",
        "preview_id",
        "Levels",
        domain=[("rank", "<=", SHOWN)],
        readonly=True,
    )
    product_ids = fields.One2many("extensiv.stock.preview.product", "preview_id", "Products to Decide About")
    line_count = fields.Integer("All Stock Levels", readonly=True)
    zero_count = fields.Integer("Would Become 0", compute="_compute_zeros")
    is_alarming = fields.Boolean(compute="_compute_zeros")
    summary = fields.Char(compute="_compute_zeros")
    confirmation = fields.Char(compute="_compute_zeros")
    understood = fields.Boolean(help="Go Live asks for it where a third or more of EIM's SKUs would become 0.")

    @api.depends("location_ids", "product_ids.leave_alone")
    def _compute_zeros(self):
        for preview in self:
            places = preview.location_ids
            pushed = preview.product_ids.filtered(lambda product: not product.leave_alone)
            kept = preview.product_ids - pushed
            above = sum(places.mapped("above_count"))
            zeros = sum(places.mapped("zero_count")) + sum(pushed.mapped("left_count")) - sum(kept.mapped("zero_count"))
            preview.zero_count = zeros
            preview.is_alarming = is_alarming(zeros, above) or bool(zeros) and any(places.mapped("is_alarming"))
            counts = {"zeros": zeros, "all": above}
            preview.summary = (
                self.env._("%(zeros)s of %(all)s SKUs would become 0.", **counts)
                if len(places) < 2
                else self.env._("%(zeros)s of %(all)s stock levels would become 0, all locations together.", **counts)
            )
            preview.confirmation = (
                self.env._("I understand: %s SKUs become 0 in all carts.", zeros)
                if len(places) < 2
                else self.env._("I understand: %s levels become 0 in all carts.", zeros)
            )

    @api.onchange("product_ids")
    def _onchange_product_ids(self):
        """Ask again: the number that was confirmed is another now."""
        self.understood = False

    # -- making it

    @api.model
    def _make(self, account, locations=None, is_going_live=False):
        """Read EIM's inventory and lay it beside what would be pushed.

        :param locations: these ``extensiv.location`` alone, enabled or not; without, every enabled one
        :raise UserError: EIM could not be asked
        """
        reading, refusal = self._read_inventory(account)
        self.env["extensiv.known.sku"].sudo()._note(account, reading.items, "list")
        shown = StockPreview(account, None if locations is None else find_sources(account, locations.sudo()))
        shown.reading = reading
        shown.find_undecided()
        preview = self.create(
            {
                "account_id": account.id,
                "is_going_live": is_going_live,
                "read_count": len(reading.items),
                "is_complete": reading.is_complete,
                "note": "\n".join(self._notes(shown, refusal)) or False,
            }
        )
        preview._fill(shown)
        return preview

    @api.model
    def _read_inventory(self, account):
        """Return EIM's inventory, and the words in which EIM refused to list any.

        What the request has no time to read counts as above zero.

        :raise UserError: EIM could not be asked
        """
        with account.sudo()._asking_eim() as client:
            try:
                return read_inventory(client, deadline_of(self.env).last_call_at), ""
            except eim.Refused as error:
                return InventoryReading(), translated(self.env, error)

    @api.model
    def _notes(self, shown, refusal):
        """Return sentences on what is not known or left out.

        :param shown: a ``StockPreview``
        :param refusal: the words in which EIM refused to list its inventory
        """
        notes = []
        if refusal:
            notes.append(self.env._("EIM does not list its stock (%s), so what it has is not known.", refusal))
        elif not shown.reading.is_complete:
            notes.append(
                self.env._(
                    "EIM limits the calls: the first %(count)s SKUs were read. Of the others EIM's quantity is not "
                    "known, and each that would be pushed as 0 counts as becoming 0.",
                    count=len(shown.reading.items),
                )
            )
        if shown.placeless:
            notes.append(
                self.env._(
                    "No place of Odoo is counted for %s, so nothing is pushed there. Choose another location of Odoo.",
                    ", ".join(self.env["extensiv.location"].browse(shown.placeless).mapped("name")),
                )
            )
        if late := shown.find_due_later():
            notes.append(
                self.env._(
                    "%(count)s SKUs are 0 only because of orders and transfers due later than tomorrow: %(skus)s. If "
                    "their goods arrive in time, set Only What Is Due Within on the account, page Stock.",
                    count=len(late),
                    skus=self._listed(late),
                )
            )
        return notes + all_translated(self.env, shown.reading.unreadable)

    @api.model
    def _listed(self, skus):
        """Return SKUs as one text, the first of them by name."""
        names = ", ".join(skus[:LISTED_SKUS])
        more = len(skus) - LISTED_SKUS
        return self.env._("%(skus)s and %(count)s more", skus=names, count=more) if more > 0 else names

    def _fill(self, shown):
        """Write what was compared: each location's counts, every level, and the products to decide about."""
        shown.store(self)
        Line = self.env["extensiv.stock.preview.line"]
        self.sudo().write(
            {
                "line_count": Line.sudo().search_count([("preview_id", "=", self.id)]),
                "location_ids": [
                    fields.Command.create(
                        {
                            "location_id": location,
                            **{f"{name}_count": value for name, value in vars(counts).items()},
                        }
                    )
                    for location, counts in shown.counts().items()
                ],
                "product_ids": [fields.Command.create(vals) for vals in self._prepare_products_vals(shown.undecided)],
            }
        )

    def _prepare_products_vals(self, products):
        """Return the values of the products to decide about, with what EIM has of them."""
        found = {
            (product, state): (levels, at_eim)
            for product, state, levels, at_eim in self.env["extensiv.stock.preview.line"]
            .sudo()
            ._read_group(
                [
                    ("preview_id", "=", self.id),
                    ("product_id", "in", products.ids),
                    "|",
                    ("state", "=", "zero"),
                    "&",
                    ("state", "=", "left"),
                    ("at_eim", ">", 0),
                ],
                ["product_id", "state"],
                ["__count", "at_eim:sum"],
            )
        }
        vals_list = []
        for product in products:
            zeros, at_eim = found.get((product, "zero"), (0, 0))
            left, at_eim_too = found.get((product, "left"), (0, 0))
            vals_list.append(
                {
                    "product_id": product.id,
                    "sku": product.default_code,
                    "zero_count": zeros,
                    "left_count": left,
                    "at_eim": at_eim + at_eim_too,
                }
            )
        return vals_list

    def _needs_answer(self):
        """Whether a person has to decide something before the account goes live."""
        return self.is_alarming or bool(self.product_ids)

    def _open(self):
        self.ensure_one()
        return self._get_records_action(
            name=self.env._("Before Going Live") if self.is_going_live else self.env._("Preview of Stock Levels"),
            target="new",
        )

    # -- actions

    def action_show_lines(self):
        """List every level that was compared, to search in."""
        self.ensure_one()
        self.check_access("read")
        self.account_id.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_stock_preview_line_action")
        return {**action, "domain": [("preview_id", "=", self.id)]}

    @one_deadline
    def action_go_live(self):
        """Go live with what is shown: what was decided about products, and the zeros that were confirmed.

        :raise UserError: a third or more would become 0 and nobody ticked it, or something stands in the way
        """
        self.ensure_one()
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        account = self.account_id
        account.check_access("write")
        if self.is_alarming and not self.understood:
            raise UserError(
                self.env._(
                    "%(zeros)s SKUs would become 0 in all carts. Tick “I understand” to go live all the same, or "
                    "count the stock in Odoo first: Take EIM's Quantities.",
                    zeros=self.zero_count,
                )
            )
        account._check_before_live()
        self._decide()
        self.env["extensiv.stock.level"].sudo()._confirm_zeros(account, self._confirmed_pairs())
        return account._go_live()

    def _decide(self):
        """Write what was decided about each product: left alone or pushed."""
        kept = self.product_ids.filtered("leave_alone")
        kept.product_id.sudo().write({"extensiv_stock_rule": "leave"})
        (self.product_ids - kept).product_id.sudo().write({"extensiv_stock_rule": "push"})

    def _confirmed_pairs(self):
        """Return ``{(location id, SKU)}`` of the levels shown as becoming zero."""
        kept = self.product_ids.filtered("leave_alone").product_id
        pushed = self.product_ids.product_id - kept
        lines = self.env["extensiv.stock.preview.line"].search_fetch(
            [("preview_id", "=", self.id), ("state", "=", "zero"), ("product_id", "not in", kept.ids)],
            ["location_id", "sku"],
        )
        aliases = self.env["extensiv.sku.alias"].search(
            [("account_id", "=", self.account_id.id), ("product_id", "in", pushed.ids)]
        )
        skus = [*filter(None, pushed.mapped("default_code")), *aliases.mapped("sku")]
        places = self.location_ids.location_id.ids
        return {(line.location_id.id, line.sku) for line in lines} | set(pairs_of(places, skus))


class ExtensivStockPreviewLocation(models.TransientModel):
    """What would become of the levels of one location."""

    _name = "extensiv.stock.preview.location"
    _description = "Preview of a Location's Levels"
    _order = "id"
    _transient_max_hours = 24

    preview_id = fields.Many2one("extensiv.stock.preview", required=True, index=True, ondelete="cascade")
    location_id = fields.Many2one("extensiv.location", required=True, readonly=True, ondelete="cascade")
    above_count = fields.Integer(
        "Above 0 at EIM", readonly=True, help="SKUs; one whose quantity at EIM is not known counts as above 0."
    )
    zero_count = fields.Integer("Would Become 0", readonly=True)
    unknown_zero_count = fields.Integer(
        "Of Them Not Read", readonly=True, help="Would be pushed as 0, and what EIM has of them is not known."
    )
    changed_count = fields.Integer("Would Change", readonly=True, help="To another quantity above 0.")
    first_count = fields.Integer("New at EIM", readonly=True, help="Levels that EIM does not have, as far as is known.")
    unknown_count = fields.Integer("Not Read", readonly=True, help="Would be pushed, and what EIM has is not known.")
    same_count = fields.Integer("Stay", readonly=True)
    foreign_count = fields.Integer("Only at EIM", readonly=True, help="No product here has the SKU: not touched.")
    left_count = fields.Integer(
        "Left Alone", readonly=True, help="Not touched because of the setting of the product, or of the account."
    )
    is_alarming = fields.Boolean(compute="_compute_is_alarming")
    summary = fields.Char("In a Word", compute="_compute_is_alarming")

    @api.depends("zero_count", "above_count")
    def _compute_is_alarming(self):
        for line in self:
            line.is_alarming = is_alarming(line.zero_count, line.above_count)
            line.summary = self.env._(
                "%(zeros)s of %(all)s SKUs would become 0", zeros=line.zero_count, all=line.above_count
            )

    @one_deadline
    def action_take_quantities(self):
        """Take EIM's levels of this location as a proposed count in Odoo: the other way out."""
        self.ensure_one()
        self.check_access("read")
        self.env["extensiv.error"]._check_user()
        self.location_id.check_access("read")
        return self.location_id.action_take_quantities()


class ExtensivStockPreviewLine(models.TransientModel):
    """One level: what EIM has, what it accepted and what it would be told. Written by the hundred thousand in SQL."""

    _name = "extensiv.stock.preview.line"
    _description = "Previewed Stock Level"
    _order = "rank, id"
    _rec_name = "sku"
    _transient_max_hours = 24

    preview_id = fields.Many2one("extensiv.stock.preview", required=True, index=True, ondelete="cascade")
    rank = fields.Integer(readonly=True, aggregator=None)
    location_id = fields.Many2one("extensiv.location", required=True, readonly=True, ondelete="cascade")
    sku = fields.Char("SKU", required=True, readonly=True)
    product_id = fields.Many2one("product.product", readonly=True, ondelete="cascade")
    is_listed = fields.Boolean(readonly=True)
    at_eim = fields.Integer("At EIM", readonly=True, help="Empty: EIM has no such level, or it was not read.")
    accepted = fields.Integer("Accepted Last", readonly=True, help="What EIM accepted from here last.")
    quantity = fields.Integer("Would Be Pushed", readonly=True, help="Whole units. Empty: nothing is pushed.")
    change = fields.Integer(readonly=True)
    state = fields.Selection(
        [
            ("zero", "Becomes 0"),
            ("changed", "Changes"),
            ("first", "New at EIM"),
            ("same", "Stays"),
            ("left", "Left alone"),
            ("shared", "Several products"),
            ("foreign", "Only at EIM"),
        ],
        "What Happens",
        readonly=True,
    )


class ExtensivStockPreviewProduct(models.TransientModel):
    """A product without stock that comes from the vendor or is made to order, for a person to decide about."""

    _name = "extensiv.stock.preview.product"
    _description = "Product to Leave Alone or to Push"
    _order = "id"
    _transient_max_hours = 24

    preview_id = fields.Many2one("extensiv.stock.preview", required=True, index=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, readonly=True, ondelete="cascade")
    sku = fields.Char("SKU", readonly=True)
    at_eim = fields.Integer("At EIM", readonly=True)
    zero_count = fields.Integer(readonly=True, help="Levels that become 0 unless the product is left alone.")
    left_count = fields.Integer(readonly=True, help="Levels that become 0 once the product is pushed.")
    leave_alone = fields.Boolean(
        default=True,
        help="EIM's quantity of it is not touched. Unticked: its stock is pushed, also while it is 0.",
    )
