from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open


@tagged("post_install", "-at_install")
class TestNeutralize(TransactionCase):
    def test_a_neutralized_copy_talks_to_nobody(self):
        account = self.env["extensiv.account"].create(
            {
                "name": "Live",
                "api_user": "user",
                "api_key": "key",
                "pull_orders": True,
                "push_inventory": True,
                "push_shipments": True,
                "webhook_enabled": True,
                "webhook_key": "hook-key",
            }
        )
        account.state = "connected"
        crons = (
            self.env["ir.cron"]
            .with_context(active_test=False)
            .search(
                [
                    (
                        "id",
                        "in",
                        self.env["ir.model.data"]
                        .search([("module", "=", "extensiv_connector"), ("model", "=", "ir.cron")])
                        .mapped("res_id"),
                    )
                ]
            )
        )
        self.assertTrue(crons)
        crons.active = True
        share = self.env["extensiv.cart.share"].create(
            {
                "account_id": account.id,
                "partner_id": self.env["res.partner"].create({"name": "Merchant"}).id,
                "type_id": self.env.ref("extensiv_connector.cart_type_shopify").id,
                "setup_url": "https://app.cartrover.com/setup",
                "state": "sent",
            }
        )
        self.env["ir.config_parameter"].set_param("extensiv_connector.health_token", "token")
        self.env.flush_all()
        with file_open("extensiv_connector/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual(account.state, "draft")
        self.assertFalse(account.api_user or account.api_key)
        self.assertFalse(account.webhook_enabled or account.webhook_key or account.webhook_token)
        self.assertFalse(account.pull_orders or account.push_inventory or account.push_shipments)
        self.assertFalse(any(crons.mapped("active")))
        self.assertEqual(share.state, "withdrawn", "its link leads nowhere from the copy")
        self.env.registry.clear_cache("stable")
        self.assertFalse(self.env["ir.config_parameter"].get_param("extensiv_connector.health_token"))
