"""The world of the tests of the books: a company with a chart of accounts, a cart whose paid orders are paid."""

from collections import defaultdict

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from ..common import ConnectorMixin

OUTSTANDING = "account_journal_payment_debit_account_id"


@tagged("post_install", "-at_install")
class BooksCase(ConnectorMixin, TransactionCase):
    """Cases of one company with ``chart``, which `dev/databases.py` loads; its user is in charge of its books."""

    chart = "us"
    currency = "base.USD"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env["res.company"].search([("chart_template", "=", cls.chart), ("name", "like", "Books of")])
        cls.env.ref(cls.currency).active = True
        cls.env.user.write({"company_ids": [Command.link(company.id)], "company_id": company.id})
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})
        company = company.with_env(cls.env)
        cls._start_sandbox()
        cls._make_world()
        cls._make_books(company)

    @classmethod
    def _make_books(cls, company):
        warehouse = cls.env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        for product in cls.products:
            product.invoice_policy = "delivery"
            cls.env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1000)
        cls.outstanding = cls.env["account.chart.template"].ref(OUTSTANDING)
        cls.bank = cls.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", "bank")], limit=1
        ) or cls.env["account.journal"].create({"name": "Bank", "code": "BNKX", "type": "bank"})
        cls.method = cls.bank.inbound_payment_method_line_ids[:1]
        cls.method.payment_account_id = cls.outstanding
        cls.tax_account = cls.env["account.account"].create(
            {"name": "Sales tax to remit", "code": "228900", "account_type": "liability_current"}
        )
        cls.account.tax_product_id.property_account_income_id = cls.tax_account
        cls.cart = cls.env["extensiv.cart"].create(
            {
                "account_id": cls.account.id,
                "order_source": "Shopify",
                "name": "Shop",
                "invoicing": "confirmed",
                "register_payments": True,
                "payment_journal_id": cls.bank.id,
            }
        )

    def setUp(self):
        super().setUp()
        self.connect()

    # -- what happens

    def receive(self, *orders):
        """Let EIM have orders and pull them; return their sale orders."""
        for order in orders:
            self.add_orders(
                {
                    "order_source": "Shopify",
                    "currency_code": self.company.currency_id.name,
                    "items": [self.line()],
                    **order,
                }
            )
        self.pull()
        sales = self.env["sale.order"]
        for order in orders:
            record = self.inbox(order["cust_ref"])
            self.assertEqual(record.state, "imported", record.message)
            sales |= record.sale_order_id
        return sales

    def settle(self):
        """Run the schedule, as Odoo does: as superuser, in no company of ours."""
        self.env.flush_all()
        with self.flows():
            env = api.Environment(self.env.cr, SUPERUSER_ID, {})
            env["extensiv.cart"]._cron_settle_books()
        self.env.invalidate_all()

    def sell(self, **order):
        """Receive one order and make what is due of it; return the sale order."""
        sale = self.receive({"cust_ref": "B-1", **order})
        self.assertEqual(sale.state, "sale", sale.extensiv_message)
        self.settle()
        return sale

    def line(self, item="TEE-1", **values):
        return {"item": item, "quantity": "1", "price": "10.00", **values}

    def deliver(self, sale, **quantities):
        """Let goods leave, ``MUG_1=2`` by SKU, everything by default; the rest becomes a backorder."""
        picking = sale.picking_ids.filtered(lambda one: one.state not in ("done", "cancel"))
        wanted = {sku.replace("_", "-"): quantity for sku, quantity in quantities.items()}
        for move in picking.move_ids:
            move.quantity = wanted.get(move.product_id.default_code, 0 if wanted else move.product_uom_qty)
            move.picked = move.quantity > 0
        picking.with_context(skip_backorder=True).button_validate()

    # -- what is in the books

    def moves(self, sales):
        """Return the entries of the orders: invoices, credit notes and their payments."""
        invoices = sales.invoice_ids
        return invoices | invoices.matched_payment_ids.move_id

    def balances(self, sales):
        """Return ``{part of the books: balance}`` of all journal items of the orders, in the company's currency."""
        found = defaultdict(float)
        for item in self.moves(sales).line_ids.filtered(lambda item: item.parent_state == "posted"):
            found[self.part(item)] += item.balance
        return {part: self.company.currency_id.round(balance) for part, balance in found.items()}

    def part(self, item):
        if item.account_id == self.outstanding:
            return "outstanding"
        if item.account_id.account_type == "asset_receivable":
            return "receivable"
        if item.account_id.account_type.startswith("income"):
            return "revenue"
        return "tax" if item.account_id.account_type.startswith("liability") else item.account_id.name

    def assertBooks(self, sales, total, **parts):
        """Assert that paid orders are paid: nothing receivable, ``total`` outstanding, the other ``parts`` as given."""
        self.assertEqual(self.balances(sales), {"receivable": 0.0, "outstanding": total, **parts})
        self.assertAlmostEqual(sum(sales.mapped("amount_total")), sum(sales.invoice_ids.mapped("amount_total")), 2)
        self.assertEqual(set(sales.mapped("invoice_status")), {"invoiced"})
        self.assertAlmostEqual(sum(self.balances(sales).values()), 0.0, 6)
        self.assertFalse(self.errors())

    def errors(self, step=("books", "credit")):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("step", "in", step), ("state", "=", "open")]
        )

    def entries(self, sales):
        """Return the balances by account: ``[(entry, account, debit, credit)]`` of what the orders posted."""
        return [
            (move.journal_id.type, item.account_id.name, item.debit, item.credit)
            for move in self.moves(sales)
            for item in move.line_ids.sorted(lambda item: (-item.balance, item.id))
            if item.balance
        ]
