"""Which database this is: a copy and a restored backup stop, are told of once, and wait for what a manager says."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.modules.module import load_script
from odoo.tests import new_test_user, tagged

from ..flows import database_identity
from ..flows.database_identity import find_differences, read_identity
from ..models.extensiv_account import WHICH_DATABASE
from .common import ConnectorCase

MIGRATIONS = "extensiv_connector/migrations/19.0.1.3.0"


@tagged("post_install", "-at_install")
class TestDatabaseIdentity(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            login="identity_manager",
            groups="base.group_user,extensiv_connector.group_manager",
            email="manager@shop.test",
        )
        cls.account.responsible_id = cls.manager

    def setUp(self):
        super().setUp()
        self.connect()

    def let_differ(self, **parts):
        """Let the account have gone live in a database that differs in some parts."""
        self.account.live_database = {**self.account.live_database, **parts}

    def activities(self):
        return self.account.activity_search([WHICH_DATABASE])

    def mails(self):
        return (
            self.env["mail.mail"].sudo().search([("model", "=", "extensiv.account"), ("res_id", "=", self.account.id)])
        )

    def goes_on(self):
        with self.flows():
            self.account.with_user(self.manager).action_goes_on()
        self.env.invalidate_all()

    # -- what is compared

    def test_connecting_remembers_every_part_that_may_be_asked(self):
        self.env.cr.execute("SELECT oid::text FROM pg_database WHERE datname = current_database()")
        [oid] = self.env.cr.fetchone()
        self.assertEqual(self.account.live_database["oid"], oid)
        self.assertEqual(self.account.live_database["name"], self.env.cr.dbname)
        self.assertEqual(self.account.live_database["uuid"], self.env["ir.config_parameter"].get_param("database.uuid"))
        self.env.cr.execute("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
        self.assertEqual("cluster" in self.account.live_database, self.env.cr.fetchone()[0])
        self.assertFalse(self.account._is_copy())

    def test_a_dump_restored_under_the_same_name_is_another_database(self):
        for part in ("name", "uuid", "oid"):
            with self.subTest(part):
                self.account.live_database = {**read_identity(self.env), part: "another"}
                self.assertTrue(self.account._is_copy())
        self.assertEqual(find_differences({"name": "a", "cluster": "1"}, {"name": "a", "cluster": "2"}), ["cluster"])

    def test_a_replica_that_takes_over_is_the_same_database(self):
        self.env.registry.clear_cache()
        self.assertFalse(self.account._is_copy())

    def test_only_parts_known_of_both_are_compared_and_a_pass_completes_them(self):
        whole = read_identity(self.env)
        self.account.live_database = {"name": whole["name"], "uuid": whole["uuid"]}
        self.assertEqual(self.pull().state, "done")
        self.assertEqual(self.account.live_database, whole)
        self.let_differ(cluster="asked elsewhere")
        with patch.object(database_identity, "PARTS", ("name", "uuid", "oid")):
            self.assertEqual(self.pull().state, "done")
        self.assertEqual(self.account.live_database["cluster"], "asked elsewhere", "kept, though unknown here")

    def test_where_the_cluster_may_not_be_asked_it_is_not(self):
        asked = []

        def execute_query(_env, query):
            asked.append(query.code)
            return [("16384", False)]

        with patch.object(type(self.env), "execute_query", execute_query):
            identity = read_identity(self.env)
        self.assertEqual(set(identity), {"name", "uuid", "oid"})
        [query] = asked
        self.assertNotIn("FROM pg_control_system", query)
        self.assertFalse(find_differences({**self.account.live_database, "oid": "16384"}, identity))

    def test_a_pass_asks_twice_at_most(self):
        self.env["ir.config_parameter"].get_param("database.uuid")
        with self.assertQueryCount(2):
            self.account._recognise_database()

    # -- a mismatch

    def test_on_a_mismatch_the_account_stops_and_one_activity_and_one_mail_say_so(self):
        self.let_differ(oid="1")
        calls = len(self.calls())
        self.assertEqual(self.pull().state, "failed")
        self.assertEqual(self.account.state, "draft")
        self.assertEqual(len(self.calls()), calls)
        self.assertEqual(self.activities().user_id, self.manager)
        for words in ("it was created anew", "This Is a Copy", "This One Goes On"):
            self.assertIn(words, self.account.state_message)
            self.assertIn(words, self.activities().note)
            self.assertIn(words, self.mails().body_html)
        self.assertEqual(self.mails().recipient_ids, self.manager.partner_id)
        self.assertIn(f"/action-extensiv_connector.extensiv_account_action/{self.account.id}", self.mails().body_html)
        self.account._recognise_database()
        self.assertEqual(len(self.activities()), 1)
        self.assertEqual(len(self.mails()), 1, "another flow's pass tells nobody anew")

    def test_without_a_responsible_person_the_managers_are_asked(self):
        self.account.responsible_id = False
        self.let_differ(name="another")
        self.pull()
        self.assertIn(self.manager, self.activities().user_id)
        self.assertIn(self.env.cr.dbname, self.account.state_message)

    def test_a_button_that_asks_eim_asks_nothing_and_the_form_shows_why(self):
        self.assertFalse(self.account.other_database)
        self.let_differ(oid="1")
        self.account.invalidate_recordset(["other_database"])
        self.assertIn("This Is a Copy", self.account.other_database)
        calls = len(self.calls())
        with self.flows(), self.assertRaisesRegex(UserError, "a copy.*This One Goes On"):
            self.account.action_check_carts()
        self.assertEqual(len(self.calls()), calls)

    # -- what a manager says

    def test_a_copy_stays_silent_and_is_asked_no_more(self):
        self.let_differ(oid="1")
        self.pull()
        self.account.with_user(self.manager).action_is_copy()
        self.assertEqual(self.account.state, "draft")
        self.assertFalse(self.activities())
        self.account.invalidate_recordset()
        self.assertFalse(self.account.other_database)
        self.assertIn("is a copy", self.account.state_message)
        self.account._recognise_database()
        self.assertFalse(self.activities())
        with self.flows(), self.assertRaisesRegex(UserError, "Press Connect only if"):
            self.account.action_check_carts()

    def test_the_one_that_goes_on_is_this_one_from_then_on(self):
        self.let_differ(oid="1", uuid="another")
        self.pull()
        self.goes_on()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.live_database, read_identity(self.env))
        self.assertFalse(self.activities() or self.account.other_database)
        self.assertEqual(self.pull().state, "done")

    def test_eim_that_does_not_answer_leaves_it_undecided(self):
        self.let_differ(oid="1")
        self.pull()
        self.fault(route="check_credentials", kind="500", count=3)
        with self.assertRaises(UserError):
            self.goes_on()
        self.assertTrue(self.account._is_copy() and self.activities())
        self.assertEqual(self.account.state, "draft")

    def test_no_level_is_pushed_before_a_person_presses_push_all(self):
        location = self.account.location_ids[:1]
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
        location.write({"stock_location_id": warehouse.lot_stock_id.id, "push_enabled": True})
        self.env["stock.quant"]._update_available_quantity(self.products[0], warehouse.lot_stock_id, 7)
        self.let_differ(oid="1")
        self.pull()
        self.goes_on()
        open_errors = [("account_id", "=", self.account.id), ("state", "=", "open")]
        for _again in range(2):
            with self.flows():
                self.account.action_push_inventory()
            self.assertIn("Push All", self.last_run("inventory").message)
            self.assertEqual(self.env["extensiv.error"].search(open_errors).step, "levels")
            self.connect()  # whatever is connected anew meanwhile
        self.assertFalse(self.calls("push_inventory"))
        self.account.pull_orders = True
        with self.flows():
            with self.assertRaisesRegex(UserError, "Orders Unknown Here"):
                self.account.with_user(self.manager).action_push_everything()
            self.account.action_audit()
            self.account.with_user(self.manager).action_push_everything()
        self.assertTrue(self.calls("push_inventory"))
        self.assertFalse(self.env["extensiv.error"].search(open_errors))

    def test_there_is_nothing_to_say_of_the_database_that_was_connected(self):
        for button in ("action_is_copy", "action_goes_on"):
            with self.assertRaisesRegex(UserError, "in this very database"):
                getattr(self.account.with_user(self.manager), button)()
        self.assertEqual(self.account.state, "connected")

    # -- the update

    def migrate(self, stage):
        self.env.flush_all()
        load_script(f"{MIGRATIONS}/{stage}-identity.py", f"{stage}_identity").migrate(self.env.cr, "19.0.1.2.0")
        self.env.invalidate_all()

    def test_the_update_completes_the_identity_and_stops_nobody(self):
        uuid = self.env["ir.config_parameter"].get_param("database.uuid")
        other, unknown, never = (self.account.copy() for _account in range(3))
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE extensiv_account ALTER COLUMN live_database TYPE varchar")
        for account, text in (
            (self.account, f"{self.env.cr.dbname} {uuid}"),
            (other, f"a name of blanks {uuid}"),
            (unknown, f"{self.env.cr.dbname} False"),
            (never, None),
        ):
            self.env.cr.execute("UPDATE extensiv_account SET live_database = %s WHERE id = %s", [text, account.id])
        self.migrate("pre")
        self.migrate("pre")
        self.assertEqual(other.live_database, {"name": "a name of blanks", "uuid": uuid})
        self.migrate("post")
        whole = read_identity(self.env)
        self.assertEqual(self.account.live_database, whole)
        self.assertEqual(unknown.live_database, whole)
        self.assertEqual(other.live_database, {"name": "a name of blanks", "uuid": uuid}, "a copy stays one")
        self.assertFalse(never.live_database)
        self.assertEqual(self.account.state, "connected")
