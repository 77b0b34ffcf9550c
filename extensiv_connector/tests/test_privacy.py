"""Buyers' data: out of the log, emptied in time or on demand; links out of the chatter; addresses that are EIM's."""

import base64
import csv
import io
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation, NotNullViolation, UniqueViolation

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.modules.module import load_script
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..eim.wire import Order
from ..flows import order_preview
from ..flows.order_inbox import Inbox
from ..flows.order_pull import OrderPull
from ..models.extensiv_account import API_HOSTS
from .shipments_common import ShipmentCase
from .test_cart_share import SETUP_URL, ShareMixin

BUYER = {"cust_first_name": "Mary", "cust_last_name": "Quite-Contrary", "cust_e_mail": "mary_q@garden.test"}


@tagged("post_install", "-at_install")
class TestPrivacy(ShipmentCase):
    def unsold(self, cust_ref="U-1", **values):
        """Return an order of Mary's that could not be imported."""
        items = [{"item": "NOBODY-HAS-IT", "quantity": "1", "price": "5"}]
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", "items": items, **BUYER, **values})
        self.pull()
        order = self.inbox(cust_ref)
        self.assertEqual(order.state, "failed")
        return order

    def grow_old(self, records, days):
        self.env.flush_all()
        moment = fields.Datetime.now() - timedelta(days=days)
        self.env.cr.execute(
            f"UPDATE {records._table} SET write_date = %s, create_date = %s WHERE id = ANY(%s)",
            [moment, moment, records.ids],
        )
        self.env.invalidate_all()

    # -- the log

    def test_a_conflict_that_is_expected_puts_no_rows_into_the_log(self):
        order = self.unsold()
        vals = {"account_id": self.account.id, "cust_ref": "U-1", "order_number": "1", "payload": order.payload}
        with self.flows(), OrderPull.open(self.account) as run, self.assertNoLogs("odoo.sql_db", "ERROR"):
            with (
                patch("odoo.addons.extensiv_connector.flows.runner.time.sleep"),
                self.assertRaises(UniqueViolation),
            ):
                run.retry_on_conflict(lambda: run.env["extensiv.order"].create(vals))
        wire = Order.from_payload(order.payload)
        unknown = self.env["extensiv.order"]
        with self.assertNoLogs("odoo.sql_db", "ERROR"), patch.object(Inbox, "_find_known", lambda *_: unknown):
            with self.assertRaises(UniqueViolation), self.cr.savepoint():
                Inbox(self.account).store_fetched([wire])
        with self.assertLogs("odoo.sql_db", "ERROR"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.env["extensiv.order"].create(vals)

    def test_an_order_that_is_read_again_puts_nothing_into_the_log_where_it_cannot_be_kept(self):
        order = self.unsold()
        fetch = self.env["extensiv.fetch"].create({"account_id": self.account.id, "reference": "U-1"})
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE extensiv_order ADD CONSTRAINT no CHECK (payload NOT LIKE '%Other%') NOT VALID")
        self.change_order("U-1", cust_po_no="Other")
        for press in (order.action_fetch_again, fetch.action_preview):
            with (
                self.flows(),
                patch.object(order_preview, "import_batch", lambda orders: orders.flush_recordset()),
                self.assertLogs("odoo.sql_db", "ERROR") as log,
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                press()
            self.assertNotIn("Quite-Contrary", str(log.output))

    # -- kept for a time

    def test_resolved_errors_and_closed_alerts_are_emptied_after_90_days(self):
        Error = self.env["extensiv.error"]
        failures = {key: {"message": "Mary's address", "category": "data"} for key in ("old", "new", "open")}
        old, new, still_open = Error._report(self.account, "orders", failures)
        (old | new)._mark_resolved()
        alerts = gone, recent, active = self.env["extensiv.alert"].create(
            [
                {
                    "account_id": self.account.id,
                    "remote_id": str(number),
                    "subject": "Mary",
                    "message": "Mary",
                    "state": state,
                }
                for number, state in enumerate(("closed", "closed", "active"))
            ]
        )
        self.grow_old(old | still_open, 91)
        self.grow_old(new, 89)
        self.grow_old(gone | active, 91)
        self.grow_old(recent, 89)
        Error._gc_messages()
        alerts._gc_messages()
        self.assertNotIn("Mary", old.message)
        self.assertIn("Mary", new.message)
        self.assertIn("Mary", still_open.message)
        self.assertFalse(gone.subject or gone.message)
        self.assertEqual((recent.message, active.message), ("Mary", "Mary"))
        self.grow_old(old, 91)
        self.grow_old(gone, 91)
        self.assertEqual(Error._gc_messages(), (0, False), "once")
        self.assertEqual(alerts._gc_messages(), (0, False))

    def test_what_eim_sent_of_failed_orders_is_emptied_after_180_days_and_can_be_fetched_again(self):
        order = self.unsold()
        self.grow_old(order, 179)
        order._gc_failed_payloads()
        self.assertTrue(order.payload)
        self.grow_old(order, 181)
        order._gc_failed_payloads()
        self.assertFalse(order.payload)
        self.assertEqual(order.state, "failed")
        with self.flows():
            order.action_import()
        self.assertIn("Mary", order.payload)

    # -- erased on demand

    def test_erase_this_buyer_empties_what_the_connector_holds_of_a_contact(self):
        sale = self.order("S-1", gift_message="From Mary with love", **BUYER)
        other = self.order("S-2", cust_first_name="John", cust_last_name="Doe", cust_e_mail="maryxq@garden.test")
        unsold = self.unsold()
        mary = sale.partner_id.commercial_partner_id
        self.assertIn("Mary", mary.name)
        self.assertIn("with love", sale.extensiv_instructions)
        self.assertIn("with love", sale.extensiv_packing_notes)
        error = self.env["extensiv.error"].search([("key", "=", "U-1"), ("state", "=", "open")])
        error.message = "Mary lives nowhere"
        alert = self.env["extensiv.alert"].create(
            {"account_id": self.account.id, "remote_id": "1", "subject": "Mary", "message": "Mary", "cust_ref": "S-1"}
        )
        manager = new_test_user(
            self.env,
            login="privacy_manager",
            groups="base.group_user,base.group_partner_manager,extensiv_connector.group_manager",
        )
        user = new_test_user(
            self.env,
            login="privacy_user",
            groups="base.group_user,base.group_partner_manager,extensiv_connector.group_user",
        )
        self.assertTrue(mary.with_user(manager).extensiv_is_buyer)
        with self.assertRaisesRegex(UserError, "manager"):
            mary.with_user(user).action_extensiv_erase_buyer()
        mary.with_user(manager).action_extensiv_erase_buyer()
        self.env.invalidate_all()
        self.assertFalse(self.inbox("S-1").payload or unsold.payload or sale.extensiv_instructions)
        self.assertFalse(self.inbox("S-1").buyer or unsold.buyer)
        self.assertTrue(self.inbox("S-2").buyer)
        self.assertFalse(sale.extensiv_packing_notes)
        for text in (unsold.message, error.message, alert.subject, alert.message or "", sale.extensiv_message or ""):
            self.assertNotIn("Mary", text)
        self.assertEqual((sale.partner_id.commercial_partner_id, sale.state), (mary, "sale"), "Odoo's own stay")
        self.assertIn("Doe", self.inbox("S-2").payload, "an underscore in an address stands for itself")
        self.assertTrue(other.exists())
        nobody = self.env["res.partner"].create({"name": "Nobody"})
        self.assertFalse(nobody.with_user(manager).extensiv_is_buyer)
        with self.assertRaisesRegex(UserError, "holds nothing"):
            nobody.with_user(manager).action_extensiv_erase_buyer()

    # -- where the key goes

    def test_addresses_lead_to_eim_to_this_machine_or_where_an_administrator_says(self):
        ours = ("https://api.cartrover.com", "https://eu.api.extensiv.com", "http://localhost:8070", "https://[::1]")
        for address in ours:
            self.account.base_url = address
        for address in ("https://evil.example", "https://cartrover.com.evil.example", "https://evilcartrover.com"):
            with self.assertRaisesRegex(ValidationError, "API Hosts under Settings"):
                self.account.base_url = address
        self.env["ir.config_parameter"].set_param(API_HOSTS, "eim.test, Proxy.Example")
        self.account.base_url = "https://proxy.example"
        with self.assertRaises(ValidationError):
            self.account.base_url = "https://below.proxy.example"

    def test_the_update_names_the_hosts_that_are_used_so_that_no_account_stops(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE extensiv_account SET base_url = 'https://proxy.example:8443' WHERE id = %s", [self.account.id]
        )
        path = "extensiv_connector/migrations/19.0.1.3.0/post-hosts.py"
        for _again in range(2):
            load_script(path, "post_hosts").migrate(self.env.cr, "19.0.1.2.0")
            self.assertEqual(self.env["ir.config_parameter"].get_param(API_HOSTS), "proxy.example")
        self.env.invalidate_all()
        self.account._check_can_be_sent()

    # -- spreadsheets

    def test_cells_that_begin_like_formulas_are_texts(self):
        values = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "plain", "1=1")
        report = self.env["extensiv.sku.report"].create({"account_id": self.account.id})
        lines = self.env["extensiv.sku.report.line"].create(
            [{"report_id": report.id, "state": "eim_only", "sku": value} for value in values]
        )
        text = base64.b64decode(report.template_file).decode("utf-8-sig")
        columns, *rows = csv.reader(io.StringIO(text, newline=""))
        cells = [cell for row in rows for cell in row]
        self.assertFalse([cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))])
        self.assertTrue({"'=1+1", "plain", "1=1"} <= set(cells))
        exported = [row[0] for row in lines.export_data(["sku"])["datas"]]
        self.assertEqual(sorted(exported), sorted(f"'{v}" if v not in ("plain", "1=1") else v for v in values))
        received = self.env["extensiv.order"].create(
            {"account_id": self.account.id, "cust_ref": "=2", "order_number": "=HYPERLINK(1)"}
        )
        self.assertEqual(received.export_data(["order_number"])["datas"], [["'=HYPERLINK(1)"]])
        loaded = self.env["product.product"].load(columns, [row for row in rows if row[2] in ("'=1+1", "plain")])
        products = self.env["product.product"].browse(loaded["ids"])
        self.assertEqual(set(products.mapped("default_code")), {"=1+1", "plain"}, "imported as EIM spells it")


@tagged("post_install", "-at_install")
class TestSharePrivacy(ShareMixin, ShipmentCase):
    def setUp(self):
        super().setUp()
        self.share = self._make_share()

    def test_no_link_is_in_the_chatter_or_shown_to_a_user(self):
        user = new_test_user(self.env, login="share_user", groups="base.group_user,extensiv_connector.group_user")
        self._send(self.share)
        self.share.setup_url = f"{SETUP_URL}/other"
        self.env.flush_all()
        self.assertIn(f"/extensiv/share/{self.share.access_token}", self._mails(self.share).body_html)
        for message in self.share.message_ids:
            told = message.body + str(message.sudo().tracking_value_ids.read())
            self.assertNotIn("/extensiv/share/", told)
            self.assertNotIn(SETUP_URL, told)
        self.assertIn("Mailed to", "".join(self.share.message_ids.mapped("body")))
        shown = str(self.share.with_user(user).read())
        self.assertNotIn(SETUP_URL, shown)
        self.assertNotIn(self.share.access_token, shown)

    def test_a_share_always_ends(self):
        self.assertTrue(self.share.expires_on)
        self.assertTrue(self.share.copy().expires_on)
        with self.assertRaises(NotNullViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.share.expires_on = False
            self.env.flush_all()
        self.env.invalidate_all()
        self._send(self.share)
        for state in ("sent", "connected"):
            self.share.write({"state": state, "expires_on": fields.Date.today()})
            self.assertEqual(self.share._of_token(self.share.access_token), self.share)
            self.share.expires_on = fields.Date.today() - timedelta(days=1)
            self.assertFalse(self.share._of_token(self.share.access_token), state)

    def test_the_update_ends_shares_and_takes_links_out_of_the_chatter(self):
        self.share.message_post(body="See https://odoo.test/extensiv/share/abc-DEF_1 now")
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE extensiv_cart_share ALTER COLUMN expires_on DROP NOT NULL")
        self.env.cr.execute("UPDATE extensiv_cart_share SET expires_on = NULL")
        load_script("extensiv_connector/migrations/19.0.1.3.0/pre-share.py", "pre_share").migrate(self.env.cr, "")
        self.env.invalidate_all()
        self.assertEqual(self.share.expires_on, fields.Date.today() + timedelta(days=14))
        self.assertNotIn("abc-DEF_1", "".join(self.share.message_ids.mapped("body")))
