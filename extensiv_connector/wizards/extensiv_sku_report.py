import base64
import csv
import io
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..eim import errors as eim
from ..flows.deadline import deadline_of, one_deadline
from ..flows.inventory_reading import read_inventory
from ..flows.languages import figure
from ..flows.runner import release_locks
from ..flows.sku_feed import find_fed
from ..flows.sku_learning import learn_skus
from ..flows.spreadsheet import quote, quote_export
from ..flows.waiting_orders import find_waiting_skus, read_new_orders

STATES = [
    ("matched", "Matched"),
    ("orders_only", "Orders Only"),
    ("eim_only", "Only at EIM"),
    ("odoo_only", "Only here"),
    ("double", "Double"),
]
# Of what a request has, kept for the orders that wait; what is not read by then is said to be missing.
ORDERS_SECONDS = 10
# Products that one click creates where all are asked for.
MOST_CREATED = 500
# As Odoo's own import of products wants them.
TEMPLATE_COLUMNS = ("id", "name", "default_code")


class ExtensivSkuReport(models.TransientModel):
    """EIM's SKUs beside the products here: which match, which are only on one side, which are double."""

    _name = "extensiv.sku.report"
    _description = "EIM SKU Report"
    _transient_max_hours = 24

    account_id = fields.Many2one("extensiv.account", required=True, ondelete="cascade")
    line_ids = fields.One2many("extensiv.sku.report.line", "report_id")
    is_complete = fields.Boolean(default=True)
    is_orders_complete = fields.Boolean("All Waiting Orders", default=True)
    read_count = fields.Integer("SKUs Read")
    template_file = fields.Binary(compute="_compute_template_file")

    @api.model
    def _make(self, account):
        """Read EIM's inventory, learn from it, compare, and return the action that shows the lines."""
        return self._compare(account)._open()

    @api.model
    def _create_missing(self, account):
        """Compare, create the products of the SKUs that EIM alone knows, and return the notification of how many."""
        report = self._compare(account)
        alone = report.line_ids.filtered(lambda line: line.state == "eim_only")
        lines = alone._creatable()
        created = lines[:MOST_CREATED]
        if created:
            created.action_create_product()
        said = [self.env._("Products created, named as EIM names them: %s.", len(created))]
        if not alone:
            said = [self.env._("No product is missing: each SKU of EIM has one here.")]
        if later := lines - created:
            said.append(self.env._("Still missing, so press the button again: %s.", len(later)))
        if other := alone - lines:
            said.append(self.env._("SKUs that a person looks at, under Compare SKUs: %s.", len(other)))
        if not report.is_complete:
            said.append(self.env._("Only the first %s SKUs of EIM were read.", report.read_count))
        kind = "warning" if later or other or not report.is_complete else "success"
        return account._notification(self.env._("Products"), " ".join(said), kind)

    @api.model
    def _compare(self, account):
        """Read EIM's inventory, learn from it, and return what it and the products here are beside each other."""
        end = deadline_of(self.env).last_call_at
        with account._asking_eim() as client:
            reading = read_inventory(client, end - ORDERS_SECONDS)
            orders, is_orders_complete = read_new_orders(client, end, account.import_from or None)
        report = self.create(
            {
                "account_id": account.id,
                "is_complete": reading.is_complete,
                "is_orders_complete": is_orders_complete,
                "read_count": len(reading.items),
            }
        )
        waiting = find_waiting_skus(self.env, account, orders)
        matches = report._match(reading.items, waiting)
        learn_skus(account.sudo(), {sku: match for sku, match in matches.items() if sku in reading.items}, "list")
        learn_skus(account.sudo(), {sku: match for sku, match in matches.items() if sku not in reading.items}, "order")
        self.env["extensiv.sku.report.line"].create(report._prepare_lines_vals(reading.items, waiting, matches))
        return report

    def _match(self, items, waiting):
        """Return ``{SKU: Match}`` of what EIM's inventory lists and of what orders wait for."""
        codes = {sku: set(wait.codes) for sku, wait in waiting.items()}
        for sku, item in items.items():
            codes.setdefault(sku, set()).update(alias.code for alias in item.aliases)
        return self.env["product.product"]._extensiv_match(self.account_id, codes)

    def _prepare_lines_vals(self, items, waiting, matches):
        """Return the values of the lines: one for each SKU of EIM, one for each product that none of them is.

        :param items: ``{SKU: eim.wire.InventoryItem}``
        :param waiting: ``{SKU: WaitingSku}``; SKUs that EIM's inventory does not list are lines of their own, too
        :param matches: ``{SKU: Match}`` of both
        """
        account = self.account_id
        ours = self._products(account)
        references = Counter(filter(None, ours.mapped("default_code")))
        doubles = {product.id for match in matches.values() if len(match.found) > 1 for product in match.found}
        matched = {match.product.id for match in matches.values() if match.product}
        fed = find_fed(account, matches)
        vals_list = [
            self._prepare_sku_vals(sku, match, items.get(sku), waiting.get(sku), fed.get(sku))
            for sku, match in matches.items()
        ]
        for product in ours:
            # A SKU whose products are double is listed once for EIM and once for each of them.
            if product.id in matched:
                continue
            double = product.id in doubles or references[product.default_code] > 1
            vals_list.append(
                {
                    "report_id": self.id,
                    "state": "double" if double else "odoo_only",
                    "sku": product.default_code,
                    "product_id": product.id,
                    "message": self.env._("Several products have this internal reference.")
                    if double
                    else self._say_rule(product)
                    if product.default_code
                    else self.env._("The product has no internal reference."),
                }
            )
        self._add_quantities(vals_list)
        return vals_list

    def _prepare_sku_vals(self, sku, match, item, wait, fed):
        """Return the values of the line of a SKU that EIM's inventory lists, that orders wait for, or both.

        :param fed: id of the product whose stock is pushed under the SKU, or None
        """
        state = "double" if len(match.found) > 1 else "eim_only"
        if match.product:
            state = self._state_of(match.product, fed)
        message = match.problem
        if not item:
            unlisted = self.env._("Orders ask for it, and EIM's stock list does not have it.")
            message = "\n".join(filter(None, (message, unlisted)))
        if match.product:
            message = "\n".join(filter(None, (message, *self._say_match(sku, match, state))))
        # The product whose SKU is spelt nearly so is offered as the alias; a person decides.
        probable = match.product.id if match.product else self.env["extensiv.add.alias"]._probable_product(match)
        return {
            "report_id": self.id,
            "state": state,
            "sku": sku,
            "eim_quantity": float(item.qty_available or 0) if item else 0,
            "is_listed": bool(item),
            "waiting_count": len(wait.order_refs) if wait else 0,
            "product_id": probable,
            "message": message or False,
        }

    @api.model
    def _state_of(self, product, fed):
        """Return whether a SKU is matched both ways, orders and levels, or finds its product in orders only."""
        return "matched" if product.id == fed else "orders_only"

    @api.model
    def _say_match(self, sku, match, state):
        """Return sentences on how the product of a SKU was found, and on what is pushed of it."""
        kinds = dict(self.env["extensiv.sku.alias"]._fields["code_kind"]._description_selection(self.env))
        product = match.product
        sentences = []
        if match.is_by_other_code(sku):
            sentences.append(
                self.env._("%(kind)s %(code)s: kept as an alias.", kind=kinds[match.kind], code=match.code)
                if state == "matched"
                else self.env._("%(kind)s %(code)s.", kind=kinds[match.kind], code=match.code)
            )
        if match.units != 1:
            sentences.append(
                self.env._(
                    "A pack of %(units)s %(unit)s.", units=figure(self.env, match.units), unit=product.uom_id.name
                )
            )
        rule = self._say_rule(product)
        if state == "orders_only":
            sentences.append(self.env._("Orders find the product; its stock is not pushed under this SKU."))
            if not rule and not product.is_storable:
                sentences.append(self.env._("Odoo does not track its stock."))
            elif not rule:
                sentences.append(
                    self.env._(
                        "Was its alias archived, or is it not among what the account pushes? The diagnosis of the SKU "
                        "says why."
                    )
                )
        return [*sentences, *filter(None, [rule])]

    def _add_quantities(self, vals_list):
        """Add to the lines' values what Odoo has on hand of their products, where EIM's locations take it from."""
        account = self.account_id
        company = account.company_id
        context = {"allowed_company_ids": company.ids}
        if account.owner_id:
            context["owner_id"] = account.owner_id.id
        mapped = account.location_ids.filtered("push_enabled") or account.location_ids
        places = set().union(*mapped._places().values())
        if places:
            context |= {"location": list(places), "strict": True}
        products = self.env["product.product"].browse({vals["product_id"] for vals in vals_list if vals["product_id"]})
        on_hand = {
            product.id: product.qty_available
            for product in products.sudo().with_company(company).with_context(**context)
        }
        for vals in vals_list:
            vals["odoo_quantity"] = on_hand.get(vals["product_id"], 0)

    @api.model
    def _say_rule(self, product):
        """Return what the product's own rule says of its stock at EIM, or False where it is just pushed."""
        if product.extensiv_stock_rule == "leave":
            return self.env._("Left alone: EIM is not told the product's stock.")
        if product.extensiv_stock_rule == "fixed":
            return self.env._("EIM is told the fixed quantity %s.", product.extensiv_fixed_qty)
        return False

    @api.model
    def _products(self, account):
        """Return the products that could be sold through EIM: goods for sale in the account's company."""
        return self.env["product.product"].search_fetch(
            Domain(self.env["product.product"]._check_company_domain(account.company_id))
            & Domain("sale_ok", "=", True)
            & Domain("is_storable", "=", True),
            ["default_code"],
            order="default_code, id",
        )

    def _open(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_sku_report_line_action")
        title = self.env._("SKUs of %s", self.account_id.name)
        if not self.is_complete:
            title = self.env._(
                "%(title)s (the first %(count)s; EIM has more)",
                title=title,
                count=self.read_count,
            )
        if not self.is_orders_complete:
            title = self.env._("%s, without some of the waiting orders", title)
        return {
            **action,
            "display_name": title,
            "domain": [("report_id", "=", self.id)],
            "context": {"search_default_group_by_state": 1, "sku_report_id": self.id},
        }

    # -- the template

    def _compute_template_file(self):
        """Give a file for Odoo's import of products, in which internal references are set right.

        Products that match no SKU of EIM keep their external ID, so that importing changes them; SKUs that EIM alone
        knows stand below without one, so that importing creates them.
        """
        for report in self:
            lines = report.line_ids
            products = lines.filtered(lambda line: line.state in ("odoo_only", "double")).product_id
            rows = [
                *products.export_data(list(TEMPLATE_COLUMNS))["datas"],
                *(["", line.sku, line.sku] for line in lines if line.state == "eim_only" and not line.product_id),
            ]
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(TEMPLATE_COLUMNS)
            writer.writerows(quote(rows))
            report.template_file = base64.b64encode(text.getvalue().encode("utf-8-sig"))


class ExtensivSkuReportLine(models.TransientModel):
    """One SKU of EIM or of an order that waits, or one product that no such SKU is."""

    _name = "extensiv.sku.report.line"
    _description = "EIM SKU Report Line"
    _order = "sku, id"
    _rec_name = "sku"
    _transient_max_hours = 24

    report_id = fields.Many2one("extensiv.sku.report", required=True, index=True, ondelete="cascade")
    account_id = fields.Many2one(related="report_id.account_id")
    state = fields.Selection(STATES, required=True, readonly=True)
    sku = fields.Char("SKU", readonly=True)
    eim_quantity = fields.Float(
        "At EIM",
        readonly=True,
        aggregator=None,
        digits=(16, 0),
        help="Available by EIM's stock list, all locations together.",
    )
    odoo_quantity = fields.Float(
        "In Odoo",
        readonly=True,
        aggregator=None,
        digits="Product Unit",
        help="On hand where EIM's locations take their stock from; before any is mapped, in all warehouses.",
    )
    is_listed = fields.Boolean("In EIM's Stock", readonly=True)
    waiting_count = fields.Integer(
        "Waiting Orders",
        readonly=True,
        aggregator=None,
        help="Orders with this SKU that EIM lists as new, or that are in the inbox and not imported.",
    )
    product_id = fields.Many2one(
        "product.product", help="What the SKU is here. For one that only EIM knows: choose it, then Create Aliases."
    )
    message = fields.Text("Note", readonly=True)

    def action_create_alias(self):
        """Remember the products chosen for SKUs that only EIM knows."""
        lines = self.filtered(lambda line: line.state == "eim_only" and line.product_id)
        if not lines:
            raise UserError(self.env._("Choose a product on a line that is only at EIM, then press this again."))
        self.env["extensiv.account"]._check_manager()
        lines.account_id.check_access("write")
        for line in lines:
            self.env["extensiv.sku.alias"]._set_product(line.account_id, line.sku, line.product_id)
        lines._settle(self.env._("By its alias."))
        self._take_off_products(lines)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @one_deadline
    def action_create_product(self):
        """Create storable products for SKUs that only EIM knows, named as EIM names them.

        Not for those of an archived product or one that is not for sale: their notes say what to do, and a second
        product would leave orders with two to choose from.
        """
        self.env["extensiv.account"]._check_manager()
        lines = self._creatable()
        if not lines:
            raise UserError(self.env._("Select lines that are only at EIM and have no product yet."))
        names = {}
        for account, of_account in lines.grouped("account_id").items():
            names.update(self._names_at_eim(account, of_account.mapped("sku")))
        products = self.env["product.product"].create(
            [{"name": names.get(line.sku) or line.sku, "default_code": line.sku, "is_storable": True} for line in lines]
        )
        for line, product in zip(lines, products, strict=True):
            line.product_id = product
        named = lines.filtered(lambda line: line.sku in names)
        named._settle(self.env._("Created."))
        (lines - named)._settle(
            self.env._("Created. EIM could not be asked for its name: rename it where the SKU is none.")
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _creatable(self):
        """Return those of these lines whose SKU nothing here is, nor is spelt like."""
        lines = self.filtered(lambda line: line.state == "eim_only" and not line.product_id)
        for account, of_account in lines.grouped("account_id").items():
            matches = self.env["product.product"]._extensiv_match(account, dict.fromkeys(of_account.mapped("sku"), ()))
            lines -= of_account.filtered(
                lambda line, matches=matches: matches[line.sku].product or matches[line.sku].found
            )
        return lines

    def _settle(self, message):
        """Say of lines that have their product by now whether they are matched both ways."""
        for account, of_account in self.grouped("account_id").items():
            fed = find_fed(account, of_account.mapped("sku"))
            states = of_account.grouped(
                lambda line, fed=fed: line.report_id._state_of(line.product_id, fed.get(line.sku))
            )
            for state, lines in states.items():
                lines.write({"state": state, "message": message})

    @api.model
    def _names_at_eim(self, account, skus):
        """Return the names of SKUs by EIM, of as many as the request has time to ask for; the SKU serves otherwise."""
        names = {}
        deadline = deadline_of(self.env)
        if account._is_copy() or not deadline.has_time(account):
            return names
        release_locks(self.env)
        with account._eim(deadline.last_call_at, wait=1.0, log=False, is_strict=True) as client:
            for sku in skus:
                try:
                    names[sku] = client.get_product(sku).name
                except (eim.Refused, eim.Blocked, eim.Unreadable, ValueError):
                    names[sku] = ""
                except eim.EimError:  # nobody answers there, or there is no time: so it is for the others
                    break
        return names

    def _take_off_products(self, lines):
        """Take the products that found their SKU off the list of those that have none."""
        self.search(
            [
                ("report_id", "in", lines.report_id.ids),
                ("state", "=", "odoo_only"),
                ("product_id", "in", lines.product_id.ids),
            ]
        ).unlink()

    def export_data(self, fields_to_export):
        """Quote what others wrote that begins like a formula."""
        return quote_export(super().export_data(fields_to_export))

    def action_download_template(self):
        """Download the file for Odoo's import of products, made from the whole report."""
        report = self.env["extensiv.sku.report"].browse(self.env.context.get("sku_report_id")).exists()
        if not report:
            raise UserError(self.env._("Compare the SKUs again: this report is too old."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/extensiv.sku.report/{report.id}/template_file/internal_references.csv?download=1",
            "target": "download",
        }
