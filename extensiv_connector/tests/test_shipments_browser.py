"""A person ships in the web client, and sees that EIM was told."""

from urllib.request import urlopen

from odoo.tests import HttpCase, tagged

from .browser_common import BrowserMixin
from .shipments_common import ShipmentMixin

VALIDATE = """
    await click(".o_notebook .nav-link", "Additional Info");
    await type("[name=carrier_tracking_ref] input", "1Z999AA10123456784");
    await click("button[name=button_validate]");
    await see(".o_arrow_button_current", "Done");
    await see("[name=extensiv_shipment_shown]", "Ready");
"""
SEE_SENT = """
    await see("[name=extensiv_shipment_shown].o_field_badge", "Sent");
    await click(".o_notebook .nav-link", "EIM Shipment");
    await see("[name=extensiv_shipments_readable]", "UPS Ground 1Z999AA10123456784: 2 × TEE-1, 1 × MUG-1");
"""


@tagged("post_install", "-at_install")
class TestShipmentsBrowser(ShipmentMixin, BrowserMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls._make_warehouse()

    def test_a_validated_delivery_becomes_sent_and_is_seen_at_eim(self):
        sale = self.order()
        sale.picking_ids.carrier_id = self.carrier
        self.act(sale.picking_ids, VALIDATE)
        self.account.push_shipments = True
        with self.flows():
            self.env["extensiv.account"]._cron_push_shipments()
        self.env.invalidate_all()
        self.act(sale, SEE_SENT)
        self.act(sale.picking_ids, SEE_SENT)
        with urlopen(self.sandbox.base_url, timeout=10) as answer:
            page = answer.read().decode()
        self.assertIn("UPS Ground 1Z999AA10123456784: 2 × TEE-1, 1 × MUG-1", page)
