from odoo.modules.module import load_script
from odoo.tests import tagged
from odoo.tools.sql import column_exists

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestMigrationBooks(ConnectorCase):
    def migrate(self):
        self.env.flush_all()
        path = "extensiv_connector/migrations/19.0.1.6.0/pre-books.py"
        load_script(path, "pre-books").migrate(self.env.cr, "19.0.1.6.0")
        self.env.invalidate_all()

    def test_of_orders_from_before_nothing_is_to_be_invoiced(self):
        self.connect()
        self.add_orders({"cust_ref": "OLD-1", "order_source": "Shopify", "items": [{"item": "TEE-1", "price": "5"}]})
        self.pull()
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE sale_order DROP COLUMN extensiv_books_at CASCADE")
        self.migrate()
        self.migrate()  # as after an update that was interrupted
        self.assertTrue(column_exists(self.env.cr, "sale_order", "extensiv_books_at"))
        sale = self.inbox("OLD-1").sale_order_id
        self.assertFalse(sale.extensiv_books_at or sale.extensiv_invoicing)
