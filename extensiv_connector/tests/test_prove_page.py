import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..eim.routes import ROUTES
from .prove_common import BUYER, PRIVATE, ProveCase


@tagged("post_install", "-at_install")
class TestPage(ProveCase):
    def test_every_route_stands_there_with_its_mark_and_a_sentence(self):
        page = self.routes()
        self.assertEqual(set(page.route_ids.mapped("name")), set(ROUTES))
        for line in page.route_ids:
            with self.subTest(line.name):
                self.assertEqual(line.mark, ROUTES[line.name].mark)
                self.assertNotEqual(line.purpose, line.name)
                self.assertRegex(line.path, "^(GET|POST)")

    def test_asking_says_what_answered_and_writes_nothing_at_eim(self):
        self.receive("A-1")
        self.sandbox.sandbox.api.off.add("list_alerts")
        page = self.routes()
        before = len(self.sandbox.sandbox.calls)
        with self.flows():
            page.action_try_routes()
        asked = list(self.sandbox.sandbox.calls)[before:]
        self.assertEqual({call["method"] for call in asked}, {"GET"})
        self.assertTrue(page.tried_at)
        self.assertEqual(self.line("list_carts", page).answer_state, "good")
        self.assertIn("entries", self.line("list_carts", page).answer)
        self.assertEqual(self.line("list_alerts", page).answer_state, "bad")
        self.assertIn("Does not answer", self.line("list_alerts", page).answer)
        self.assertIn("Last call failed: Refused", self.line("acknowledge", page).answer, "by the log of calls")

    def test_what_is_proven_says_when_and_is_outdated_by_another_path_and_gone_with_another_key(self):
        self.prove("acknowledge", order_id=self.receive())
        line = self.line("acknowledge")
        self.assertEqual((line.mark, line.proof_state), ("proven", "proven"))
        self.assertRegex(line.proof, r"Proven on .*: new → at_wms, by prover")
        self.account.route_overrides = "acknowledge = merchant/orders/ack/{cust_ref}"
        line = self.line("acknowledge")
        self.assertEqual(line.proof_state, "outdated")
        self.assertNotEqual(line.mark, "proven")
        self.account.route_overrides = False
        self.assertEqual(self.line("acknowledge").proof_state, "proven")
        self.account.api_key = "demo-key"
        self.assertTrue(self.account.route_proofs, "the same key typed again")
        self.assertFalse(self.account.copy().route_proofs)
        self.account.api_key = "another-key"
        self.assertFalse(self.account.route_proofs)

    def test_the_diagnosis_lists_the_proofs(self):
        self.prove("acknowledge", order_id=self.receive())
        page = self.env["extensiv.diagnosis"].with_user(self.manager).create({"account_id": self.account.id})
        with self.flows():
            page.action_diagnose()
        self.assertRegex(page.text, r"\[OK\] acknowledge: Proven on .*new → at_wms")
        self.assertRegex(page.text, r"\[NOTE\] Not proven yet: .*ship")
        self.assertTrue(page.route_ids)

    def test_an_account_that_was_never_connected_says_what_to_do_and_asks_nobody(self):
        account = self.env["extensiv.account"].create({"name": "New", "base_url": self.sandbox.base_url})
        page = self.env["extensiv.diagnosis"].with_user(self.manager).create({"account_id": account.id})
        action = page.action_open_routes()
        self.assertEqual(action["res_id"], page.id)
        self.assertFalse(page.was_connected)
        self.assertFalse(any(page.route_ids.mapped("can_prove")))
        with self.assertRaisesRegex(UserError, "Press Connect first"):
            page.action_try_routes()
        arch = page.get_view(self.env.ref("extensiv_connector.extensiv_diagnosis_view_routes").id)["arch"]
        self.assertIn("never connected", arch)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_users_read_the_page_and_prove_nothing(self):
        user = new_test_user(self.env, login="reader", groups="base.group_user,extensiv_connector.group_user")
        page = self.routes(user)
        view = self.env.ref("extensiv_connector.extensiv_diagnosis_view_routes")
        self.assertNotIn("action_prove", page.get_view(view.id)["arch"])
        self.assertIn("action_prove", page.with_user(self.manager).get_view(view.id)["arch"])
        self.assertTrue(page.routes_text)
        with self.assertRaisesRegex(UserError, "Only an Extensiv manager"):
            self.line("acknowledge", page).action_prove()
        with self.assertRaises(AccessError):
            self.env["extensiv.prove"].with_user(user).create({"account_id": self.account.id, "route": "acknowledge"})
        wizard = self.form("acknowledge", order_id=self.receive()).save()
        with self.assertRaisesRegex(UserError, "Only an Extensiv manager"):
            wizard.with_user(user).action_send()

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_another_company_and_another_account_are_refused(self):
        order = self.receive()
        other = self.env["res.company"].create({"name": "Other"})
        theirs = new_test_user(
            self.env,
            login="stranger",
            groups="base.group_user,extensiv_connector.group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        vals = {"account_id": self.account.id, "route": "acknowledge", "order_id": order.id}
        with self.assertRaises(AccessError):
            self.env["extensiv.prove"].with_user(theirs).create(vals)
        wizard = self.env["extensiv.prove"].with_user(theirs).sudo().create(vals).sudo(False)
        with self.assertRaises(AccessError):
            self.send(wizard)
        mine = self.account.copy({"name": "Second", "api_user": "second", "api_key": "key"})
        wizard = self.env["extensiv.prove"].with_user(self.manager).create({**vals, "account_id": mine.id})
        self.assertIn("not of this account", wizard.obstacle)
        with self.assertRaisesRegex(UserError, "not of this account"):
            self.send(wizard)
        self.assertEqual(self.sandbox.store.orders["A-1"].acknowledged, 0)

    def test_the_report_names_no_person_order_sku_or_key(self):
        location = self.location()
        order = self.receive("REF-77", cust_po_no="PO-4711", **BUYER)
        words = "Order REF-77 (PO-4711) of Wilhelmina Featherstone, mina@example.com, 12 Elm Street, cannot be taken"
        self.fault(route="acknowledge", kind="failure", message=words)
        self.prove("acknowledge", order_id=order)
        self.sandbox.store.levels.refused_skus = frozenset({"TEE-1"})
        self.prove("push_inventory", product_id=self.tee, location_id=location)
        page = self.routes()
        self.fault(route="get_order_status", kind="failure", message="Nothing known of REF-77")
        with self.flows():
            page.action_try_routes()
        text = page.routes_text
        for secret in (*PRIVATE, "REF-77", "PO-4711", "TEE-1", "prover"):
            self.assertNotIn(secret, text)
            self.assertNotIn(secret, json.dumps(self.account.route_proofs))
        for name, route in ROUTES.items():
            self.assertIn(f"{name}: {route.method}", text)
            self.assertIn(route.inferred, text)
        self.assertIn("Refused on", text)
        self.assertRegex(text, "process [0-9a-f]{32}")
        self.assertIn("cannot be taken", text)
        self.assertIn("Nothing known of ***", text)
        self.assertRegex(text, r"connector 19\.0\S+, Odoo 19")

    def test_what_is_sent_holds_nothing_of_the_buyer(self):
        order = self.ready("S-9", **BUYER)
        body = self.form("ship", order_id=order).request_body
        for secret in PRIVATE:
            self.assertNotIn(secret, body)
