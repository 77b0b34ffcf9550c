from itertools import combinations, product

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..flows.deadline import one_deadline
from ..flows.level_warning import LevelWarning
from ..flows.read_back import address_of, say_waiting
from ..flows.stock_errors import StockErrors
from ..flows.stock_explanation import explain_level
from ..flows.stock_sources import find_sources, find_warehouses

# What decides which stock counts here.
MAPPING_FIELDS = ("source", "stock_location_id", "stock_location_ids", "excluded_location_ids")
# What names the location in a push, by one or another location key of the account.
ADDRESS_FIELDS = frozenset({"name", "remote_pk", "wms_warehouse_id", "wms_warehouse_name"})


class ExtensivLocation(models.Model):
    """A location of EIM ("warehouse" in its API), to which stock can be pushed."""

    _name = "extensiv.location"
    _inherit = ["extensiv.stock.trigger.mixin", "extensiv.mapping.mixin"]
    _description = "EIM Location"
    _order = "account_id, name, id"
    _check_company_auto = True
    _stock_trigger_fields = frozenset({"name", "push_enabled", "buffer_qty", *MAPPING_FIELDS})

    account_id = fields.Many2one(
        "extensiv.account",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env["extensiv.account"].search([], limit=1),
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    name = fields.Char(required=True, help="Exactly as EIM spells it: stock is pushed by this name.")
    remote_pk = fields.Char("EIM ID", readonly=True)
    wms_warehouse_id = fields.Char("WMS ID", readonly=True, help="By which EIM says that its WMS knows the location.")
    wms_warehouse_name = fields.Char("WMS Name", readonly=True)
    push_enabled = fields.Boolean(
        "Push Stock",
        tracking=True,
        help="On: EIM is told this location's stock. Off: EIM keeps the levels it was told last.",
    )
    source = fields.Selection(
        [("single", "One location"), ("chosen", "Chosen locations"), ("all", "All warehouses")],
        "Stock From",
        required=True,
        default="single",
        tracking=True,
        help="One location of Odoo with everything in it, several of them, or all internal locations of the company's "
        "warehouses.",
    )
    stock_location_id = fields.Many2one(
        "stock.location",
        check_company=True,
        tracking=True,
        domain="[('usage', '=', 'internal')]",
        ondelete="restrict",
        help="The location of Odoo, children included, that this location of EIM stands for. Orders that EIM "
        "assigns to it are delivered from its warehouse.",
    )
    proposed_location_id = fields.Many2one("stock.location", "Proposed", readonly=True, copy=False)
    stock_location_ids = fields.Many2many(
        "stock.location",
        "extensiv_location_chosen_rel",
        string="Stock Locations",
        check_company=True,
        tracking=True,
        domain="[('usage', '=', 'internal')]",
        context={"active_test": False},
        ondelete="restrict",
        help="The locations of Odoo, children included, whose stock counts here, each once. Where they lie in one "
        "warehouse, orders that EIM assigns to this location are delivered from it.",
    )
    excluded_location_ids = fields.Many2many(
        "stock.location",
        "extensiv_location_excluded_rel",
        string="Without",
        check_company=True,
        tracking=True,
        domain="[('usage', '=', 'internal')]",
        context={"active_test": False},
        help="Locations of Odoo that never sell, for damaged goods or a quarantine: what lies in them or below them "
        "does not count here.",
    )
    buffer_qty = fields.Float(
        "Buffer",
        digits="Product Unit",
        tracking=True,
        help="Kept back of every SKU here, in the product's unit, beside the buffers of the account and the product.",
    )
    pushed_at = fields.Datetime("Last Pushed", compute="_compute_pushed_at", help="When EIM last accepted a level.")
    zeros_read_at = fields.Datetime(readonly=True, help="When EIM was asked last what of the waiting zeros it holds.")
    compared_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="As of when a run left nothing to tell of the stock here, but zeros that wait for a person.",
    )
    compared_move_id = fields.Integer(readonly=True, copy=False, help="The newest stock move then.")
    turn_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When a run that ended before all was pushed began with this location: the next begins with another.",
    )
    restated_at = fields.Datetime(
        "Told Again",
        readonly=True,
        copy=False,
        help="When EIM was told again last what it accepted longest ago: a part of it every hour, all within a week.",
    )
    above_zero_count = fields.Integer(readonly=True, help="How many SKUs were above zero then.")
    read_back_state = fields.Selection(
        [
            ("to_check", "To Be Proven"),
            ("assumed", "To Be Looked At"),
            ("waiting", "Looked For at EIM"),
            ("proven", "Proven"),
            ("confirmed", "Confirmed by a Person"),
            ("refused", "Waits for a Person"),
        ],
        "Read Back",
        default="to_check",
        required=True,
        readonly=True,
        copy=False,
        help="The first level pushed here is read back: EIM must show this location for its SKU. Until then nothing "
        "more is pushed, but where levels were accepted before this was looked at.",
    )
    read_back_at = fields.Datetime("Looked For Again", readonly=True, copy=False)
    read_back = fields.Json("Read Back of", readonly=True, copy=False)
    can_push_nevertheless = fields.Boolean(compute="_compute_can_push_nevertheless")
    warning = fields.Text(compute="_compute_warning")
    example_product_id = fields.Many2one(
        "product.product",
        "Example",
        store=False,
        domain="[('type', '!=', 'service')]",
        help="Choose a product to see what would be pushed of it, and how that is made up.",
    )
    example = fields.Html("What Would Be Pushed", compute="_compute_example", sanitize=False)
    level_preview = fields.Html("What Would Change", store=False, readonly=True, sanitize=False)

    _name_unique = models.Constraint("UNIQUE(account_id, name)", "This location exists already.")
    _stock_location_needed = models.Constraint(
        "CHECK(NOT push_enabled OR source <> 'single' OR stock_location_id IS NOT NULL)",
        "Choose the location of Odoo whose stock is to be pushed.",
    )
    _buffer_qty_positive = models.Constraint("CHECK(buffer_qty >= 0)", "The buffer cannot be negative.")

    @api.constrains("push_enabled", "source", "stock_location_ids")
    def _check_chosen(self):
        if self.filtered(lambda each: each.push_enabled and each.source == "chosen" and not each.stock_location_ids):
            raise ValidationError(self.env._("Choose the locations of Odoo whose stock is to be pushed."))

    def write(self, vals):
        """Begin anew under another name: for EIM that is another location."""
        known = {} if ADDRESS_FIELDS.isdisjoint(vals) else {each: (each.name, address_of(each)) for each in self}
        result = super().write(vals)
        self.browse(each.id for each, named in known.items() if named != (each.name, address_of(each)))._begin_anew()
        return result

    def _begin_anew(self):
        """Have everything told again, and the first level read back: EIM is told another location from now on."""
        Level = self.env["extensiv.stock.level"].sudo()
        for account, locations in self.grouped("account_id").items():
            StockErrors(account.sudo()).close_of(locations.ids)
            # What EIM holds there is not what it accepted before.
            Level.search([("location_id", "in", locations.ids)]).write(
                {"unconfirmed": True, "pushed_at": False, "quantity": 0, "told_quantity": 0, "held_at": False}
            )
            locations._read_back_anew()

    def _read_back_anew(self):
        """Have one level pushed and read back before any other."""
        self.sudo().write({"read_back_state": "to_check", "read_back_at": False, "read_back": False})

    def _forget_address(self):
        """Begin anew at another account of EIM's, where a location of the same name is another and has other IDs."""
        self.sudo().write({"remote_pk": False, "wms_warehouse_id": False, "wms_warehouse_name": False})
        self._begin_anew()

    def _try_again(self):
        """Have one level pushed once more, and read back; one that was pushed to before is looked for at once."""
        assumed = self.sudo().filtered(lambda location: location.read_back_state == "assumed")
        assumed.read_back_at = fields.Datetime.now()
        (self.sudo() - assumed).write({"read_back_state": "to_check", "read_back_at": False})

    def _check_unmapped(self):
        """Refuse another company while locations are mapped: its stock is another, and all of it would become zero.

        :raise ValidationError: some are
        """
        for account, locations in self.grouped("account_id").items():
            if mapped := locations.filtered(lambda location: location._stock_roots() or location.push_enabled):
                raise ValidationError(
                    self.env._(
                        "%(account)s belongs to %(company)s, whose stock its locations %(locations)s are mapped to. "
                        "Switch Push Stock off on them and empty their location of Odoo first; then change the "
                        "company, and map them anew.",
                        account=account.name,
                        company=account.company_id.name,
                        locations=", ".join(mapped.mapped("name")),
                    )
                )

    # -- actions

    def action_set_zero(self):
        """Have EIM told zero of every level that it was told of these locations, whose stock is not pushed any more.

        :raise UserError: stock is pushed to one, so that the zeros would not stay
        """
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        if pushed := self.filtered("push_enabled"):
            raise UserError(
                self.env._(
                    "Stock is pushed to %(locations)s: the zeros would not stay. Switch Push Stock off there first; "
                    "then press Set to Zero at EIM.",
                    locations=", ".join(pushed.mapped("name")),
                )
            )
        Level = self.env["extensiv.stock.level"].sudo()
        return Level._set_zero(
            {
                account: [
                    (level.location_id.id, level.sku)
                    for level in Level.search_fetch(
                        Domain("location_id", "in", locations.ids)
                        & (Domain("pushed_at", "!=", False) | Domain("unconfirmed", "=", True)),
                        ["location_id", "sku"],
                    )
                ]
                for account, locations in self.grouped("account_id").items()
            }
        )

    @one_deadline
    def action_push_nevertheless(self):
        """Push to locations that EIM does not show, because a person says that they are right.

        :raise UserError: the account is not connected
        """
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        locations = self.filtered("can_push_nevertheless")
        if not locations:
            raise UserError(self.env._("Nothing keeps stock from being pushed here."))
        locations.sudo().write({"read_back_state": "confirmed", "read_back_at": False, "read_back": False})
        for account, confirmed in locations.grouped("account_id").items():
            StockErrors(account.sudo()).close_read_back(confirmed)
            account.sudo()._message_log(
                body=self.env._(
                    "%s: stock is pushed, though EIM does not show the location.", ", ".join(confirmed.mapped("name"))
                ),
                author_id=self.env.user.partner_id.id,
            )
            account.sudo()._remind_responsible()
        return locations.account_id._run_flow("inventory")

    @one_deadline
    def action_preview_stock(self):
        """Show EIM's levels of this location beside what would be pushed, also while Push Stock is off."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        mapped = self.filtered(lambda location: location._is_mapped())
        return self.account_id._preview_stock(mapped)

    # -- what people see

    @api.depends("read_back_state", "read_back_at")
    def _compute_can_push_nevertheless(self):
        for location in self:
            state = location.read_back_state
            location.can_push_nevertheless = state in ("waiting", "refused") or (
                state == "assumed" and bool(location.read_back_at)
            )

    def _compute_pushed_at(self):
        # One look into the index for each: a location may have a hundred thousand levels.
        last = dict(
            self.env.execute_query(
                SQL(
                    """SELECT location.id,
                              (SELECT MAX(pushed_at) FROM extensiv_stock_level WHERE location_id = location.id)
                         FROM unnest(%s::int[]) AS location(id)""",
                    self._origin.ids,
                )
            )
        )
        for location in self:
            location.pushed_at = last.get(location._origin.id)

    @api.depends("push_enabled", *MAPPING_FIELDS, "read_back_state", "read_back_at", "account_id.quantity_basis")
    def _compute_warning(self):
        for location in self:
            others = location.account_id.location_ids.filtered(lambda other, own=location: other._origin != own._origin)
            location.warning = "\n".join(location._waiting_warnings() + location._warnings(others)) or False

    @api.depends("account_id", "example_product_id", "buffer_qty", *MAPPING_FIELDS)
    def _compute_example(self):
        for location in self:
            example = location.example_product_id._origin
            location.example = (
                self.env["ir.qweb"]._render(
                    "extensiv_connector.stock_example",
                    {
                        "explained": explain_level(location, example),
                        "history": self.env["extensiv.stock.history"]._latest(location, example),
                    },
                )
                if example and location.account_id
                else False
            )

    @api.onchange("push_enabled", "buffer_qty", *MAPPING_FIELDS)
    def _onchange_mapping(self):
        """Warn before a mapping changes many levels. EIM is not asked: what it accepted last is what is known."""
        account = self.account_id
        if not (self.push_enabled and account.push_inventory and account.state == "connected"):
            return None
        if not self._is_mapped():
            return None
        levels = LevelWarning(account, self)
        warning = levels.of_settings()
        self.level_preview = warning and levels.largest_changes()
        return warning

    def _warnings(self, others=None):
        """Return sentences on stock that is counted twice, and on warehouses that do not reserve at once.

        :param others: enabled locations to compare with; without, these are compared with each other
        """
        enabled = self.filtered("push_enabled")
        if others is None:
            pairs = list(combinations(enabled, 2))
        else:
            pairs = list(product(enabled, others.filtered("push_enabled")))
        places = (enabled.union(*(other for _one, other in pairs)))._places() if pairs else {}
        warnings = [
            self.env._(
                "%(one)s and %(other)s both count the stock of %(location)s. A cart that adds up its locations will "
                "offer it twice.",
                one=one.name,
                other=other.name,
                location=self.env._("all warehouses")
                if one.source == other.source == "all"
                else self.env["stock.location"].sudo().browse(common).sorted("parent_path")[0].display_name,
            )
            for one, other in pairs
            if (common := places.get(one, set()) & places.get(other, set()))
        ]
        warnings += [
            self.env._(
                "%(warehouse)s does not reserve when an order is confirmed (%(operation)s): until it does, the goods "
                "of confirmed orders are still offered.",
                warehouse=warehouse.display_name,
                operation=operation.name,
            )
            for warehouse, operation in enabled._not_reserving()
        ]
        return warnings

    def _waiting_warnings(self):
        """Return a sentence on each of these to which nothing is pushed, because EIM does not show it."""
        return [
            say_waiting(location)
            for location in self
            if location.push_enabled and location.read_back_state in ("waiting", "refused")
        ]

    def _not_reserving(self):
        """Return ``[(warehouse, operation type)]`` of what feeds these and does not reserve at confirmation.

        What can be promised is less by what confirmed orders lack, whenever it is reserved.
        """
        counted = self.filtered(lambda location: location.account_id.quantity_basis != "promise")
        if "all" in counted.mapped("source"):
            warehouses = self.env["stock.warehouse"].search([("company_id", "in", counted.account_id.company_id.ids)])
        else:
            warehouses = self.env["stock.warehouse"].union(*counted._warehouses_by_path().values())
        found = []
        for warehouse in warehouses.sudo():
            operation = warehouse.out_type_id if warehouse.delivery_steps == "ship_only" else warehouse.pick_type_id
            if operation.reservation_method != "at_confirm":
                found.append((warehouse, operation))
        return found

    # -- which stock of Odoo counts

    def _is_mapped(self):
        """Whether something of Odoo stands for this location."""
        self.ensure_one()
        return self.source == "all" or bool(self._stock_roots())

    def _stock_roots(self):
        """Return the locations of Odoo that count here with all that lies below them; none for all warehouses."""
        self.ensure_one()
        if self.source == "chosen":
            return self.stock_location_ids
        return self.stock_location_id if self.source == "single" else self.stock_location_id.browse()

    def _places(self):
        """Return ``{location: IDs of the locations of Odoo whose stock counts there}``, as these stand in a form."""
        return {
            location: set(source.location_ids)
            for account, locations in self.grouped("account_id").items()
            if account
            for location, source in zip(locations, find_sources(account.sudo(), locations), strict=True)
        }

    def _warehouses_by_path(self):
        """Return ``{location: the warehouses in which it counts stock}``, by where that lies now."""
        roots = {location: location._stock_roots() or location.stock_location_id for location in self}
        found = find_warehouses(self.env, self.env["stock.location"].union(*roots.values())._origin.ids)
        return {
            location: self.env["stock.warehouse"].browse(
                dict.fromkeys(found[root] for root in of_one._origin.ids if root in found)
            )
            for location, of_one in roots.items()
        }

    # -- EIM's quantities

    @one_deadline
    def action_take_quantities(self):
        """Read EIM's levels of this location and show which counts they would be in Odoo."""
        self.ensure_one()
        self.check_access("read")
        self.account_id._check_manager()
        self._check_one_place()
        return self.env["extensiv.take.quantities"]._make(self)

    def _check_one_place(self):
        """:raise UserError: this stands for no one location of Odoo, in which EIM's quantities could lie"""
        if self.source != "single":
            raise UserError(
                self.env._(
                    "%s takes its stock from several locations, so nobody can say in which of them EIM's quantities "
                    "lie. Set Stock From to One location, choose where these goods are, take the quantities, and set "
                    "it back.",
                    self.name,
                )
            )
        if not self.stock_location_id:
            raise UserError(
                self.env._(
                    "Choose the location of Odoo that %s stands for and save: EIM's quantities are counted there.",
                    self.name,
                )
            )

    # -- what flows call

    def _warehouses(self, account):
        """Return ``{name or EIM ID: warehouse}`` of the locations whose orders belong to one warehouse."""
        warehouses = {}
        for location, found in self._warehouses_by_path().items():
            if len(found) == 1 and found.company_id == account.company_id:
                warehouses.update({key: found for key in (location.name, location.remote_pk) if key})
        return warehouses

    @api.model
    def _sync_from_eim(self, account, locations):
        """Add EIM's locations that are not known yet; known ones keep their mapping.

        :param locations: ``eim.wire.Location`` objects
        :return: the new locations
        """
        Location = self.env["extensiv.location"].sudo()
        known = {location.name: location for location in Location.search([("account_id", "=", account.id)])}
        vals_list = []
        for location in locations:
            vals = {
                "remote_pk": location.remote_pk,
                "wms_warehouse_id": location.wms_warehouse_id,
                "wms_warehouse_name": location.wms_warehouse_name,
            }
            vals = {name: value for name, value in vals.items() if value}
            if location.name in known:
                changed = {name: value for name, value in vals.items() if known[location.name][name] != value}
                if changed:
                    known[location.name].write(changed)
            else:
                known[location.name] = Location
                vals_list.append({"account_id": account.id, "name": location.name, **vals})
        return Location.create(vals_list)
