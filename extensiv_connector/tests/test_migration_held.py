from odoo.modules.module import load_script
from odoo.tests import tagged

from ..flows import shipped_elsewhere
from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "1", "price": "10.00"}


@tagged("post_install", "-at_install")
class TestMigrationHeld(ConnectorCase):
    def test_quotations_of_before_are_held_and_told_by_the_next_pass(self):
        self.connect()
        self.account.pull_orders = True
        self.add_orders(
            {"cust_ref": "M-1", "items": [LINE], "grand_total": "12.00"},
            {"cust_ref": "M-2", "items": [LINE]},
            {"cust_ref": "M-3", "items": [LINE], "grand_total": "12.00"},
        )
        self.pull()
        differs, right, app = (self.inbox(ref).sale_order_id for ref in ("M-1", "M-2", "M-3"))
        self.env["extensiv.error"].search([("account_id", "=", self.account.id)]).unlink()
        (differs | app).write({"extensiv_is_held": False, "extensiv_holds": False})
        self.env.flush_all()
        for column in ("extensiv_message", "extensiv_held_by"):
            self.env.cr.execute(f"ALTER TABLE sale_order ADD COLUMN IF NOT EXISTS {column} text")
        self.env.cr.execute("UPDATE sale_order SET extensiv_held_by = 'Ask the boss.' WHERE id = %s", [app.id])
        path = "extensiv_connector/migrations/19.0.1.5.0/post-held.py"
        for _again in range(2):
            load_script(path, "post-held").migrate(self.env.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.assertEqual([sale.extensiv_is_held for sale in (differs, right, app)], [True, False, True])
        self.assertIn("Ask the boss.", app.extensiv_held_by)
        self.assertIn("12.00", differs.extensiv_held_by)
        # Those of before have no reasons stored; what EIM shipped is not confirmed all the same.
        differs.extensiv_order_id.shipped_elsewhere = "shipped"
        self.env["extensiv.error"]._report(
            self.account,
            "orders",
            {"M-1": {"message": "EIM has it as shipped.", "category": "data", "document": differs}},
            shipped_elsewhere.STEP,
        )
        self.env.invalidate_all()
        self.assertIn("EIM has it as shipped.", differs.extensiv_held_by)
        self.assertIn("12.00", differs.extensiv_held_by)
        self.pull()
        errors = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.assertEqual(set(errors.filtered(lambda error: error.step == "confirm").mapped("key")), {"M-1", "M-3"})
