"""What an update to 19.0.1.5.0 does for orders and for the products of lines that are no goods."""

from odoo.modules.module import load_script
from odoo.tests import tagged

from .test_tax_question import FiguresCase


@tagged("post_install", "-at_install")
class TestMigrationFigures(FiguresCase):
    def migrate(self, stage):
        self.env.flush_all()
        path = f"extensiv_connector/migrations/19.0.1.5.0/{stage}-figures.py"
        load_script(path, f"{stage}-figures").migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()

    def test_accounts_without_a_product_for_such_lines_get_it(self):
        account = self.account
        products = self.env["product.product"]._extensiv_service_products()
        names = ("shipping_product_id", "discount_product_id", "tax_product_id", "charge_product_id")
        self.env.flush_all()
        for name in names:
            self.env.cr.execute(f"ALTER TABLE extensiv_account ALTER {name} DROP NOT NULL")
        chosen = self.products[0]
        self.env.cr.execute(
            "UPDATE extensiv_account SET shipping_product_id = NULL, tax_product_id = NULL, discount_product_id = %s",
            [chosen.id],
        )
        self.env.cr.execute("ALTER TABLE extensiv_account DROP COLUMN charge_product_id")
        self.env.invalidate_all()
        self.migrate("pre")
        self.assertEqual(account.charge_product_id, chosen)
        self.migrate("end")
        self.assertEqual(account.shipping_product_id, products["shipping"])
        self.assertEqual(account.discount_product_id, chosen, "what somebody chose stays")
        self.assertEqual(account.tax_product_id, products["tax"])
        self.assertEqual(account.charge_product_id, products["charge"])

    def test_products_that_are_no_more_are_made_anew(self):
        names = ("shipping_product_id", "discount_product_id", "tax_product_id", "charge_product_id")
        self.env.flush_all()
        for name in names:
            self.env.cr.execute(f"ALTER TABLE extensiv_account ALTER {name} DROP NOT NULL")
        self.env.cr.execute("UPDATE product_product SET default_code = NULL WHERE default_code LIKE 'EIM-%'")
        self.env.cr.execute("UPDATE product_template SET default_code = NULL WHERE default_code LIKE 'EIM-%'")
        self.env.cr.execute(f"UPDATE extensiv_account SET {', '.join(f'{name} = NULL' for name in names)}")
        self.env.invalidate_all()
        self.migrate("pre")
        self.migrate("end")
        products = self.env["product.product"]._extensiv_service_products()
        for kind in ("shipping", "discount", "tax", "charge"):
            self.assertEqual(self.account[f"{kind}_product_id"], products[kind])

    def test_orders_of_before_keep_the_tax_and_the_placeholder_that_they_came_with(self):
        self.cart.tax_policy = "ignore"
        sales = self.sale() | self.sale("M-2", order_source="Amazon_US2")
        self.env.flush_all()
        self.env.cr.execute("UPDATE sale_order SET extensiv_tax_policy = NULL, extensiv_placeholder_id = NULL")
        self.env.invalidate_all()
        self.migrate("post")
        self.assertEqual(sales.mapped("extensiv_tax_policy"), ["ignore", "line"])
        self.assertEqual(sales.extensiv_placeholder_id, self.account.placeholder_product_id)
        own = self.env["sale.order"].create({"partner_id": sales[0].partner_id.id})
        self.migrate("post")
        self.assertFalse(own.extensiv_tax_policy)

    def test_taxes_that_nobody_chose_are_taken_off_and_no_others(self):
        shipping = self.account.shipping_product_id
        default, chosen = self.tax(19), self.tax(7)
        self.company.account_sale_tax_id = default
        shipping.taxes_id = default | chosen
        self.cart.tax_policy = "odoo"
        self.migrate("end")
        self.assertEqual(shipping.taxes_id, default | chosen, "it may be what was chosen for shipping")
        self.cart.tax_policy = False
        self.migrate("end")
        self.assertEqual(shipping.taxes_id, chosen)
