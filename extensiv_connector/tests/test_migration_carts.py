from importlib.util import module_from_spec, spec_from_file_location

from odoo.tests import tagged
from odoo.tools import file_path, mute_logger

from ..eim.wire import Cart
from .shipments_common import ShipmentCase

PLACE = "extensiv_connector/migrations/19.0.1.2.0"


@tagged("post_install", "-at_install")
class TestMigrationCarts(ShipmentCase):
    """The update to 19.0.1.2.0: prefixes, what the catalogue knows, and carts that take no confirmation."""

    def migrate(self, stage):
        self.env.flush_all()
        spec = spec_from_file_location(f"{stage}_carts", file_path(f"{PLACE}/{stage}-carts.py"))
        script = module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()

    @mute_logger(f"{PLACE}/pre-carts.py", "pre_carts")
    def migrate_all(self):
        self.migrate("pre")
        self.migrate("post")

    def carts(self, *prefixes):
        """Make carts as the version before could hold them."""
        self.account.cart_ids.unlink()
        self.env.cr.execute("DROP INDEX extensiv_cart_prefix_once")
        carts = self.env["extensiv.cart"].create(
            [
                {"account_id": self.account.id, "order_source": f"Source {number}", "name": f"Shop {number}"}
                for number, _prefix in enumerate(prefixes)
            ]
        )
        self.env.flush_all()
        for cart, prefix in zip(carts, prefixes, strict=True):
            self.env.cr.execute("UPDATE extensiv_cart SET prefix = %s WHERE id = %s", [prefix, cart.id])
        self.env.invalidate_all()
        return carts

    def test_prefixes_that_collide_are_made_distinct_and_told(self):
        self.account.responsible_id = self.env.ref("base.user_admin")
        carts = self.carts("BI:", "bi: ", " Bi:", "BI2:", "  ", " ", "WEB ")
        self.migrate_all()
        self.assertEqual(
            carts.mapped(lambda cart: cart.prefix or ""), ["BI:", "bi3:", "Bi4:", "BI2:", "", "CART2:", "WEB"]
        )
        self.assertEqual(carts.mapped("no_prefix"), [False] * 4 + [True] + [False] * 2)
        message = self.account.message_ids[0]
        for words in ("Shop 1: “bi: ” → “bi3:”", "Shop 5", "Shop 2"):
            self.assertIn(words, message.body)
        self.assertEqual(message.partner_ids, self.account.responsible_id.partner_id)
        told = len(self.account.message_ids)
        self.migrate_all()
        self.assertEqual(len(self.account.message_ids), told, "nothing is left to change")

    def test_the_catalogue_learns_what_is_known_now_and_a_persons_entry_stays(self):
        paypal, shipstation = (
            self.env.ref(f"extensiv_connector.cart_type_{name}") for name in ("paypal", "shipstation")
        )
        before = {"inventory_sync": "unknown", "shipment_confirmation": "unknown", "limits": False}
        paypal.write(before)
        shipstation.write({**before, "shipment_confirmation": "basic"})
        self.migrate_all()
        self.assertEqual(paypal.inventory_sync, "none")
        self.assertEqual(paypal.shipment_confirmation, "none")
        self.assertIn("No payments", paypal.limits)
        self.assertEqual(shipstation.inventory_sync, "none")
        self.assertEqual(shipstation.shipment_confirmation, "basic")

    def test_carts_that_were_told_keep_their_switch_and_others_of_their_kind_are_switched_off(self):
        listed = [Cart(source, source) for source in ("PayPal_1", "PayPal_2")]
        self.env["extensiv.cart"]._sync_from_eim(self.account, listed)  # neither is the other under a new name
        told, marked, never, other = (
            self.order(f"M-{source}", order_source=source).extensiv_cart_id
            for source in ("Infusionsoft", "PayPal_1", "PayPal_2", "Shopify")
        )
        carts = told | marked | never | other
        carts.push_shipments = True
        self.ship(self.inbox("M-Infusionsoft").sale_order_id.picking_ids)
        self.push()
        self.assertTrue(self.told("M-Infusionsoft"))
        self.inbox("M-PayPal_1").sale_order_id.action_extensiv_mark_sent()
        self.migrate_all()
        self.assertEqual(carts.mapped("push_shipments"), [True, False, False, True])
