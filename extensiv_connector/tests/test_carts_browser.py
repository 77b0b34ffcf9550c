"""A person chooses in the web client what the connector cannot know: a delivery method, and which cart is whose."""

from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..models.extensiv_bucket import BucketStore
from .browser_common import BrowserMixin
from .common import Roomy
from .shipments_common import ShipmentMixin
from .test_cart_share import ShareMixin

CHOOSE_METHOD = """
    await see(".alert", "Nobody chose a delivery method");
    await click(".alert [name=carrier_id] input");
    await type(".alert [name=carrier_id] input", "UPS Gr");
    await click(".o-autocomplete--dropdown-item a", "UPS Ground");
    await click(".o_form_button_save");
    await see("[name=extensiv_shipment_shown]", "Ready");
"""
SEE_SKIPPED = """
    await see(".alert", "Skipped: The cart takes no confirmation of shipments");
    await see("[name=extensiv_shipment_shown].o_field_badge", "Skipped");
"""
SEE_SKIPPED_IN_THE_INBOX = """
    await see("[name=shipment_message]", "The cart takes no confirmation of shipments");
"""
THIS_CART = """
    await see(".alert", "New at EIM since the invitation was sent");
    await click(".alert .o_data_row button", "This Cart");
    await see("[name=cart_id]", "Acme Kids Store");
"""


@tagged("post_install", "-at_install")
class TestShipmentsOfCartsBrowser(ShipmentMixin, BrowserMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls._make_warehouse()

    def left(self, cust_ref, **values):
        sale = self.order(cust_ref, **values)
        sale.picking_ids.carrier_tracking_ref = "T-1"
        sale.picking_ids.move_ids.picked = True
        sale.picking_ids.button_validate()
        return sale

    def test_a_delivery_method_is_chosen_where_it_is_missing(self):
        on_order, on_transfer = self.left("S-1"), self.left("S-2")
        self.push()
        self.act(on_order, CHOOSE_METHOD)
        self.act(on_transfer.picking_ids, CHOOSE_METHOD)
        self.push()
        self.assertEqual((on_order | on_transfer).mapped("extensiv_shipment_state"), ["sent"] * 2)

    def test_why_an_order_was_skipped_is_seen(self):
        sale = self.left("S-1", order_source="PayPal")
        self.act(sale, SEE_SKIPPED)
        self.act(sale.picking_ids, SEE_SKIPPED)
        self.act(sale.extensiv_order_id, SEE_SKIPPED_IN_THE_INBOX)


@tagged("post_install", "-at_install")
class TestCartShareBrowser(ShareMixin, BrowserMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(BucketStore, "bucket", Roomy(capacity=10**6)))

    def test_a_person_says_which_cart_the_merchant_connected(self):
        share = self._make_share()
        self._send(share)
        self.sandbox.store.carts.update({"Acme Kids Store": "Acme Kids Store", "Zeta": "Zeta"})
        self._watch()
        self.act(share, THIS_CART)
        self.assertEqual(share.state, "connected")
        self.assertEqual(share.cart_id.order_source, "Acme Kids Store")
