from odoo.tests import tagged

from .test_inventory_zeros import ZerosCase


@tagged("post_install", "-at_install")
class TestZerosOfLocations(ZerosCase):
    """Zeros of several locations, and of one that EIM does not know."""

    def test_a_few_zeros_in_each_of_several_locations_are_many_together(self):
        places = self.env["stock.location"].create(
            [{"name": f"P{n}", "location_id": self.stock.id, "usage": "internal"} for n in range(4)]
        )
        self.account.location_ids.push_enabled = False
        names = [f"L-{n}" for n in range(4)]
        self.sandbox.store.levels.locations = {name: n for n, name in enumerate(names, 1)}
        self.env["extensiv.location"].create(
            [
                {"account_id": self.account.id, "name": name, "push_enabled": True, "stock_location_id": place.id}
                for name, place in zip(names, places, strict=True)
            ]
        )
        for number, product in enumerate(self.goods):
            self.receive(product, 10, places[number % 4])
        self.push()
        self.account.buffer_qty = 50
        self.push()
        self.assertEqual(set(self.held().mapped("sku")), self.skus)
        self.assertEqual(len(self.error()), 4)
        self.account.buffer_qty = 0
        self.push()
        self.assertFalse(self.held() or self.error())
        self.goods[:5].write({"extensiv_buffer_qty": 50})
        self.push()
        self.assertFalse(self.held(), "five SKUs are few")

    def test_what_eim_may_book_to_another_location_waits(self):
        self.hold_at_eim(100)
        self.east.push_enabled = False
        typo = self.env["extensiv.location"].create(
            {"account_id": self.account.id, "name": "Esat", "push_enabled": True, "stock_location_id": self.empty.id}
        )
        self.push()
        self.assertEqual(self.held().location_id, typo)
        self.assertEqual(set(self.held().mapped("sku")), self.skus)
        self.assertFalse(self.zeros())

    def test_a_location_that_eim_knows_and_that_is_empty_there_is_told(self):
        self.hold_at_eim(100)
        self.east.push_enabled = False
        self.assertTrue(self.west.remote_pk)
        self.west.write({"push_enabled": True, "stock_location_id": self.empty.id})
        self.push()
        self.assertFalse(self.held() or self.zeros())
        self.assertEqual(len(self.zeros("WEST")), len(self.goods + self.products))
