import random
from contextlib import suppress
from unittest.mock import patch

from odoo.tests import tagged

from ..flows.stock_push import StockPush
from .test_inventory import InventoryCase

SEEDS = range(12)
STEPS = 40
FAULTS = ("500", "reset", "lose_answer", "cut", "garbage", "rate_limit", "failure")


class Killed(BaseException):
    """The process dies: nothing after this runs, and nothing uncommitted stays."""


@tagged("post_install", "-at_install")
class TestAnyHistory(InventoryCase):
    """Whatever happens in the warehouse, to EIM and to the process: in the end EIM knows what Odoo knows.

    Of a product that was left alone it keeps what it had.
    """

    def setUp(self):
        super().setUp()
        self.shelf, self.rack = self.env["stock.location"].create(
            [{"name": name, "location_id": self.stock.id} for name in ("Shelf", "Rack")]
        )
        self.west.write({"push_enabled": True, "stock_location_id": self.shelf.id})
        self.account.push_batch_size = 2

    def test_eim_equals_odoo_in_the_end(self):
        for seed in SEEDS:
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                self.random = random.Random(seed)
                self.play()
                self.settle()
                self.assert_equal()
                savepoint.rollback()
                self.env.invalidate_all()
                self.sandbox.sandbox.reset(**self.sandbox_options)
                self.sandbox.store.levels.locations = {"EAST": 1, "WEST": 2}

    def play(self):
        self.goods = self.env["product.product"].create(
            [{"name": f"Good {number}", "default_code": f"G-{number}", "is_storable": True} for number in range(6)]
        )
        self.kept = {}
        self.skus = set(self.goods.mapped("default_code")) | {"TEE-1", "MUG-1"}
        for product in self.goods:
            self.env["stock.quant"]._update_available_quantity(product, self.rack, 20)
        acts = [
            self.do_receive,
            self.do_sell,
            self.do_deliver,
            self.do_cancel,
            self.do_move,
            self.do_scrap,
            self.do_archive,
            self.do_rename,
            self.do_switch,
            self.do_push,
            self.do_push,
            self.do_faulty_push,
            self.do_faulty_push,
            self.do_die,
        ]
        for _step in range(STEPS):
            self.random.choice(acts)()

    def settle(self):
        self.sandbox.faults.clear()
        for _pass in range(5):
            if self.push().message == "Nothing new.":
                return
        self.fail(f"The push never comes to rest: {self.last_run('inventory').message}")

    def assert_equal(self):
        """Compare every SKU that ever was with Odoo's own ``free_qty``."""
        feeding = {
            product.default_code: product
            for product in self.goods + self.products
            if product.active and product.default_code and product.extensiv_push
        }
        kept = {key: quantity for of_product in self.kept.values() for key, quantity in of_product.items()}
        for location, name in ((self.stock, "EAST"), (self.shelf, "WEST")):
            at_eim = self.at_eim(name)
            for sku in self.skus:
                product = feeding.get(sku)
                if product:
                    wanted = max(0, int(product.with_context(location=location.id).free_qty))
                else:
                    wanted = kept.get((name, sku), 0)
                self.assertEqual(at_eim.get(sku, 0), wanted, f"{name}/{sku}")
            self.assertLessEqual(set(feeding), set(at_eim))

    # -- what may happen

    def one(self):
        return self.random.choice(self.goods)

    def place(self):
        return self.random.choice((self.stock, self.shelf, self.rack))

    def do_receive(self):
        self.env["stock.quant"]._update_available_quantity(
            self.one(), self.place(), self.random.choice((1, 3, 7.5, -2))
        )

    def do_sell(self):
        product = self.one()
        if product.active:
            self.sell(product, self.random.randint(1, 30))

    def deliveries(self):
        return self.env["stock.picking"].search(
            [("picking_type_code", "=", "outgoing"), ("state", "=", "assigned"), ("product_id", "in", self.goods.ids)]
        )

    def do_deliver(self):
        picking = self.deliveries()[:1]
        picking.move_ids.picked = True
        picking._action_done()

    def do_cancel(self):
        self.deliveries()[:1].action_cancel()

    def do_move(self):
        move = self.env["stock.move"].create(
            {
                "product_id": self.one().id,
                "product_uom_qty": 2,
                "location_id": self.rack.id,
                "location_dest_id": self.shelf.id,
            }
        )
        move._action_confirm()
        move._action_assign()
        move.quantity = 2
        move.picked = True
        move._action_done()

    def do_scrap(self):
        self.env["stock.scrap"].create(
            {"product_id": self.one().id, "scrap_qty": 1, "location_id": self.place().id}
        ).do_scrap()

    def do_archive(self):
        product = self.one()
        if product in self.kept:
            return
        product.active = not product.active

    def do_rename(self):
        product = self.one()
        if product in self.kept:
            return
        names = {f"G-{number}" for number in range(9)} - set(self.goods.mapped("default_code"))
        product.default_code = self.random.choice([*sorted(names), False])
        self.skus.add(product.default_code)
        self.skus.discard(False)

    def do_switch(self):
        """Leave a product alone, or push it again; with everything told before, so that what is kept is known."""
        product = self.one()
        if product.extensiv_push:
            self.settle()
            product.extensiv_push = False
            self.kept[product] = {
                (name, product.default_code): self.at_eim(name).get(product.default_code, 0)
                for name in ("EAST", "WEST")
            }
        else:
            product.extensiv_push = True
            self.kept.pop(product, None)

    def do_push(self):
        self.push()

    def do_faulty_push(self):
        for _fault in range(self.random.randint(1, 3)):
            self.fault(route="push_inventory", kind=self.random.choice(FAULTS), message="Try again")
        self.push()

    def do_die(self):
        """Be killed between EIM's acceptance and our record of it."""
        self.env.flush_all()
        with (
            patch.object(StockPush, "write_answers", side_effect=Killed),
            self.flows(),
            suppress(Killed),
        ):
            self.account.action_push_inventory()
        self.env.invalidate_all()
