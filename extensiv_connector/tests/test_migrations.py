import json

from odoo.modules.module import load_script
from odoo.tests import tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestMigrations(ConnectorCase):
    def migrate(self, version, stage, part="migration"):
        self.env.flush_all()
        path = f"extensiv_connector/migrations/{version}/{stage}-{part}.py"
        load_script(path, f"{stage}-{part}").migrate(self.env.cr, version)
        self.env.invalidate_all()

    def test_errors_of_single_pages_are_closed_and_buffers_keep_back(self):
        Error = self.env["extensiv.error"]
        old, other = (
            Error._report(self.account, "orders", {key: {"message": "x", "category": "data"}})
            for key in ("list page 2", "A-1")
        )
        self.env.cr.execute("ALTER TABLE product_product DROP CONSTRAINT product_product_extensiv_buffer_qty_positive")
        self.env.cr.execute("UPDATE product_product SET extensiv_buffer_qty = -3 WHERE id = %s", [self.products[0].id])
        self.products[1].extensiv_buffer_qty = 2
        self.migrate("19.0.1.1.0", "pre")
        self.assertEqual(old.state, "resolved")
        self.assertEqual(other.state, "open")
        self.assertEqual(self.products.mapped("extensiv_buffer_qty"), [0, 2])

    def test_accounts_of_before_try_many_acknowledgements_at_a_call(self):
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_account SET acknowledge_batches = NULL")
        self.env.invalidate_all()
        self.env["extensiv.account"]._init_column("acknowledge_batches")  # what an update does for a new column
        self.assertTrue(self.account.acknowledge_batches)
        self.assertFalse(self.account.acknowledge_batches_since)

    def test_runs_of_before_stand_for_one_pass_each(self):
        run = self.env["extensiv.run"].create(
            {"account_id": self.account.id, "flow": "orders", "started_at": "2024-01-01", "state": "done"}
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_run SET last_at = NULL, times = NULL WHERE id = %s", [run.id])
        self.migrate("19.0.1.6.0", "pre", "runs")
        self.assertEqual((run.last_at, run.times), (run.started_at, 1))

    def test_the_audit_runs_where_orders_were_pulled_before(self):
        cron = self.env.ref("extensiv_connector.ir_cron_audit")
        self.connect()
        self.account.pull_orders = True
        cron.active = False
        self.migrate("19.0.1.3.0", "post", "audit")
        self.assertTrue(cron.active)
        self.account.pull_orders = False
        self.migrate("19.0.1.3.0", "post", "audit")
        self.assertFalse(cron.active)

    def test_stock_is_compared_by_night_where_it_was_pushed_before_and_people_see_it(self):
        cron = self.env.ref("extensiv_connector.ir_cron_compare_stock")
        rules = [
            self.env.ref(f"extensiv_connector.{name}")
            for name in ("extensiv_compare_own_rule", "extensiv_compare_line_own_rule")
        ]
        now = [rule.domain_force for rule in rules]
        for rule in rules:
            rule.domain_force = "[('create_uid', '=', user.id)]"
        self.connect()
        self.account.push_inventory = True
        cron.active = False
        self.migrate("19.0.1.4.0", "post", "compare")
        self.assertTrue(cron.active)
        self.assertEqual([rule.domain_force for rule in rules], now)
        self.account.compare_stock = False
        self.migrate("19.0.1.4.0", "post", "compare")
        self.assertFalse(cron.active)

    def test_what_people_compared_before_is_forgotten(self):
        compare = self.env["extensiv.compare"].create({"account_id": self.account.id})
        self.migrate("19.0.1.4.0", "pre", "compare")
        self.env.invalidate_all()
        self.assertFalse(compare.exists())

    def test_the_path_of_a_call_that_is_gone_is_taken_off_the_account(self):
        alerts = "list_alerts = merchant/alert/list"
        self.env.cr.execute(
            "UPDATE extensiv_account SET route_overrides = %s WHERE id = %s",
            [f"cancel_order = merchant/orders/update/{{cust_ref}}\n{alerts}", self.account.id],
        )
        self.migrate("19.0.1.2.0", "pre", "key")
        self.assertEqual(self.account.route_overrides, alerts)
        self.assertEqual(self.account._routes(), {"list_alerts": "merchant/alert/list"})

    def test_scheduled_actions_stand_behind_mail(self):
        pull, push = (self.env.ref(f"extensiv_connector.ir_cron_{name}") for name in ("pull_orders", "push_inventory"))
        installed = (pull.priority, push.priority)
        pull.priority = 4
        push.priority = 2
        self.migrate("19.0.1.4.0", "post", "cron_priority")
        self.assertEqual(pull.priority, installed[0], "an updated database is as a new one")
        self.assertEqual(push.priority, 2, "what somebody chose stays")
        mail = self.env.ref("mail.ir_cron_mail_scheduler_action")
        self.assertTrue(all(mail.priority < priority for priority in installed))
        compares = (self.env.ref(f"extensiv_connector.ir_cron_{name}") for name in ("audit", "compare_stock"))
        self.assertTrue(all(max(installed) < cron.priority for cron in compares), "what nobody waits for comes last")

    def test_scheduled_actions_call_their_methods_by_the_new_names(self):
        crons = [self.env.ref(f"extensiv_connector.{name}") for name in ("ir_cron_watch", "ir_cron_watch_shares")]
        for cron in crons:
            cron.code = "model._cron_watch()"
        self.migrate("19.0.1.2.0", "pre", "crons")
        self.assertEqual([cron.code for cron in crons], ["model._cron_monitor()", "model._cron_find_carts()"])
        own = crons[0].code = "model._cron_monitor() or model.search([])"
        self.migrate("19.0.1.2.0", "pre", "crons")
        self.assertEqual(crons[0].code, own, "what somebody wrote there stays")

    def test_locations_pushed_to_before_are_looked_at_and_go_on(self):
        pushed, new, refused = self.env["extensiv.location"].create(
            [{"account_id": self.account.id, "name": name} for name in ("EAST", "WEST", "SOUTH")]
        )
        for location, values in ((pushed, {"pushed_at": "2024-01-01"}), (new, {"unconfirmed": True})):
            self.env["extensiv.stock.level"].create({"location_id": location.id, "sku": "MUG-1", **values})
        refused.read_back_state = "refused"
        self.migrate("19.0.1.3.0", "post", "read_back")
        self.assertEqual(
            (pushed + new + refused).mapped(lambda location: location.read_back_state),
            ["assumed", "to_check", "refused"],
        )

    def test_the_lines_of_orders_that_wait_are_counted(self):
        payloads = {
            "list": '{"items": [{}, {}]}',
            "map": '{"items": {"1": {}, "2": {}, "3": {}}}',
            "none": "{}",
            "broken": '{"items": ["\\u0000"',
            "unkeepable": '{"items": ["\\u0000"]}',
        }
        orders = self.env["extensiv.order"].create(
            [
                {"account_id": self.account.id, "cust_ref": name, "order_number": name, "payload": payload}
                for name, payload in payloads.items()
            ]
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_order SET line_count = NULL")
        self.migrate("19.0.1.4.0", "post", "lines")
        self.assertEqual(orders.mapped("line_count"), [2, 3, 0, 1, 1])

    def test_what_looks_like_a_card_is_masked_in_orders_of_before(self):
        def payload(note, **values):
            return json.dumps({"cust_ref": "A", "shipping_instructions": note, "grand_total": "12.50", **values})

        texts = {
            "A-1": payload("Card 4111 1111 1111 1111, please ring", custom_field_1="5500-0000-0000-0004"),
            "A-2": payload("Please ring at 12"),
            "A-3": "4111 1111 1111 1111 {",
            "A-4": False,
        }
        orders = self.env["extensiv.order"].create(
            [
                {"account_id": self.account.id, "cust_ref": ref, "order_number": ref, "payload": text}
                for ref, text in texts.items()
            ]
        )
        self.migrate("19.0.1.4.0", "post", "payloads")
        masked, plain, broken, emptied = orders.mapped(lambda order: order.payload)
        self.assertNotRegex(masked, "1111|5500")
        self.assertEqual(json.loads(masked)["grand_total"], "12.50")
        self.assertIn("please ring", masked)
        self.assertEqual(json.loads(plain), json.loads(texts["A-2"]), "what is clean stays")
        self.assertNotIn("1111", broken)
        self.assertFalse(emptied)

    def test_the_webhooks_key_is_kept_under_its_new_name(self):
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE extensiv_account RENAME webhook_key TO webhook_secret")
        self.env.cr.execute("UPDATE extensiv_account SET webhook_secret = 'hook-key' WHERE id = %s", [self.account.id])
        for _again in range(2):
            self.migrate("19.0.1.4.0", "pre", "webhook_key")
        self.assertEqual(self.account.webhook_key, "hook-key")

    def test_aliases_of_before_are_a_persons_and_skus_of_imported_orders_are_known(self):
        self.connect()
        self.add_orders({"cust_ref": "A-1", "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}]})
        self.pull()
        alias = self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "ALT", "product_id": self.products[0].id}
        )
        known = self.env["extensiv.known.sku"].search([("account_id", "=", self.account.id)])
        self.assertEqual(known.mapped("sku"), ["TEE-1"])
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM extensiv_known_sku")
        self.env.cr.execute("ALTER TABLE extensiv_sku_alias ALTER origin DROP NOT NULL")
        self.env.cr.execute("UPDATE extensiv_sku_alias SET origin = NULL")
        self.env.cr.execute(
            "ALTER TABLE extensiv_sku_alias ADD CONSTRAINT extensiv_sku_alias_sku_unique UNIQUE (account_id, sku)"
        )
        self.migrate("19.0.1.4.0", "pre", "skus")
        for _time in range(2):
            self.migrate("19.0.1.4.0", "post", "skus")
        self.assertEqual(alias.origin, "person")
        known = self.env["extensiv.known.sku"].search([("account_id", "=", self.account.id)])
        self.assertEqual((known.sku, known.origin, known.company_id), ("TEE-1", "order", self.company))
        alias.active = False
        self.assertTrue(alias.copy({"active": True}), "a SKU is an alias once among those in use")

    def test_what_eim_had_as_cancelled_is_for_a_person_to_decide(self):
        partner = self.env["res.partner"].create({"name": "Mary"})
        orders = self.env["extensiv.order"].create(
            [
                {
                    "account_id": self.account.id,
                    "company_id": self.company.id,
                    "cust_ref": ref,
                    "order_number": ref,
                    "cancelled_at": cancelled_at,
                }
                for ref, cancelled_at in (("C-1", "2024-01-01"), ("C-2", False))
            ]
        )
        sales = self.env["sale.order"].create(
            [
                {"partner_id": partner.id, "extensiv_order_id": order.id, "extensiv_shipment_state": "failed"}
                for order in orders
            ]
        )
        self.migrate("19.0.1.5.0", "post", "decisions")
        self.assertEqual(sales.mapped("extensiv_decision"), ["cancelled", False])
