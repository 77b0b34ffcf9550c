"""The world of tests that make invoices: a chart of accounts, goods invoiced as they are delivered."""

from .common import ConnectorCase


class InvoicingCase(ConnectorCase):
    """Orders of one cart, their deliveries and their invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.company.chart_template:
            cls.env["account.chart.template"].try_loading("generic_coa", company=cls.company, install_demo=False)
        cls.products.invoice_policy = "delivery"
        cls.products.taxes_id = False
        warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        for product in cls.products:
            cls.env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 100)

    def setUp(self):
        super().setUp()
        self.connect()

    def sale(self, cust_ref="B-1", *, items=None, **order):
        """Pull one order and return its sale order: two tees and a mug for 48 by default."""
        items = items or [
            {"item": "TEE-1", "quantity": "2", "price": "20.00"},
            {"item": "MUG-1", "quantity": "1", "price": "8.00"},
        ]
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", "items": items, **order})
        self.pull()
        record = self.inbox(cust_ref)
        self.assertEqual(record.state, "imported", record.message)
        self.assertEqual(record.sale_order_id.state, "sale", record.sale_order_id.extensiv_held_by)
        return record.sale_order_id

    def full_sale(self, **order):
        """Return the sale order of 48 of goods, 5 of shipping, 4 of discount and 3.50 of tax: 52.50."""
        amounts = {"shipping_handling": "5.00", "order_discount": "4.00", "sales_tax": "3.50", "grand_total": "52.50"}
        return self.sale(**{**amounts, **order})

    def open_transfer(self, sale):
        return sale.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))

    def deliver(self, sale, backorder=True, **quantities):
        """Deliver of each SKU, with ``_`` for ``-``, as many; everything that is open where none is named."""
        transfer = self.open_transfer(sale)
        for move in transfer.move_ids:
            wanted = quantities.get(move.product_id.default_code.replace("-", "_"), 0) if quantities else None
            move.quantity = move.product_uom_qty if wanted is None else wanted
        transfer.move_ids.picked = True
        transfer.move_ids.filtered(lambda move: not move.quantity).picked = False
        skip = {"skip_backorder": True, "picking_ids_not_to_backorder": [] if backorder else transfer.ids}
        transfer.with_context(**skip).button_validate()
        self.assertEqual(transfer.state, "done")
        return transfer

    def take_back(self, transfer, quantity):
        """Return ``quantity`` of the first move of ``transfer``."""
        wizard = self.env["stock.return.picking"].create({"picking_id": transfer.id})
        wizard.product_return_moves[0].quantity = quantity
        wizard.product_return_moves[1:].quantity = 0
        back = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        back.move_ids.picked = True
        back.button_validate()

    def invoice(self, sale, final=False):
        invoice = sale._create_invoices(final=final)
        invoice.action_post()
        return invoice

    def kinds(self, invoice):
        """Return what stands on an invoice: the kind of each line, of goods their SKU."""
        lines = invoice.invoice_line_ids.sorted("sequence")
        return [line.sale_line_ids.extensiv_kind or line.product_id.default_code for line in lines]

    def reverse(self, invoice):
        """Make the credit note of a whole invoice, and post it."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        note.action_post()
        return note
