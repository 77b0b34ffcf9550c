import random
from contextlib import nullcontext, suppress
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows.stock_push import StockPush
from ..sandbox.levels import Level
from .test_reconciliation import SeenCase

SEEDS = 12
STEPS = 40
FAULTS = ("500", "reset", "lose_answer", "cut", "garbage", "rate_limit", "failure")
OPEN = ("waiting", "confirmed", "partially_available", "assigned")


class Killed(BaseException):
    """The process dies: nothing after this runs, and nothing uncommitted stays."""


@tagged("post_install", "-at_install")
class TestAnyHistory(SeenCase):
    """Whatever happens in the warehouses, to EIM and to the process: in the end EIM knows what can be promised.

    Of a product that was left alone it keeps what it had. No pass but the first few, before which all is new, compares
    more than what changed.
    """

    def setUp(self):
        super().setUp()
        Location = self.env["stock.location"]
        self.shelf, self.rack, self.damaged = Location.create(
            [{"name": name, "location_id": self.stock.id} for name in ("Shelf", "Rack", "Damaged")]
        )
        self.bin = Location.create({"name": "Bin", "location_id": self.shelf.id})
        self.second = self.env["stock.warehouse"].create(
            {"name": "Second", "code": "SEC2", "resupply_wh_ids": [fields.Command.link(self.warehouse.id)]}
        )
        self.west.write({"push_enabled": True, "stock_location_id": self.shelf.id})
        north, south, every = self.env["extensiv.location"].create(
            [
                {"name": "NORTH", "stock_location_id": self.second.lot_stock_id.id},
                {
                    "name": "SOUTH",
                    "source": "chosen",
                    "stock_location_ids": (self.stock + self.second.lot_stock_id + self.rack).ids,
                    "excluded_location_ids": self.damaged.ids,
                },
                {"name": "EVERY", "source": "all"},
            ]
        )
        (north + south + every).push_enabled = True
        self.sandbox.store.levels.locations = dict(self.locations_at_eim)
        self.account.push_batch_size = 20
        self.routes = self.make_routes()

    locations_at_eim = {"EAST": 1, "WEST": 2, "NORTH": 3, "SOUTH": 4, "EVERY": 5}

    def make_routes(self):
        """Return the routes that make to order from the supplier, and that drop ship."""
        suppliers = self.env.ref("stock.stock_location_suppliers")
        customers = self.env.ref("stock.stock_location_customers")
        receive = {"action": "pull", "picking_type_id": self.warehouse.in_type_id.id, "location_src_id": suppliers.id}
        deliver = {"action": "pull", "picking_type_id": self.warehouse.out_type_id.id}
        return self.env["stock.route"].create(
            [
                {
                    "name": "Made to order",
                    "product_selectable": True,
                    "rule_ids": [
                        fields.Command.create(
                            {
                                "name": "To order",
                                "location_src_id": self.stock.id,
                                "location_dest_id": customers.id,
                                "procure_method": "make_to_order",
                                **deliver,
                            }
                        ),
                        fields.Command.create({"name": "Bring", "location_dest_id": self.stock.id, **receive}),
                    ],
                },
                {
                    "name": "Drop ship",
                    "product_selectable": True,
                    "rule_ids": [
                        fields.Command.create({"name": "Drop ship", "location_dest_id": customers.id, **receive})
                    ],
                },
            ]
        )

    def test_eim_knows_what_can_be_promised_in_the_end(self):
        self.play_all(range(0, SEEDS, 3))

    def test_it_does_after_other_histories(self):
        self.play_all(range(1, SEEDS, 3))

    def test_it_does_after_still_others(self):
        self.play_all(range(2, SEEDS, 3))

    def play_all(self, seeds):
        """Play a history for each seed. A third at a time: one test of all of them takes minutes on a slow machine."""
        for seed in seeds:
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                self.random = random.Random(seed)
                self.play()
                self.settle()
                self.assert_equal()
                self.assert_reconciled()
                savepoint.rollback()
                self.env.invalidate_all()
                self.sandbox.sandbox.reset(**self.sandbox_options)
                self.sandbox.store.levels.locations = dict(self.locations_at_eim)

    def play(self):
        self.warehouse.delivery_steps = self.random.choice(("ship_only", "pick_ship", "pick_pack_ship"))
        self.warehouse.out_type_id.reservation_method = self.random.choice(("at_confirm", "manual"))
        self.goods = self.env["product.product"].create(
            [{"name": f"Good {number}", "default_code": f"G-{number}", "is_storable": True} for number in range(6)]
        )
        # The barcode of a pack of three is not pushed before EIM is seen to use it.
        self.pack = self.env["uom.uom"].create(
            {"name": "Pack of 3", "relative_factor": 3, "relative_uom_id": self.goods.uom_id.id}
        )
        self.goods.uom_ids = self.pack
        self.env["product.uom"].create(
            [
                {"product_id": product.id, "uom_id": self.pack.id, "barcode": f"B-{number}"}
                for number, product in enumerate(self.goods)
            ]
        )
        self.goods[4].route_ids = self.routes[0]
        self.goods[5].route_ids = self.routes[1]
        # Of what needs no stock nothing is pushed before it has some, or somebody chose it.
        self.goods.extensiv_stock_rule = "push"
        self.kits = self.make_kits()
        self.kept = {}
        self.skus = set((self.goods + self.kits).mapped("default_code")) | {"TEE-1", "MUG-1"}
        for product in self.goods:
            self.env["stock.quant"]._update_available_quantity(product, self.rack, 20)
        self.settle()
        self.passes.clear()
        acts = self.acts()
        for _step in range(STEPS):
            do = self.random.choice(acts)
            # A pass has transactions of its own.
            with nullcontext() if do in self.passing() else self.act():
                do()
        self.settle()
        self.assertFalse([each for each in self.passes if each.is_full])

    def passing(self):
        """Return the acts in which passes run."""
        return [self.do_switch, self.do_push, self.do_faulty_push, self.do_die]

    def acts(self):
        """Return what may happen, more likely what is in it more than once."""
        return [
            self.do_receive,
            self.do_sell,
            self.do_sell,
            self.do_unreserve,
            self.do_reserve,
            self.do_deliver,
            self.do_deliver,
            self.do_cancel,
            self.do_transfer,
            self.do_move,
            self.do_scrap,
            self.do_pack,
            self.do_open_stock_list,
            self.do_archive,
            self.do_rename,
            self.do_alias,
            self.do_alias,
            self.do_list,
            self.do_switch,
            self.do_push,
            self.do_push,
            self.do_faulty_push,
            self.do_faulty_push,
            self.do_die,
        ]

    def make_kits(self):
        """Return kits of two goods each, where the database knows of kits."""
        kits = self.env["product.product"]
        if "mrp.bom" not in self.env:
            return kits
        kits = kits.create([{"name": f"Kit {number}", "default_code": f"K-{number}"} for number in range(2)])
        for number, kit in enumerate(kits):
            self.env["mrp.bom"].create(
                {
                    "product_tmpl_id": kit.product_tmpl_id.id,
                    "type": "phantom",
                    "bom_line_ids": [
                        fields.Command.create({"product_id": self.goods[number].id, "product_qty": 1}),
                        fields.Command.create({"product_id": self.goods[number + 2].id, "product_qty": 2}),
                    ],
                }
            )
        return kits

    def settle(self):
        self.sandbox.faults.clear()
        self.env.flush_all()
        # What a fault made EIM refuse waits for a person, who tries it again.
        if refused := self.errors().filtered(lambda error: error.res_model == "extensiv.stock.level"):
            with self.flows(), self.act():
                refused.action_retry()
            self.env.invalidate_all()
        for _pass in range(5):
            if self.push().message == "Nothing new.":
                return
        self.fail(f"The push never comes to rest: {self.last_run('inventory').message}")

    # -- what must hold

    def assert_equal(self):
        """Compare every SKU that ever was with what quants and moves say, read move by move."""
        feeding = self.feeding()
        kept = {key: quantity for of_product in self.kept.values() for key, quantity in of_product.items()}
        places = self.places()
        for name, of_location in places.items():
            at_eim = self.at_eim(name)
            for sku in self.skus:
                product, units = feeding.get(sku, (None, 1))
                promised = product and int(self.promised(product, of_location) // units)
                wanted = max(0, promised) if product else kept.get((name, sku), 0)
                self.assertEqual(at_eim.get(sku, 0), wanted, f"{name}/{sku}")
            self.assertLessEqual(set(feeding), set(at_eim))
        compare = self.env["extensiv.compare"].create({"account_id": self.account.id})
        with self.flows():
            compare.action_read()
        self.assertEqual((compare.state, compare.difference_count), ("read", 0))

    def feeding(self):
        """Return ``{SKU: (product, how many of it one of the SKU is)}`` of what is pushed."""
        pushed = (self.goods + self.kits + self.products).filtered(
            lambda product: product.active and product.extensiv_push
        )
        aliases = self.env["extensiv.sku.alias"].search([("product_id", "in", pushed.ids)])
        return {
            **{product.default_code: (product, 1) for product in pushed if product.default_code},
            **{alias.sku: (alias.product_id, 3 if alias.uom_id == self.pack else 1) for alias in aliases},
        }

    def places(self):
        """Return ``{location of EIM: the locations of Odoo that count}``, by their parents one by one."""
        internal = self.env["stock.location"].search([("usage", "=", "internal")])

        def below(*roots):
            return internal.filtered(lambda place: any(self.lies_in(place, root) for root in roots))

        second = self.second.lot_stock_id
        return {
            "EAST": below(self.stock),
            "WEST": below(self.shelf),
            "NORTH": below(second),
            "SOUTH": below(self.stock, second) - below(self.damaged),
            "EVERY": below(self.warehouse.view_location_id, self.second.view_location_id),
        }

    def lies_in(self, place, root):
        return place == root or bool(place.location_id) and self.lies_in(place.location_id, root)

    def promised(self, product, places):
        """Return what can be promised of a product: free goods, less what each open move lacks."""
        if product in self.kits:
            lines = self.env["mrp.bom"].search([("product_tmpl_id", "=", product.product_tmpl_id.id)]).bom_line_ids
            return min(self.promised(line.product_id, places) // line.product_qty for line in lines)
        quants = self.env["stock.quant"].search([("product_id", "=", product.id), ("location_id", "in", places.ids)])
        moves = self.env["stock.move"].search([("product_id", "=", product.id), ("state", "in", OPEN)])
        free = sum(quants.mapped("quantity")) - sum(quants.mapped("reserved_quantity"))
        return round(free - sum(self.owed(move, places) for move in moves), 6)

    def owed(self, move, places):
        """Return what one open move will take from ``places`` and does not hold yet."""
        last = move
        while following := last.move_dest_ids.filtered(lambda each: each.state in OPEN):
            last = following[0]
        if move.location_id not in places or (last.location_final_id or last.location_dest_id) in places:
            return 0
        before = move.move_orig_ids
        if move.procure_method == "make_to_order" and "done" not in before.mapped("state"):
            return 0
        coming = sum(each.product_qty for each in before if each.state in OPEN)
        return max(0, move.product_qty - sum(move.move_line_ids.mapped("quantity_product_uom")) - coming)

    # -- what may happen

    def one(self):
        return self.random.choice(self.goods)

    def place(self):
        return self.random.choice((self.stock, self.shelf, self.bin, self.rack, self.damaged, self.second.lot_stock_id))

    def do_receive(self):
        self.env["stock.quant"]._update_available_quantity(
            self.one(), self.place(), self.random.choice((1, 3, 7.5, -2))
        )

    def do_sell(self):
        product = self.random.choice(self.goods + self.kits)
        if product.active:
            order = self.sell(product, self.random.randint(1, 30), confirm=False)
            order.warehouse_id = self.random.choice((self.warehouse, self.warehouse, self.second))
            order.action_confirm()

    def transfers(self, *states):
        return self.env["stock.picking"].search([("state", "in", states or OPEN), ("product_id", "in", self.goods.ids)])

    def pick_transfer(self, *states):
        transfers = self.transfers(*states)
        return self.random.choice(transfers) if transfers else transfers

    def do_unreserve(self):
        self.pick_transfer("assigned").do_unreserve()

    def do_reserve(self):
        with suppress(Exception), self.env.cr.savepoint():  # there may be nothing to reserve
            self.pick_transfer("confirmed").action_assign()

    def do_deliver(self):
        transfer = self.pick_transfer("assigned")
        transfer.move_ids.picked = True
        transfer._action_done()

    def do_cancel(self):
        self.pick_transfer().action_cancel()

    def do_transfer(self):
        """Have the second warehouse supplied by the first, by two transfers one after the other."""
        Rule = self.env["stock.rule"]
        values = {
            "warehouse_id": self.second,
            "date_planned": fields.Datetime.now(),
            "route_ids": self.second.resupply_route_ids,
        }
        product = self.random.choice(self.goods[:4])
        quantity = self.random.randint(1, 8)
        Rule.run(
            [
                Rule.Procurement(
                    product, quantity, product.uom_id, self.second.lot_stock_id, "R", "R", self.company, values
                )
            ]
        )

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

    def do_pack(self):
        """Put goods into a package, or take a whole package away."""
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "in", self.goods.ids),
                ("package_id", "!=", False),
                ("reserved_quantity", "=", 0),
                ("quantity", ">", 0),
            ]
        )
        if quants and self.random.random() < 0.6:
            package = self.random.choice(quants.package_id)
            for quant in quants.filtered(lambda quant: quant.package_id == package):
                quant._update_available_quantity(
                    quant.product_id, quant.location_id, -quant.quantity, package_id=package
                )
            self.env["stock.quant"]._unlink_zero_quants()
        else:
            package = self.env["stock.package"].create({"name": f"PACK-{self.random.random()}"})
            self.env["stock.quant"]._update_available_quantity(
                self.one(), self.place(), self.random.randint(1, 9), package_id=package
            )

    def do_open_stock_list(self):
        """Have Odoo merge quants and delete empty ones, as it does before the list is shown."""
        self.env["stock.quant"].with_context(inventory_mode=True).action_view_inventory()

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
        aliases = self.env["extensiv.sku.alias"].search_count([("product_id", "=", product.id)])
        product.default_code = self.random.choice([*sorted(names), *([] if aliases else [False])])
        self.skus.add(product.default_code)
        self.skus.discard(False)

    def do_alias(self):
        """Give a product another SKU, of one or of a pack, or take one away."""
        products = self.goods + self.kits
        number = self.random.randrange(len(products))
        product = products[number]
        if product in self.kept or not product.default_code:
            return
        letter, unit = self.random.choice((("A", False), ("P", self.pack.id)))
        sku = f"{letter}-{number % 3}"
        self.skus.add(sku)
        alias = self.env["extensiv.sku.alias"].search([("account_id", "=", self.account.id), ("sku", "=", sku)])
        if alias.product_id in self.kept:
            return
        if alias:
            alias.unlink()
        else:
            alias.create({"account_id": self.account.id, "sku": sku, "product_id": product.id, "uom_id": unit})

    def do_list(self):
        """Let EIM be seen to use the barcode of a pack, or a person say that it is not to be offered."""
        sku = f"B-{self.random.randrange(len(self.goods))}"
        alias = self.env["extensiv.sku.alias"].search([("account_id", "=", self.account.id), ("sku", "=", sku)])
        if alias.product_id in self.kept:
            return
        self.skus.add(sku)
        if alias:
            alias.unlink()
            return
        self.sandbox.store.levels.items.setdefault(sku, {"EAST": Level(0, 0, "2024-01-01T00:00:00+00:00")})
        with self.flows():
            self.account.action_sku_report()
        self.env.invalidate_all()

    def do_switch(self):
        """Leave a product alone, or push it again; with everything told before, so that what is kept is known."""
        product = self.one()
        if product.extensiv_push:
            self.settle()
            aliases = self.env["extensiv.sku.alias"].search([("product_id", "=", product.id)])
            with self.act():
                product.extensiv_push = False
            self.kept[product] = {
                (name, sku): self.at_eim(name).get(sku, 0)
                for name in self.locations_at_eim
                for sku in (product.default_code, *aliases.mapped("sku"))
            }
        else:
            with self.act():
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
