"""A person ships in the web client, and sees that EIM was told."""

from urllib.request import urlopen

from odoo.tests import HttpCase, tagged

from .common import ConnectorMixin
from .shipments_common import ShipmentMixin

# `click(selector[, text])` and `type(selector, text)` wait for what they act on, as a person would.
ACTIONS = """
async function find(selector, text = "") {
    for (let tries = 0; tries < 150; tries++) {
        const found = [...document.querySelectorAll(selector)].find(
            (node) => node.offsetParent && node.textContent.includes(text));
        if (found) {
            return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${selector} ${text} does not appear`);
}
async function click(selector, text) {
    (await find(selector, text)).click();
}
async function type(selector, text) {
    const input = await find(selector);
    input.value = text;
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
}
async function person() {
    %s
}
person().then(() => console.log("test successful"), (error) => console.error(error.message));
"""
VALIDATE = """
    await click(".o_notebook .nav-link", "Additional Info");
    await type("[name=carrier_tracking_ref] input", "1Z999AA10123456784");
    await click("button[name=button_validate]");
    await find(".o_arrow_button_current", "Done");
    await find("[name=extensiv_shipment_shown]", "Ready");
"""
SEE_SENT = """
    await find("[name=extensiv_shipment_shown].o_field_badge", "Sent");
    await click(".o_notebook .nav-link", "EIM Shipment");
    await find("[name=extensiv_shipments_readable]", "UPS Ground 1Z999AA10123456784: 2 × TEE-1, 1 × MUG-1");
"""


@tagged("post_install", "-at_install")
class TestShipmentsBrowser(ShipmentMixin, ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls._make_warehouse()

    def act(self, record, steps):
        """Let the administrator open the form of ``record`` and do ``steps``."""
        self.browser_js(
            f"/odoo/m-{record._name}/{record.id}",
            ACTIONS % steps,
            ready="!!document.querySelector('.o_form_view .o_form_sheet')",
            login="admin",
            timeout=60,
        )

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
