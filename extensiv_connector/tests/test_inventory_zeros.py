from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .test_inventory import InventoryCase

GOODS = 12


class ZerosCase(InventoryCase):
    """Twelve goods beside the tee and the mug, all with stock; EIM is as new as the test wants it."""

    def setUp(self):
        super().setUp()
        self.goods = self.env["product.product"].create(
            [{"name": f"Good {n}", "default_code": f"G-{n}", "is_storable": True} for n in range(GOODS)]
        )
        self.skus = set(self.goods.mapped("default_code"))
        self.empty = self.env["stock.location"].create(
            {"name": "Empty", "location_id": self.stock.location_id.id, "usage": "internal"}
        )

    def stock_up(self, quantity=10, products=None):
        for product in products or self.goods + self.products:
            self.receive(product, quantity)

    def hold_at_eim(self, quantity, skus=None, location="EAST"):
        """Let EIM have stock of SKUs that nobody pushed yet."""
        self.sandbox.store.levels.push(
            [{"sku": sku, "qty_available": quantity, "warehouse": location} for sku in sorted(skus or self.skus)]
        )

    def zeros(self, location="EAST"):
        return {sku for sku, quantity in self.at_eim(location).items() if not quantity}

    def held(self):
        return self.env["extensiv.stock.level"].search([("state", "=", "held")])

    def error(self, state="open"):
        return self.errors(state).filtered("holds_zeros")


@tagged("post_install", "-at_install")
class TestZerosHeld(ZerosCase):
    """Which zeros wait for a person."""

    def test_a_mapping_that_empties_a_location_waits(self):
        self.stock_up()
        self.push()
        self.east.stock_location_id = self.empty
        run = self.push()
        self.assertFalse(self.zeros())
        self.assertEqual(len(self.held()), GOODS + 2)
        self.assertIn("14 zeros wait for a person", run.message)
        error = self.error()
        self.assertEqual(error.category, "data")
        self.assertEqual(error.concerns, "EAST")
        self.assertEqual(error.res_id, self.east.id)
        self.assertIn("14 of the 14 SKUs above zero in the location EAST would become 0", error.message)
        self.assertIn("setting, mapping or rule changed (14)", error.message)
        for words in ("Push Them", "Show"):
            self.assertIn(words, error.message)
        self.push()
        self.assertEqual((self.error(), error.attempts), (error, 1), "told once")
        self.assertFalse(self.zeros())

    def test_putting_it_right_ends_it(self):
        self.stock_up()
        self.push()
        self.east.stock_location_id = self.empty
        self.push()
        error = self.error()
        self.east.stock_location_id = self.stock
        run = self.push()
        self.assertEqual(run.message, "Nothing new.")
        self.assertEqual(error.state, "resolved")
        self.assertFalse(self.held())

    def test_every_setting_that_makes_many_zeros_waits(self):
        self.stock_up()
        self.push()
        owner = self.env["res.partner"].create({"name": "Owner"})
        for values in ({"buffer_qty": 50}, {"owner_id": owner.id}):
            with self.subTest(**values):
                before = self.account.read(list(values))[0]
                self.account.write(values)
                self.push()
                self.assertEqual(len(self.held()), GOODS + 2)
                self.assertEqual(self.zeros(), set())
                self.account.write({"buffer_qty": 0, "owner_id": False})
                self.push()
                self.assertFalse(self.held() or self.error(), before)

    def test_many_renamed_archived_and_merged_skus_wait(self):
        self.stock_up()
        self.push()
        for product in self.goods[:4]:
            product.default_code = f"NEW-{product.default_code}"
        self.goods[4:8].active = False
        run = self.push()
        self.assertEqual(self.held().mapped("held_reason"), ["unfed"] * 8)
        self.assertEqual(set(self.held().mapped("sku")), {f"G-{n}" for n in range(8)})
        self.assertEqual(run.done_count, 4, "the new names are told")
        self.assertEqual(self.at_eim()["NEW-G-0"], 10)

    def test_a_rule_for_many_products_waits(self):
        self.stock_up()
        self.push()
        self.goods.write({"extensiv_stock_rule": "fixed", "extensiv_fixed_qty": 0})
        self.push()
        self.assertEqual(len(self.held()), GOODS)
        self.assertEqual(self.zeros(), set())

    def test_a_few_or_no_more_than_a_third_go_on(self):
        self.stock_up()
        self.push()
        self.goods[:5].active = False
        self.push()
        self.assertEqual(len(self.zeros()), 5, "five are few")
        self.stock_up(
            products=self.env["product.product"].create(
                [{"name": f"More {n}", "default_code": f"M-{n}", "is_storable": True} for n in range(20)]
            )
        )
        self.push()
        self.goods[5:].active = False
        self.push()
        self.assertEqual(len(self.zeros()), 12, "7 of 29 are no more than a third")
        self.assertFalse(self.error())

    def test_what_is_sold_out_goes_on(self):
        self.stock_up()
        self.push()
        for product in self.goods:
            self.sell(product, 10)
        run = self.push()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.zeros(), self.skus)
        self.assertFalse(self.error() or self.held())

    def test_what_is_counted_to_zero_goes_on(self):
        self.stock_up()
        self.push()
        for product in self.goods:
            self.receive(product, 0)
        self.push()
        self.assertEqual(self.zeros(), self.skus)

    def test_a_quant_that_changed_is_a_change_of_stock(self):
        self.stock_up()
        self.push()
        self.account.buffer_qty = 50
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE stock_quant SET write_date = %s WHERE product_id = ANY (%s)",
            [fields.Datetime.now() + timedelta(minutes=1), self.goods[:3].ids],
        )
        self.push()
        self.assertEqual(self.zeros(), set(self.goods[:3].mapped("default_code")))

    def test_what_left_before_a_pass_that_found_nothing_to_tell_explains_nothing(self):
        self.stock_up()
        self.push()
        orders = [self.sell(product, 2) for product in self.goods]
        self.push()
        for order in orders:
            self.deliver(order)
        self.env.flush_all()
        # As each delivery in a transaction of its own writes it.
        for table in ("stock_quant", "stock_move"):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET write_date = clock_timestamp() AT TIME ZONE 'UTC' WHERE product_id = ANY (%s)",
                    SQL.identifier(table),
                    self.goods.ids,
                )
            )
        self.assertEqual(self.push().message, "Nothing new.")
        self.account.buffer_qty = 50
        for _pass in range(2):
            self.push()
            self.assertEqual(len(self.held()), GOODS + 2)
            self.assertEqual(self.zeros(), set())
        for product in self.goods[:3]:
            self.sell(product, 8)
        self.push()
        self.assertEqual(self.zeros(), set(self.goods[:3].mapped("default_code")), "sold out meanwhile")

    def test_stock_that_changed_elsewhere_explains_nothing(self):
        self.stock_up()
        self.push()
        self.east.stock_location_id = self.empty
        for product in self.goods:
            self.receive(product, 20)
        self.push()
        self.assertEqual(len(self.held()), GOODS + 2)
        self.assertEqual(self.zeros(), set())

    def test_an_order_that_waits_is_a_change_of_stock(self):
        self.stock_up()
        self.push()
        self.add_orders(
            {
                "cust_ref": "W-1",
                "items": [{"item": sku, "quantity": "10", "price": "5"} for sku in (*sorted(self.skus), "GHOST")],
            }
        )
        self.pull()
        self.assertEqual(self.inbox("W-1").state, "failed")
        self.push()
        self.assertEqual(self.zeros(), self.skus)

    def test_real_sell_outs_go_on_beside_zeros_that_wait(self):
        self.stock_up()
        self.push()
        self.tee.write({"extensiv_buffer_qty": 0})
        self.goods.write({"extensiv_buffer_qty": 50})
        self.sell(self.tee, 10)
        self.receive(self.mug, 30)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 0)
        self.assertEqual(self.at_eim()["MUG-1"], 30)
        self.assertEqual(set(self.held().mapped("sku")), self.skus)

    def test_what_waits_goes_on_waiting_when_it_gets_fewer(self):
        self.stock_up()
        self.push()
        self.goods.write({"extensiv_buffer_qty": 50})
        self.push()
        self.goods[2:].write({"extensiv_buffer_qty": 0})
        self.push()
        self.assertEqual(len(self.held()), 2)
        self.assertEqual(self.zeros(), set())
        self.assertIn("2 of the 14", self.error().message)

    def test_a_decision_that_came_to_nothing_is_used_up_by_the_next_push(self):
        self.stock_up()
        self.push()
        self.goods.extensiv_stock_rule = "leave"
        self.goods.action_extensiv_set_zero()
        self.goods.extensiv_stock_rule = "push"
        Level = self.env["extensiv.stock.level"]
        Level._confirm_zeros(self.account, [(self.east.id, "TEE-1"), (self.east.id, "MUG-1")])
        self.push()
        self.assertEqual(set(Level.search([("location_id", "=", self.east.id)]).mapped("state")), {"accepted"})
        self.assertEqual(self.push().message, "Nothing new.")
        self.account.buffer_qty = 50
        self.push()
        self.assertEqual(len(self.held()), GOODS + 2)
        self.assertEqual(self.zeros(), set())

    def test_a_lost_answer_does_not_hide_what_eim_may_hold(self):
        self.stock_up(0)
        self.push()
        self.stock_up()
        self.fault(route="push_inventory", kind="lose_answer", count=1000)
        self.assertEqual(self.push().state, "failed")
        self.sandbox.faults.clear()
        self.assertEqual(self.at_eim()["G-0"], 10)
        self.account.buffer_qty = 50
        self.push()
        self.assertEqual(len(self.held()), GOODS + 2)

    def test_a_location_under_a_new_name_is_a_first_push(self):
        self.stock_up()
        self.push()
        self.sandbox.store.levels.locations = {"EASTERN": 1}
        self.hold_at_eim(100, location="EASTERN")
        self.east.write({"name": "EASTERN", "stock_location_id": self.empty.id})
        self.push()
        self.assertEqual(self.zeros("EASTERN"), {"TEE-1", "MUG-1"}, "EIM has none of these there")
        self.assertEqual(set(self.held().mapped("sku")), self.skus)


@tagged("post_install", "-at_install")
class TestFirstZeros(ZerosCase):
    """The first push of a location: what EIM holds decides."""

    def test_what_eim_has_and_odoo_has_not_waits(self):
        self.hold_at_eim(100)
        self.receive(self.tee, 4)
        self.push()
        self.assertFalse(self.zeros() - {"MUG-1"})
        self.assertEqual(self.at_eim()["TEE-1"], 4)
        error = self.error()
        self.assertIn("12 of the 12 SKUs above zero", error.message)
        self.assertIn("Never pushed before (12)", error.message)
        level = self.held().filtered(lambda level: level.sku == "G-3")
        self.assertEqual(level.held_quantity, "100")
        self.assertEqual(level.held_becomes, 0)
        self.assertEqual(level.product_id, self.goods[3])
        self.assertEqual(level.state, "held")
        self.assertEqual(level.pushed_at, False)

    def test_what_eim_has_none_of_either_is_told(self):
        run = self.push()
        self.assertEqual(run.done_count, GOODS + 2)
        self.assertEqual(len(self.zeros()), GOODS + 2)
        self.assertFalse(self.error() or self.held())

    def test_a_third_of_what_eim_holds_goes_on(self):
        others = {f"OTHER-{n}" for n in range(30)}
        self.hold_at_eim(100, self.skus | others)
        self.push()
        self.assertEqual(len(self.zeros() & self.skus), GOODS, "12 of 42")
        self.assertFalse(self.error())

    def test_counting_ends_it_one_by_one(self):
        self.hold_at_eim(100)
        self.push()
        error = self.error()
        for number, product in enumerate(self.goods, 1):
            self.receive(product, 7)
            self.push()
            self.assertEqual(len(self.held()), GOODS - number)
            self.assertFalse(self.zeros() & self.skus)
        self.assertEqual(error.state, "resolved")
        self.assertEqual({sku: self.at_eim()[sku] for sku in self.skus}, dict.fromkeys(self.skus, 7))

    def test_eim_is_not_read_while_the_zeros_wait(self):
        self.hold_at_eim(100)
        self.push()
        read = len(self.calls("list_inventory"))
        self.assertTrue(read)
        for _pass in range(2):
            self.push()
        self.assertEqual(len(self.calls("list_inventory")), read)

    def test_what_cannot_be_read_counts_as_above_zero(self):
        self.hold_at_eim(100)
        self.fault(route="list_inventory", kind="invalid")
        self.push()
        self.assertEqual(len(self.held()), GOODS + 2)
        self.assertIn("could not be read", self.error().message)
        self.assertEqual(set(self.held().mapped("held_quantity")), {"?"})
        self.push()
        self.assertEqual(len(self.held()), GOODS + 2, "EIM is asked again after a while")
        self.east.zeros_read_at = fields.Datetime.subtract(fields.Datetime.now(), hours=2)
        self.push()
        self.assertEqual(len(self.held()), GOODS)
        self.assertEqual(set(self.held().mapped("held_quantity")), {"100"})

    def test_a_refused_key_is_told_instead_of_zeros_that_could_not_be_read(self):
        self.hold_at_eim(100)
        for form in (200, 401):
            with self.subTest(form=form):
                self.account.check_refused_at = False
                self.revoke(form)
                self.assertEqual(self.push().state, "failed")
                self.assertFalse(self.held() or self.errors())
                [error] = self.env["extensiv.error"].search([("account_id", "=", self.account.id)])
                self.assertEqual(error.flow, "connection")
                self.assertEqual(error.key, "credentials")
        self.revoke(None)
        self.push()
        self.assertEqual(set(self.held().mapped("held_quantity")), {"100"})

    def test_new_skus_in_a_location_that_is_pushed_are_looked_up_at_eim(self):
        self.stock_up()
        self.push()
        new = self.env["product.product"].create(
            [{"name": f"New {n}", "default_code": f"N-{n}", "is_storable": True} for n in range(10)]
        )
        self.hold_at_eim(100, {f"N-{n}" for n in range(8)})
        self.push()
        self.assertEqual(set(self.held().mapped("sku")), {f"N-{n}" for n in range(8)})
        self.assertEqual(self.zeros(), {"N-8", "N-9"})
        new[0].active = False
        self.push()
        self.assertFalse(self.level("N-0"), "it was never EIM's to be told of")


@tagged("post_install", "-at_install")
class TestZerosDecided(ZerosCase):
    """What a person does about them."""

    def setUp(self):
        super().setUp()
        self.user = new_test_user(self.env, "zeros_user", "extensiv_connector.group_user")
        self.stock_up()
        self.push()
        self.goods.write({"extensiv_buffer_qty": 50})
        self.push()

    def decide(self, action="action_push_zeros", **kwargs):
        with self.flows():
            result = getattr(self.error(**kwargs).with_user(self.user), action)()
        self.env.invalidate_all()
        return result

    def test_push_them(self):
        error = self.error()
        self.decide()
        self.assertEqual(self.zeros(), self.skus)
        self.assertEqual(error.state, "resolved")
        self.assertFalse(self.held() or self.env["extensiv.stock.level"].search([("zero_allowed", "=", True)]))
        self.goods.write({"extensiv_buffer_qty": 0})
        self.push()
        self.goods.write({"extensiv_buffer_qty": 50})
        self.push()
        self.assertEqual(len(self.held()), GOODS, "another zero is another question")

    def test_what_was_confirmed_is_pushed_though_eim_does_not_answer_at_once(self):
        self.fault(route="push_inventory", kind="500", count=1000)
        self.decide()
        self.assertFalse(self.zeros())
        self.sandbox.faults.clear()
        self.push()
        self.assertEqual(self.zeros(), self.skus)

    def test_only_what_was_shown_is_confirmed(self):
        self.env["extensiv.stock.level"]._confirm_zeros(self.account, [(self.east.id, sku) for sku in ("G-0", "G-1")])
        self.push()
        self.assertEqual(self.zeros(), {"G-0", "G-1"})
        self.assertEqual(len(self.held()), GOODS - 2)

    def test_zeros_confirmed_before_the_first_push_are_told(self):
        self.hold_at_eim(100, self.skus | {"TEE-1", "MUG-1"}, "WEST")
        self.west.write({"push_enabled": True, "stock_location_id": self.empty.id})
        self.env["extensiv.stock.level"]._confirm_zeros(
            self.account, [(self.west.id, sku) for sku in (*self.skus, "TEE-1", "MUG-1")]
        )
        self.push()
        self.assertEqual(len(self.zeros("WEST")), GOODS + 2)

    def test_nobody_confirms_for_another_account(self):
        other = self.account.copy({"name": "Other"})
        self.env["extensiv.stock.level"]._confirm_zeros(other, [(self.east.id, "G-0")])
        self.assertFalse(self.level("G-0").zero_allowed)

    def test_show(self):
        action = self.decide("action_show_zeros")
        shown = self.env["extensiv.stock.level"].with_user(self.user).search(action["domain"])
        self.assertEqual(shown, self.held())
        self.assertEqual(set(shown.mapped("held_quantity")), {"10"})

    def test_neither_retry_nor_push_again_nor_push_everything_go_round_it(self):
        with self.flows():
            self.error().action_retry()
            self.held().action_push_again()
            self.account.action_push_everything()
        self.env.invalidate_all()
        self.assertEqual(self.zeros(), set())
        self.assertEqual(len(self.held()), GOODS)

    def test_dismissing_keeps_them(self):
        error = self.error()
        error.action_dismiss()
        self.push()
        self.assertEqual(self.zeros(), set())
        self.assertEqual(len(self.held()), GOODS)
        self.assertEqual(self.error(), error.browse())
        self.decide(state="dismissed")
        self.assertEqual(self.zeros(), self.skus)
        self.assertEqual(error.state, "resolved")

    def test_a_dismissed_error_comes_back_with_further_zeros(self):
        self.error().action_dismiss()
        self.products.write({"extensiv_buffer_qty": 50})
        self.push()
        self.assertEqual(len(self.held()), GOODS + 2)
        self.assertTrue(self.error())

    def test_a_location_that_is_pushed_no_more_holds_nothing(self):
        error = self.error()
        self.east.push_enabled = False
        self.push()
        self.assertFalse(self.held())
        self.assertEqual(error.state, "resolved")

    def test_the_error_is_told_apart_from_that_of_a_refused_location(self):
        self.receive(self.tee, 30)
        self.push()
        self.assertTrue(self.error(), "the location takes other levels")

    def test_who_is_not_connected_is_told_so(self):
        self.account.state = "draft"
        with self.assertRaisesRegex(UserError, "Connect"):
            self.decide()
        self.assertEqual(len(self.held()), GOODS)
