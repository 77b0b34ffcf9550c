"""Orders from EIM that leave the warehouse in every way."""

from odoo.tests import Form, tagged

from .common import ConnectorCase


class ShipmentMixin:
    """Builders on top of ``ConnectorMixin``."""

    @classmethod
    def _make_warehouse(cls):
        cls.tee, cls.mug = cls.products
        if "stock_text_confirmation" in cls.company._fields:
            cls.company.stock_text_confirmation = False  # a text message would be offered with each validation
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.carrier = cls.env["delivery.carrier"].create(
            {
                "name": "UPS Ground",
                "extensiv_carrier": "UPS",
                "extensiv_method": "Ground",
                "product_id": cls.env["product.product"].create({"name": "Freight", "type": "service"}).id,
            }
        )
        for product in cls.products:
            cls._stock(product, 100)

    @classmethod
    def _stock(cls, product, quantity, lot=None, warehouse=None):
        cls.env["stock.quant"]._update_available_quantity(
            product, (warehouse or cls.warehouse).lot_stock_id, quantity, lot_id=lot
        )

    def setUp(self):
        super().setUp()
        self.connect()

    def order(self, cust_ref="S-1", lines=None, **values):
        """Let EIM have an order, ``lines`` a ``{sku: quantity}``, pull it, and return the sale order."""
        lines = lines or {"TEE-1": 2, "MUG-1": 1}
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"item": sku, "quantity": str(quantity), "price": "5"} for sku, quantity in lines.items()],
                **values,
            }
        )
        self.pull()
        sale = self.inbox(cust_ref).sale_order_id
        self.assertEqual(sale.state, "sale", self.inbox(cust_ref).message)
        return sale

    def ship(self, picking, tracking="1Z999", quantities=None, backorder=True):
        """Validate a transfer as a person does.

        :param quantities: ``{product: quantity}`` where less than the demand leaves
        """
        if tracking:
            picking.carrier_tracking_ref = tracking
        if not picking.carrier_id:
            picking.carrier_id = self.carrier
        moves = picking.move_ids.filtered(lambda move: move.state != "cancel")
        for move in moves:
            move.quantity = (quantities or {}).get(move.product_id, move.product_uom_qty)
        moves.picked = True
        answer = picking.button_validate()
        if isinstance(answer, dict):
            self.assertEqual(answer["res_model"], "stock.backorder.confirmation")
            wizard = Form(self.env[answer["res_model"]].with_context(**answer["context"])).save()
            wizard.process() if backorder else wizard.process_cancel_backorder()
        self.assertEqual(picking.state, "done")

    def pack(self, picking, *contents, names=()):
        """Put ``{product or move: quantity}`` of each of ``contents`` into a package of its own."""
        picking.move_ids.move_line_ids.unlink()
        packages = self.env["stock.package"]
        for number, goods in enumerate(contents):
            package = packages.create({"name": names[number] if names else f"PACK{number}"})
            packages += package
            for key, quantity in goods.items():
                move = key
                if key._name == "product.product":
                    move = picking.move_ids.filtered(lambda move, product=key: move.product_id == product)
                self.env["stock.move.line"].create(
                    {
                        "picking_id": picking.id,
                        "move_id": move.id,
                        "product_id": move.product_id.id,
                        "quantity": quantity,
                        "product_uom_id": move.product_id.uom_id.id,
                        "result_package_id": package.id,
                    }
                )
        return packages

    def validate(self, picking, tracking):
        picking.carrier_id = self.carrier
        picking.carrier_tracking_ref = tracking
        picking.move_ids.picked = True
        self.assertTrue(picking.button_validate())
        self.assertEqual(picking.state, "done")

    def push(self):
        """Push as the button does; return the run."""
        with self.flows():
            self.account.action_push_shipments()
        self.env.invalidate_all()
        return self.last_run("shipments")

    def told(self, cust_ref="S-1"):
        """The shipments that EIM took of the order; it must have been told at most once."""
        events = [
            event for event in self.sandbox.store.shipments if event["cust_ref"] == cust_ref and not event["refusal"]
        ]
        self.assertLessEqual(len(events), 1)
        return events[0]["shipments"] if events else []

    def contents(self, cust_ref="S-1"):
        """What EIM was told of the order as ``[(tracking number, {sku: quantity})]``, cartons added up."""
        contents = []
        for shipment in self.told(cust_ref):
            items = {}
            for item in shipment["items"]:
                known = items.get(item["item"])
                items[item["item"]] = item["quantity"] if known is None else known + item["quantity"]
            contents.append((shipment.get("tracking_no"), items))
        return contents

    def shipment_error(self, key="S-1", step=False):
        return self.env["extensiv.error"].search(
            [
                ("account_id", "=", self.account.id),
                ("flow", "=", "shipments"),
                ("key", "=", key),
                ("step", "=", step),
                ("state", "=", "open"),
            ]
        )


@tagged("post_install", "-at_install")
class ShipmentCase(ShipmentMixin, ConnectorCase):
    """For tests that need no browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._make_warehouse()
