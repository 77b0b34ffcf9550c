"""The diagnosis of an account, and what none of its texts say."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..eim.transport import Call
from .test_diagnosis import BUYER, DiagnosisCase


@tagged("post_install", "-at_install")
class TestAccount(DiagnosisCase):
    def test_a_well_account(self):
        text = self.diagnose()
        self.assertFound(text, "OK", "EIM accepts the credentials", "clock and EIM's agree", "Open errors: 0")
        self.assertFound(text, "NOTE", "Connector 19.0", "PostgreSQL", "acknowledge, ship, cancel_order_in_cart")

    def test_every_reading_route_is_tried_and_none_that_writes(self):
        self.add("A-1")
        before = len(self.calls())
        text = self.diagnose()
        asked = set(self.calls()[before:])
        self.assertLessEqual(
            {
                "list_carts",
                "list_locations",
                "list_orders",
                "get_order",
                "get_order_status",
                "list_skipped_orders",
                "check_credentials",
                "get_inventory",
                "get_product",
                "list_ship_methods",
                "list_cart_ship_methods",
                "list_alerts",
            },
            asked,
        )
        self.assertFalse(
            asked
            & {
                "acknowledge",
                "ship",
                "cancel_order_in_cart",
                "push_inventory",
                "dismiss_alerts",
                "update_order_status",
            }
        )
        self.assertFound(
            text,
            "OK",
            "list_locations answers at merchant/warehouse/list",
            "list_alerts answers at merchant/alert/list",
            "get_order answers at merchant/orders/",
        )

    def test_a_route_that_does_not_answer_is_named_with_what_to_do(self):
        self.sandbox.sandbox.api.off.add("list_alerts")
        self.addCleanup(self.sandbox.sandbox.api.off.discard, "list_alerts")
        text = self.diagnose()
        self.assertFound(text, "NOTE", "list_alerts does not answer")
        self.assertIn("list_alerts = path", text)

    def test_clocks_apart(self):
        wizard = self.env["extensiv.diagnosis"].new({"account_id": self.account.id})
        late = fields.Datetime.now().astimezone() - timedelta(minutes=10)
        [line] = wizard._lines_clock([Call("list_carts", "GET", "cart/list", 200, 1, "", "", late)])
        self.assertEqual(line.mark, "bad")
        self.assertIn("apart", line.sentence)

    def test_schedules_errors_and_alerts(self):
        self.account.push_inventory = True
        self.env["extensiv.error"]._report(self.account, "orders", {"1": {"message": "Mend me", "category": "data"}})
        self.env["extensiv.alert"].create({"account_id": self.account.id, "remote_id": "1", "subject": "Cart access"})
        text = self.diagnose()
        self.assertFound(
            text,
            "PROBLEM",
            "Pulling orders does not run by itself: switched off",
            "waiting for a person: 1",
            "Cart access",
        )

    def test_a_copy_asks_nobody(self):
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        calls = len(self.calls())
        self.assertFound(self.diagnose(), "PROBLEM", "is a copy of the one that was connected")
        self.assertEqual(len(self.calls()), calls)

    def test_nothing_is_written_anywhere(self):
        self.add("W-1")
        self.pull()
        tables = [
            model._table
            for name, model in self.env.registry.items()
            if model._auto
            and not model._abstract
            and not model._transient
            and model._original_module in ("extensiv_connector", "sale", "stock", "product", "mail")
        ]

        def state():
            self.env.flush_all()
            found = {}
            for table in tables:
                if table == "extensiv_bucket":  # the calls that EIM allows are counted
                    continue
                self.env.cr.execute(
                    SQL(
                        "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM %s t",
                        SQL.identifier(table),
                    )
                )
                found[table] = self.env.cr.fetchone()
            return found

        before, held = state(), repr(self.at_eim("W-1"))
        self.diagnose()
        self.diagnose("W-1", "TEE-1")
        self.assertEqual(state(), before)
        self.assertEqual(repr(self.at_eim("W-1")), held)

    def test_text_has_neither_secrets_nor_personal_data(self):
        self.add("P-1", **BUYER)
        self.pull()
        record = self.inbox("P-1")
        record.sale_order_id.extensiv_lasting_notes = "For Wilhelmina Featherstone, call 617 555 0199"
        record.write({"state": "failed", "message": "mina@example.com of 12 Elm Street; demo-key"})
        text = self.diagnose("P-1")
        self.assertIn("could not be imported: *** of ***; ***", text)
        for secret in ("Wilhelmina", "Featherstone", "mina@", "Elm Street", "617 555", "demo-key"):
            self.assertNotIn(secret, text)
            self.assertNotIn(secret, self.wizard.result)

    def test_eims_words_about_an_order_that_was_not_received_are_masked_too(self):
        self.add("P-2", **BUYER, order_status="error", error_msg="12 Elm Street is unknown to the carrier")
        self.assertFound(self.diagnose("P-2"), "PROBLEM", "*** is unknown to the carrier")

    def test_a_postcode_that_reads_like_a_year_masks_no_date(self):
        year = f"{fields.Datetime.now():%Y}"
        self.add("P-9", **BUYER, ship_zip=year, order_status="error", error_msg=f"no carrier for {year}")
        text = self.diagnose("P-9")
        self.assertFound(text, "PROBLEM", "no carrier for ***")
        self.assertIn("(Pacific)", text)
        self.assertNotIn("***-", text)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_for_our_users_in_their_companies(self):
        user = new_test_user(self.env, login="doctor", groups="base.group_user,extensiv_connector.group_user")
        wizard = self.env["extensiv.diagnosis"].with_user(user).create({"account_id": self.account.id})
        with self.flows():
            wizard.action_diagnose()
        self.assertIn("EIM accepts the credentials", wizard.text)
        stranger = new_test_user(self.env, login="stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.env["extensiv.diagnosis"].with_user(stranger).create({"account_id": self.account.id})
        other = self.env["res.company"].create({"name": "Other"})
        self.env.cr.execute("UPDATE extensiv_account SET company_id = %s WHERE id = %s", [other.id, self.account.id])
        self.env.invalidate_all()
        with self.assertRaises(AccessError), patch.object(type(wizard), "_diagnose", lambda self: []):
            wizard.action_diagnose()
