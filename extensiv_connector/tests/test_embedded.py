from contextlib import suppress

from lxml import etree

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import ConnectorCase

# What a wizard is opened with; without, there is nothing that it could be about.
OPENED_WITH = {
    "extensiv.add.alias": "error",
    "extensiv.choose.product": "line",
    "extensiv.cancel": "order",
}


@tagged("post_install", "-at_install")
class TestEmbedded(ConnectorCase):
    """Every form opens on a new record, on a saved one, and inside the dialog of its parent, saved or not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stock = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1).lot_stock_id

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1, "WEST": 2}
        self.connect()
        self.account.sku_policy = "placeholder"
        self.add_orders(
            {"cust_ref": "E-1", "order_source": "Shopify", "items": [{"item": "NOPE", "quantity": 1, "price": "5"}]},
            {"cust_ref": "E-2", "order_source": "Shopify", "items": [{"item": "TEE-1", "quantity": 1, "price": "5"}]},
        )
        self.pull()
        self.order = self.inbox("E-1")
        self.records = self._make_records()

    def _make_records(self):
        """Return ``{model: one record}`` of every model that has a form of ours."""
        sale = self.order.sale_order_id
        mine = {"account_id": self.account.id}
        location = self.account.location_ids[:1]
        location.write({"stock_location_id": self.stock.id, "push_enabled": True})
        cart = self.account.cart_ids[:1]
        error = self.env["extensiv.error"].create(
            {**mine, "flow": "orders", "key": "E-1", "category": "data", "message": "No such SKU."}
        )
        carrier = self.env["delivery.carrier"].search([], limit=1) or self.env["delivery.carrier"].create(
            {"name": "Van", "product_id": self.env["product.product"].create({"name": "Van"}).id}
        )
        method = self.env["extensiv.eim.method"].create({**mine, "code": "50", "description": "FedEx"})
        made = [
            self.account,
            location,
            cart,
            sale,
            sale.partner_id,
            self.inbox("E-2").sale_order_id.picking_ids[:1],
            error,
            self.order,
            self.products[0].product_tmpl_id,
            self.env["extensiv.alert"].create({**mine, "remote_id": "1", "subject": "Cart access"}),
            self.env["extensiv.call"].create(
                {**mine, "company_id": self.company.id, "date": "2024-01-01", "route": "list_alerts"}
            ),
            self.env["extensiv.cart.share"].create(
                {
                    **mine,
                    "partner_id": self.env["res.partner"].create({"name": "Merchant"}).id,
                    "type_id": self.env.ref("extensiv_connector.cart_type_shopify").id,
                    "setup_url": "https://app.cartrover.com/setup",
                }
            ),
            self.env["extensiv.unknown.order"].create(
                {**mine, "cust_ref": "U-1", "order_number": "U-1", "status": "at_wms"}
            ),
            self.env["extensiv.stock.level"].create(
                {"location_id": location.id, "company_id": self.company.id, "sku": "MUG-1"}
            ),
            self.env["extensiv.ship.method"].create({**mine, "ship_code": "Standard"}),
            self.env["extensiv.sku.alias"].create({**mine, "sku": "OLD", "product_id": self.products[0].id}),
            self.env["extensiv.cart.type"].search([], limit=1),
            self.last_run(),
            carrier,
            self.env["extensiv.carrier.method"].create(
                {**mine, "delivery_carrier_id": carrier.id, "method_id": method.id}
            ),
            self.stock,
        ]
        return {record._name: record for record in made}

    def _forms(self):
        """Return ``[(model, view)]`` of every form of ours, on Odoo's models those that ours extend."""
        data = self.env["ir.model.data"].search([("module", "=", "extensiv_connector"), ("model", "=", "ir.ui.view")])
        views = self.env["ir.ui.view"].browse(data.mapped("res_id")).filtered(lambda view: view.type == "form")
        roots = self.env["ir.ui.view"]
        for view in views:
            while view.inherit_id and view.mode != "primary":
                view = view.inherit_id
            roots |= view
        return [(self.env[view.model], view) for view in roots]

    def _open(self, model, view=None):
        """Open a form on a new record."""
        context = (
            {f"default_{OPENED_WITH[model._name]}_id": self._opener(model).id} if model._name in OPENED_WITH else {}
        )
        return Form(model.with_context(**context), view)

    def _opener(self, model):
        return {
            "error": self.records["extensiv.error"],
            "line": self.order.sale_order_id.order_line[:1],
            "order": self.order.sale_order_id,
        }[OPENED_WITH[model._name]]

    def _children(self):
        """Return ``[(parent model, One2many, specification of its dialog, of the parent's form)]``, all of ours."""
        found = []
        for model, view in self._forms():
            form = self._open(model, view)
            for name, spec in form._view["fields_spec"].items():
                field = model._fields.get(name)
                if not field or field.type != "one2many" or not field.comodel_name.startswith("extensiv."):
                    continue
                dialog = self._open(self.env[field.comodel_name])._view["fields_spec"]
                found.append((model, field, {**spec.get("fields", {}), **dialog}, form._view["fields_spec"]))
        return found

    # -- forms

    def test_there_is_a_form_of_every_model_that_has_one(self):
        models = {model._name for model, _view in self._forms()}
        self.assertLessEqual(
            {
                "extensiv.account",
                "extensiv.location",
                "extensiv.cart",
                "extensiv.error",
                "extensiv.order",
                "sale.order",
            },
            models,
        )
        stored = {name for name in models if not self.env[name]._transient}
        self.assertEqual(stored - set(self.records), set(), "add a record of it")

    def test_every_form_opens_on_a_new_record(self):
        for model, view in self._forms():
            with self.subTest(view.name):
                self._open(model, view)

    def test_every_form_opens_on_a_saved_record(self):
        for model, view in self._forms():
            if record := self.records.get(model._name):
                with self.subTest(view.name):
                    Form(record, view)

    # -- dialogs of their parents

    def _values(self, record, spec):
        """Return a saved record's values as the web client sends them back."""
        [values] = record.web_read({name: {} for name in spec})
        return {name: value for name, value in values.items() if record._fields[name].type not in ("binary", "html")}

    def test_a_dialog_computes_whatever_is_changed_in_it(self):
        children = self._children()
        self.assertIn(
            ("extensiv.account", "location_ids"), [(model._name, field.name) for model, field, *_ in children]
        )
        for model, field, dialog, _spec in children:
            child = self.records.get(field.comodel_name, self.env[field.comodel_name])
            parents = [{}] if model._name == "extensiv.account" else []
            parents.append({"id": self.records[model._name].id} if model._name in self.records else {})
            for parent in parents:
                for line in (child, child.browse()):
                    for changed in dialog:
                        with self.subTest(f"{model._name}.{field.name}", parent=parent, line=line, changed=changed):
                            self._change(line, field, {**parent, **self._parent_values(model)}, dialog, changed)

    def _parent_values(self, model):
        """Return what a person changed in the parent's form and has not saved."""
        if model._name != "extensiv.account":
            return {}
        return {"buffer_qty": 2, "quantity_basis": "on_hand", "company_id": self.company.id}

    def _change(self, line, field, parent, dialog, changed):
        values = self._values(line, dialog) if line else {}
        values = {
            name: value for name, value in values.items() if name != "id" and line._fields[name].type != "one2many"
        }
        if "example_product_id" in dialog:
            values["example_product_id"] = self.products[0].id
            values["stock_location_id"] = self.stock.id
            values.setdefault("source", "single")
        inverse = field.inverse_name
        if inverse in line._fields:
            values[inverse] = parent
        spec = {name: {} for name in dialog}
        if not line:
            line.onchange({inverse: parent}, [], spec)
        line.onchange(values, [changed] if changed in values else [], spec)

    def test_the_parent_computes_what_is_changed_in_a_line(self):
        for model, field, _dialog, spec in self._children():
            parent = self.records.get(model._name, model.browse())
            child = self.records.get(field.comodel_name, self.env[field.comodel_name])
            with self.subTest(f"{model._name}.{field.name}"):
                new = Command.create({"name": "NEW"} if "name" in child._fields else {})
                for record, commands in (
                    (parent, [*(Command.update(line.id, {}) for line in child), new]),
                    (model.browse(), [new]),
                ):
                    record.onchange({field.name: commands}, [field.name], spec)

    def test_the_example_is_shown_in_the_accounts_dialog_with_settings_that_are_not_saved(self):
        self.env["stock.quant"]._update_available_quantity(self.products[0], self.stock, 12)
        east = self.records["extensiv.location"]
        spec = {"example": {}}
        values = {"example_product_id": self.products[0].id, "source": "single", "stock_location_id": self.stock.id}
        for line in (east, east.browse()):
            for account in ({"id": self.account.id}, {"company_id": self.company.id}):
                shown = line.onchange(
                    {**values, "account_id": {**account, "buffer_qty": 2, "quantity_basis": "on_hand"}},
                    ["example_product_id"],
                    spec,
                )["value"]["example"]
                self.assertIn("12.00", shown)
                self.assertIn("Buffer of the account", shown)
                self.assertIn(">10<", shown)

    # -- buttons

    def test_every_button_works_on_a_saved_record(self):
        pressed = 0
        for model, view in self._forms():
            record = self.records.get(model._name)
            if not record:
                continue
            arch = etree.fromstring(model.get_view(view.id, "form")["arch"])
            ours = {
                button.get("name")
                for button in arch.iterfind(".//button[@type='object']")
                if (model._name.startswith("extensiv.") or "extensiv" in button.get("name"))
                and not any(parent.tag == "field" for parent in button.iterancestors())
            }
            for name in sorted(ours):
                with self.subTest(f"{model._name}.{name}"):
                    pressed += 1
                    self._press(record, name)
        self.assertGreater(pressed, 20)

    def _press(self, record, name):
        """Press a button; what it says to the person is an answer, too."""
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            with self.flows(), suppress(UserError):
                getattr(record.with_context(setup_step="connect"), name)()
                self.env.flush_all()
        finally:
            savepoint.rollback()
            savepoint.close(rollback=False)
            self.env.invalidate_all()
