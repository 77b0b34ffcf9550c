"""When the account stops for its credentials, and when one refusal is only one refusal."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged

from ..eim.errors import Blocked, CertificateInvalid, CredentialsRefused, Forbidden, Refused, Transient
from ..flows.order_pull import OrderPull
from ..flows.refusals import Refusals
from ..sandbox.service import CART_KEY, CART_USER, REVOKED_FORMS, WAREHOUSE_KEY, WAREHOUSE_USER
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestCredentials(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.pull_orders = True

    def errors(self, **values):
        domain = [("account_id", "=", self.account.id), ("state", "=", "open")]
        return self.env["extensiv.error"].search(domain + [(name, "=", value) for name, value in values.items()])

    def checks(self):
        """How often the check was asked since the last time."""
        count = self.calls().count("check_credentials")
        since, self._checks = count - getattr(self, "_checks", 1), count
        return since

    def run_flow(self, name):
        with self.flows():
            getattr(self.account, name)()
        self.env.invalidate_all()

    # -- one refusal

    def test_one_odd_answer_stops_nothing(self):
        for kind in ("401", "403", "gateway_401", "gateway_403", "invalid"):
            self.fault(route="list_orders", kind=kind)
            self.assertEqual(self.pull().state, "failed")
            self.assertEqual((self.account.state, self.account.check_refused_at), ("connected", False), kind)
            self.assertEqual(self.checks(), 1, kind)
            self.assertEqual(self.errors().key, "orders", kind)
            self.assertEqual(self.pull().state, "done")
            self.assertFalse(self.errors(), kind)
            self.assertEqual(self.checks(), 0, kind)

    def test_a_candidate_path_that_a_gateway_blocks_leads_to_the_next(self):
        for kind in ("403", "gateway_403"):
            self.account.answered_routes = False
            self.fault(route="list_alerts", kind=kind)
            self.sandbox.sandbox.api.paths["list_alerts"] = "merchant/alerts"
            self.run_flow("action_fetch_alerts")
            self.assertEqual((self.account.state, self.account.alerts_source), ("connected", "orders"), kind)
            self.assertEqual(self.last_run("alerts").state, "done")
            self.assertEqual(self.checks(), 0)

    # -- the check is refused too

    def test_the_account_stops_only_when_the_check_is_refused_twice_a_minute_apart(self):
        self.account.pull_orders = True
        for form in REVOKED_FORMS:
            with self.subTest(form=form):
                self.revoke(form)
                self.env["ir.cron.trigger"].search([]).unlink()
                self.env["extensiv.due"].search([]).unlink()
                self.assertEqual(self.pull().state, "failed")
                error = self.errors()
                self.assertEqual(error.flow, "connection")
                self.assertEqual(error.category, "transient")
                self.assertEqual(self.account.state, "connected")
                self.assertIn("once more in a minute", error.message)
                [moment] = self.env["ir.cron.trigger"].search([]).mapped("call_at")
                self.assertAlmostEqual((moment - fields.Datetime.now()).total_seconds(), 60, delta=10)
                self.pull()
                self.assertEqual(self.account.state, "connected", "the next one came too early to say anything new")
                with self.later(minutes=1):
                    self.pull()
                self.assertEqual((self.account.state, self.errors()), ("error", error), "one error in all")
                self.assertEqual(error.category, "settings")
                self.assertIn("press Connect", error.message)
                self.assertEqual(self.checks(), 3, "once a pass")
                self.revoke(None)
                self.connect()
                self.checks()
                self.assertEqual(self.account.state, "connected")
                self.assertEqual(self.errors(), error.browse())
                self.assertFalse(self.account.check_refused_at)

    def test_several_flows_that_are_refused_are_one_error(self):
        self.revoke()
        for flow in ("action_pull_orders", "action_fetch_alerts"):
            self.run_flow(flow)
        self.assertEqual(self.errors().mapped("key"), ["credentials"])

    def test_a_pass_that_eim_serves_takes_back_the_first_refusal_and_one_that_asks_nothing_does_not(self):
        self.revoke()
        self.pull()
        self.run_flow("action_push_shipments")
        self.assertEqual(self.last_run("shipments").state, "done")
        self.assertTrue(self.account.check_refused_at and self.errors())
        self.revoke(None)
        self.pull()
        self.assertFalse(self.account.check_refused_at or self.errors())
        self.revoke()
        with self.later(minutes=1):
            self.pull()
        self.assertEqual(self.account.state, "connected", "it is the first again")

    def test_a_refusal_of_long_ago_is_not_the_first_of_two(self):
        self.revoke()
        self.pull()
        with self.later(hours=3):
            self.pull()
            self.assertEqual(self.account.state, "connected")
        with self.later(hours=3, minutes=1):
            self.pull()
        self.assertEqual(self.account.state, "error")

    def test_a_check_that_cannot_be_asked_says_nothing(self):
        self.fault(route="list_orders", kind="401")
        self.fault(route="check_credentials", kind="500", count=3)
        self.pull()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.check_refused_at, False)

    def test_alerts_never_stop_the_account(self):
        self.revoke()
        self.run_flow("action_fetch_alerts")
        with self.later(minutes=1):
            self.run_flow("action_fetch_alerts")
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.check_refused_at, False)
        self.assertEqual(self.errors().key, "credentials")
        self.assertEqual(self.errors().category, "transient")
        self.revoke(None)
        with self.flows():
            self.assertEqual(self.errors().action_retry()["params"]["type"], "success")

    def test_a_pass_begun_with_an_older_key_changes_nothing(self):
        self.revoke()
        self.pull()
        first, error = self.account.check_refused_at, self.errors()
        exchange = OrderPull.exchange

        def meanwhile(run):
            self.account.write({"api_key": "a-new-key", "state": "connected"})
            self.env.flush_all()
            run.commit()  # of one connection here: rolling the pass back would undo it
            return exchange(run)

        with patch.object(OrderPull, "exchange", meanwhile), self.later(minutes=1):
            run = self.pull()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.check_refused_at, first)
        self.assertEqual(error.attempts, 1)
        self.assertEqual(self.errors(), error)
        self.assertIn("changed meanwhile", run.message)

    # -- what is wrong with them

    def test_a_key_of_another_level_is_told_and_where_the_right_one_is(self):
        self.account.write({"api_user": CART_USER, "api_key": CART_KEY})
        with self.assertRaisesRegex(UserError, "another level.*Merchants ▸ API Keys"):
            self.connect()
        self.account.state = "connected"
        self.pull()
        self.assertIn("Merchants ▸ API Keys", self.errors().message)
        with self.later(minutes=1):
            self.pull()
        self.assertIn("Merchants ▸ API Keys", self.account.state_message)

    def test_a_wrong_key_is_not_called_one_of_another_level(self):
        self.account.api_key = "wrong"
        with self.assertRaisesRegex(UserError, "^EIM refused: Invalid API user or key$"):
            self.connect()

    def test_a_warehouses_key_without_a_merchant_leads_to_the_list_of_merchants(self):
        self.account.write({"api_user": WAREHOUSE_USER, "api_key": WAREHOUSE_KEY})
        with self.flows():
            action = self.account.action_connect()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.line_ids.mapped("merchant_pk"), ["7001", "7002"])
        self.assertEqual(self.account.state, "draft")
        with self.assertRaisesRegex(UserError, "Choose the Warehouse's Merchants"), self.flows():
            self.account.action_check_carts()
        self.account.merchant_pk = "9999"
        with self.assertRaisesRegex(UserError, "Merchant ID is none of its merchants"):
            self.connect()

    def test_a_button_whose_call_is_refused_says_whether_it_is_the_key(self):
        self.fault(route="list_orders", kind="401", count=2)
        with self.assertRaisesRegex(UserError, "EIM refused: Invalid API user or key$"), self.flows():
            self.account.action_check_live()
        self.account.write({"api_user": CART_USER, "api_key": CART_KEY, "state": "connected"})
        with self.assertRaisesRegex(UserError, "another level"), self.flows():
            self.account.action_check_live()

    def test_an_invalid_certificate_has_its_own_words(self):
        broken = CertificateInvalid("EIM's certificate is not valid, so EIM was not asked.")
        with (
            patch("odoo.addons.extensiv_connector.eim.client.EimClient.check_credentials", side_effect=broken),
            self.assertRaisesRegex(UserError, "certificate is not valid.*clock.*proxy"),
        ):
            self.connect()
        with patch("odoo.addons.extensiv_connector.eim.client.EimClient.list_orders", side_effect=broken):
            self.pull()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.errors().category, "transient")
        self.assertIn("trusted certificates", self.errors().message)


class Check:
    """Stands for the check of one pass."""

    def __init__(self, *answers):
        self.answers, self.asked, self.passed = list(answers), 0, False

    def ask(self):
        if self.passed:
            return
        self.asked += 1
        if self.answers and (error := self.answers.pop(0)):
            raise error
        self.passed = True


@tagged("post_install", "-at_install")
class TestRefusals(BaseCase):
    """Which refusals are held back, and when the check is asked."""

    def say(self, refusals, key, words="No such thing: {}", kind=Refused, status=200):
        error = kind(words.format(key), status=status)
        return list(refusals.refused(key, error, (key,)))

    def test_the_third_in_the_same_words_asks_the_check_once(self):
        check = Check()
        refusals = Refusals(check)
        self.assertEqual([self.say(refusals, key) for key in ("A-1", "b 2")], [[], []])
        self.assertEqual(self.say(refusals, "7"), ["A-1", "b 2", "7"])
        self.assertEqual(check.asked, 1)
        self.assertEqual(self.say(refusals, "8"), ["8"])
        self.assertEqual(check.asked, 1)
        self.assertEqual(refusals.finish(), {})
        self.assertEqual(check.asked, 1)

    def test_other_words_and_an_acceptance_release_what_is_held(self):
        check = Check()
        refusals = Refusals(check)
        self.say(refusals, "A")
        self.say(refusals, "B")
        self.assertEqual(self.say(refusals, "C", "Other words"), ["A", "B"])
        self.assertEqual(list(refusals.accepted()), ["C"])
        self.assertEqual(check.asked, 0)
        self.assertEqual(refusals.finish(), {})

    def test_the_end_asks_for_fewer_too(self):
        check = Check()
        refusals = Refusals(check)
        self.say(refusals, "A")
        self.assertEqual(list(refusals.finish()), ["A"])
        self.assertEqual(check.asked, 1)

    def test_a_record_s_name_is_ignored_and_part_of_a_word_is_none(self):
        refusals = Refusals(Check())
        self.assertEqual(self.say(refusals, "1", "Order 1 has 11 faults"), [])
        self.assertEqual(self.say(refusals, "2", "order 2  has 11 faults"), [])
        self.assertEqual(self.say(refusals, "3", "Order 3 has 12 faults"), ["1", "2"])

    def test_a_suspicion_asks_at_once(self):
        for kind in (Forbidden, Blocked):
            check = Check()
            self.assertEqual(self.say(Refusals(check), "A", kind=kind, status=403), ["A"])
            self.assertEqual(check.asked, 1)

    def test_where_the_check_is_refused_everything_held_stays(self):
        for last in ({}, {"words": "Other words", "kind": Forbidden}):
            refusals = Refusals(Check(CredentialsRefused("No")))
            self.say(refusals, "A")
            self.say(refusals, "B")
            with self.assertRaises(CredentialsRefused):
                self.say(refusals, "C", **last)
            self.assertEqual(list(refusals.drop()), ["A", "B", "C"])

    def test_where_the_check_cannot_be_asked_everything_held_stays(self):
        refusals = Refusals(Check(Transient("Down")))
        self.say(refusals, "A")
        with self.assertRaises(Transient):
            refusals.finish()
        self.assertEqual(list(refusals.drop()), ["A"])

    def test_what_was_never_sent_is_not_held(self):
        self.assertEqual(self.say(Refusals(Check()), "A", status=None), ["A"])
