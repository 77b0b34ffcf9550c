from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..flows.stock_explanation import explain_level
from ..sandbox.levels import Level
from .shipments_common import ShipmentCase
from .test_inventory import InventoryCase

BARCODE = "0614141999996"
PACK_BARCODE = "0614141999989"


class SkuMixin:
    """Builders of what has more than one SKU."""

    def alias(self, sku):
        return self.aliases().filtered(lambda alias: alias.sku == sku)

    def aliases(self):
        return (
            self.env["extensiv.sku.alias"]
            .with_context(active_test=False)
            .search([("account_id", "=", self.account.id)])
        )

    def make_alias(self, sku, product, **values):
        return self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": sku, "product_id": product.id, **values}
        )

    def make_pack(self, product, units=6, barcode=PACK_BARCODE):
        pack = self.env["uom.uom"].create(
            {"name": f"Pack of {units}", "relative_factor": units, "relative_uom_id": product.uom_id.id}
        )
        product.product_tmpl_id.uom_ids = [Command.link(pack.id)]
        self.env["product.uom"].create({"product_id": product.id, "uom_id": pack.id, "barcode": barcode})
        return pack

    def list_at_eim(self, *skus):
        """Let EIM list SKUs that nobody here pushed."""
        for sku in skus:
            self.sandbox.store.levels.items[sku] = {"EAST": Level(3, 3, "2024-01-01T00:00:00+00:00")}

    def compare_skus(self):
        with self.flows():
            action = self.account.action_sku_report()
        lines = self.env[action["res_model"]].search(action["domain"])
        return {line.sku: line for line in lines if line.sku}

    def order_of(self, sku, cust_ref="O-1", quantity=1, **line):
        self.add_orders(
            {"cust_ref": cust_ref, "items": [{"item": sku, "quantity": str(quantity), "price": "5", **line}]}
        )
        self.pull()
        return self.inbox(cust_ref)


@tagged("post_install", "-at_install")
class TestSkus(SkuMixin, InventoryCase):
    """A product's level is told under every SKU that its orders come in with."""

    def setUp(self):
        super().setUp()
        self.receive(self.tee, 13)

    def test_a_product_without_a_reference_is_pushed_under_its_aliases(self):
        self.tee.default_code = False
        self.push()
        self.assertEqual(self.at_eim(), {"MUG-1": 0})
        self.assertIn("no alias", explain_level(self.east, self.tee)["reason"])
        self.make_alias("TEE-A", self.tee)
        self.make_alias("TEE-B", self.tee)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-A": 13, "TEE-B": 13, "MUG-1": 0})
        self.alias("TEE-A").active = False
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-A": 0, "TEE-B": 13, "MUG-1": 0})

    def test_a_barcode_is_pushed_once_an_order_line_shows_that_eim_uses_it(self):
        self.tee.barcode = BARCODE
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 13, "MUG-1": 0})
        self.assertEqual(self.order_of(BARCODE).state, "imported")
        alias = self.alias(BARCODE)
        self.assertEqual((alias.product_id, alias.origin), (self.tee, "order"))
        self.assertEqual((alias.code, alias.code_kind), (BARCODE, "barcode"))
        self.assertIn(BARCODE, self.account.message_ids[0].body)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 12, BARCODE: 12, "MUG-1": 0})
        self.order_of(BARCODE, "O-2")
        self.assertEqual(self.aliases(), alias)

    def test_another_code_that_eim_has_of_a_sku_leads_to_its_product(self):
        self.tee.barcode = BARCODE
        order = self.order_of("CART-9", aliases=[{"code_type": "UPC", "code": BARCODE}])
        self.assertEqual(order.state, "imported")
        self.assertEqual((self.alias("CART-9").code, self.alias("CART-9").code_kind), (BARCODE, "barcode"))
        self.push()
        self.assertEqual(self.at_eim()["CART-9"], 12)

    def test_an_order_that_fails_teaches_too(self):
        self.tee.barcode = BARCODE
        self.add_orders(
            {
                "cust_ref": "O-1",
                "items": [
                    {"item": BARCODE, "quantity": "2", "price": "5"},
                    {"item": "GHOST", "quantity": "1", "price": "5"},
                ],
            }
        )
        self.pull()
        self.assertEqual(self.inbox("O-1").state, "failed")
        self.push()
        self.assertEqual(self.at_eim()[BARCODE], 11)

    def test_what_is_found_by_its_reference_or_by_a_person_is_not_learned(self):
        self.make_alias("TEE-A", self.tee)
        self.order_of("TEE-1", "O-1")
        self.order_of("TEE-A", "O-2")
        self.order_of("GHOST", "O-3")
        self.assertEqual(self.aliases().mapped("origin"), ["person"])

    def test_eims_list_teaches_and_the_screen_says_so(self):
        self.tee.barcode = BARCODE
        self.list_at_eim(BARCODE)
        line = self.compare_skus()[BARCODE]
        self.assertEqual((line.state, line.product_id), ("matched", self.tee))
        self.assertIn(f"Barcode {BARCODE}: kept as an alias", line.message)
        self.assertEqual((self.alias(BARCODE).origin, self.alias(BARCODE).product_id), ("list", self.tee))
        self.push()
        self.assertEqual(self.at_eim()[BARCODE], 13)

    def test_comparing_levels_reads_eims_list_too(self):
        self.tee.barcode = BARCODE
        self.list_at_eim(BARCODE)
        wizard = self.env["extensiv.compare"].create({"account_id": self.account.id})
        with self.flows():
            wizard.action_read()
        self.assertEqual(self.alias(BARCODE).origin, "list")

    def test_what_a_person_deletes_or_archives_is_not_learned_again(self):
        self.tee.barcode = BARCODE
        self.order_of(BARCODE, "O-1")
        manager = new_test_user(self.env, "sku_manager", "extensiv_connector.group_manager")
        self.alias(BARCODE).with_user(manager).unlink()
        self.assertFalse(self.alias(BARCODE).active)
        self.list_at_eim(BARCODE)
        line = self.compare_skus()[BARCODE]
        self.assertEqual(line.state, "orders_only")
        self.assertIn("not pushed under this SKU", line.message)
        self.assertEqual(self.order_of(BARCODE, "O-2").state, "imported", "orders find it all the same")
        self.assertFalse(self.aliases().filtered("active"))
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 11)
        self.assertNotIn(BARCODE, self.at_eim(), "EIM's own number stays")
        self.alias(BARCODE).unlink()  # deleted for good, it may be learned anew
        self.order_of(BARCODE, "O-3")
        self.assertTrue(self.alias(BARCODE).active)

    def test_a_person_may_say_again_what_was_archived(self):
        self.tee.barcode = BARCODE
        self.order_of(BARCODE)
        self.alias(BARCODE).active = False
        alias = self.make_alias(BARCODE, self.mug)
        self.assertEqual(alias.origin, "person")
        self.order_of(BARCODE, "O-2")
        self.assertEqual(self.inbox("O-2").sale_order_id.order_line[0].product_id, self.mug)
        self.assertEqual(alias.product_id, self.mug)

    def test_what_was_learned_follows_its_code_and_what_a_person_said_stays(self):
        self.tee.barcode = BARCODE
        self.order_of(BARCODE, "O-1")
        self.tee.barcode = False
        self.assertEqual(self.order_of(BARCODE, "O-2").sale_order_id.order_line[0].product_id, self.tee, "it is kept")
        self.mug.barcode = BARCODE
        self.assertEqual(self.order_of(BARCODE, "O-3").sale_order_id.order_line[0].product_id, self.mug)
        self.assertEqual((self.alias(BARCODE).product_id, self.alias(BARCODE).origin), (self.mug, "order"))
        self.alias(BARCODE).product_id = self.tee
        self.assertEqual((self.alias(BARCODE).origin, self.alias(BARCODE).code), ("person", False))
        self.assertEqual(self.order_of(BARCODE, "O-4").sale_order_id.order_line[0].product_id, self.tee)

    def test_what_was_learned_leaves_an_archived_product_for_the_one_that_took_its_place(self):
        self.tee.barcode = BARCODE
        self.order_of(BARCODE, "O-1")
        self.tee.active = False
        self.mug.barcode = BARCODE
        self.assertEqual(self.order_of(BARCODE, "O-2").sale_order_id.order_line[0].product_id, self.mug)
        self.assertEqual(self.alias(BARCODE).product_id, self.mug)

    def test_who_may_not_change_aliases_overwrites_none_that_was_learned(self):
        self.tee.barcode = BARCODE
        self.order_of(BARCODE)
        user = new_test_user(self.env, "sku_user", "extensiv_connector.group_user")
        aliases = self.env["extensiv.sku.alias"].with_user(user)
        with self.assertRaisesRegex(UserError, "only an Extensiv manager"):
            aliases._set_product(self.account.with_user(user), BARCODE, self.mug)
        self.assertEqual(self.alias(BARCODE).product_id, self.tee)

    def test_a_learned_alias_of_a_product_that_is_left_alone_is_not_touched(self):
        self.tee.barcode = BARCODE
        self.order_of(BARCODE)
        self.push()
        self.tee.extensiv_stock_rule = "leave"
        self.receive(self.tee, 1)
        self.push()
        self.assertEqual(self.at_eim()[BARCODE], 12)
        self.assertEqual(self.compare_skus()[BARCODE].state, "orders_only")

    def test_many_learned_at_once_are_not_all_named(self):
        products = self.env["product.product"].create(
            [{"name": f"P {number}", "barcode": f"B-{number}", "is_storable": True} for number in range(30)]
        )
        self.list_at_eim(*products.mapped("barcode"))
        self.compare_skus()
        self.assertEqual(self.aliases().product_id, products)
        self.assertIn("10 more", self.account.message_ids[0].body)

    def test_the_explanation_says_that_two_skus_offer_the_same_goods(self):
        self.env.flush_all()
        explained = explain_level(self.east, self.tee)
        self.assertEqual((explained["quantities"], explained["notes"]), ({"TEE-1": 13}, []))
        self.make_alias("TEE-A", self.tee)
        explained = explain_level(self.east, self.tee)
        self.assertEqual(explained["quantities"], {"TEE-1": 13, "TEE-A": 13})
        self.assertIn("offered under several SKUs (TEE-1: 13, TEE-A: 13)", explained["notes"][0])

    def test_the_diagnosis_says_orders_only(self):
        self.tee.barcode = BARCODE
        match = self.env["product.product"]._extensiv_match(self.account, {BARCODE: ()})[BARCODE]
        diagnosis = self.env["extensiv.diagnosis"].create({"account_id": self.account.id})
        [line] = diagnosis._lines_direction(BARCODE, match)
        self.assertIn("Orders only", line.sentence)
        _quantity, [line] = diagnosis._wanted(self.east, self.tee, BARCODE)
        self.assertIn("pushed under TEE-1", line.sentence)
        self.order_of(BARCODE)
        match = self.env["product.product"]._extensiv_match(self.account, {BARCODE: ()})[BARCODE]
        self.assertFalse(diagnosis._lines_direction(BARCODE, match))

    def test_a_spelling_is_compared_with_packagings_and_with_no_archived_alias(self):
        self.make_pack(self.tee, barcode="PACK-6")
        self.make_alias("OLD-1", self.mug).active = False
        matches = self.env["product.product"]._extensiv_match(self.account, {"pack-6": (), "old-1": ()})
        self.assertIn("barcode of a packaging", matches["pack-6"].problem)
        self.assertFalse(matches["old-1"].alike)


@tagged("post_install", "-at_install")
class TestPacks(SkuMixin, InventoryCase):
    """A pack's SKU offers as many whole packs as the stock makes."""

    def setUp(self):
        super().setUp()
        self.receive(self.tee, 13)
        self.pack = self.make_pack(self.tee)

    def test_a_pack_that_eim_lists_offers_whole_packs(self):
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 13, "MUG-1": 0})
        self.list_at_eim(PACK_BARCODE)
        line = self.compare_skus()[PACK_BARCODE]
        self.assertEqual(line.state, "matched")
        self.assertIn("A pack of 6", line.message)
        alias = self.alias(PACK_BARCODE)
        self.assertEqual((alias.uom_id, alias.code_kind), (self.pack, "packaging"))
        for quantity, packs in ((13, 2), (12, 2), (11.99, 1), (5, 0)):
            self.receive(self.tee, quantity)
            self.push()
            self.assertEqual(self.at_eim()[PACK_BARCODE], packs, quantity)
        self.receive(self.tee, 13)
        self.tee.extensiv_buffer_qty = 2
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 11, PACK_BARCODE: 1, "MUG-1": 0})
        explained = explain_level(self.east, self.tee)
        self.assertEqual(explained["quantities"], {"TEE-1": 11, PACK_BARCODE: 1})
        self.assertIn("pack of 6", explained["notes"][0])

    def test_a_barcode_that_is_another_packs_now_is_delivered_and_offered_so(self):
        self.receive(self.tee, 40)
        self.order_of(PACK_BARCODE, "O-1")
        self.env["product.uom"].search([("barcode", "=", PACK_BARCODE)]).unlink()
        self.make_pack(self.tee, 12)
        line = self.order_of(PACK_BARCODE, "O-2").sale_order_id.order_line[0]
        self.assertEqual(sum(line.move_ids.mapped("product_qty")), 12)
        self.assertEqual(self.alias(PACK_BARCODE).origin, "order")
        self.push()
        self.assertEqual(self.at_eim()[PACK_BARCODE], 1, "22 are left")

    def test_a_person_says_that_a_sku_is_a_pack(self):
        self.make_alias("TEE-SIX", self.tee, uom_id=self.pack.id)
        self.push()
        self.assertEqual(self.at_eim()["TEE-SIX"], 2)
        with self.assertRaisesRegex(ValidationError, "cannot be counted"):
            self.make_alias("TEE-KG", self.tee, uom_id=self.env.ref("uom.product_uom_kgm").id)

    def test_what_is_smaller_than_the_products_unit_is_counted_exactly(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        eggs = self.env["product.product"].create(
            {"name": "Eggs", "default_code": "EGGS-12", "is_storable": True, "uom_id": dozen.id}
        )
        self.make_alias("EGG", eggs, uom_id=self.env.ref("uom.product_uom_unit").id)
        self.receive(eggs, 10)
        self.push()
        self.assertEqual((self.at_eim()["EGGS-12"], self.at_eim()["EGG"]), (10, 120))

    def test_an_order_of_packs_that_waits_takes_their_pieces(self):
        self.add_orders(
            {
                "cust_ref": "O-1",
                "items": [
                    {"item": PACK_BARCODE, "quantity": "1", "price": "5"},
                    {"item": "GHOST", "quantity": "1", "price": "5"},
                ],
            }
        )
        self.pull()
        self.assertEqual(self.inbox("O-1").state, "failed")
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, PACK_BARCODE: 1, "MUG-1": 0})

    def test_a_pack_is_not_taken_for_a_count(self):
        self.list_at_eim(PACK_BARCODE)
        with self.flows():
            action = self.east.action_take_quantities()
        taking = self.env[action["res_model"]].browse(action["res_id"])
        with self.flows():
            taking.action_read()
        [line] = taking.line_ids.filtered(lambda line: line.sku == PACK_BARCODE)
        self.assertIn("pack of 6", line.reason)


@tagged("post_install", "-at_install")
class TestOrdersOfPacks(SkuMixin, ShipmentCase):
    def test_an_order_of_packs_delivers_their_pieces_and_tells_packs(self):
        pack = self.make_pack(self.tee)
        sale = self.order(lines={PACK_BARCODE: 2})
        line = sale.order_line.filtered("extensiv_sku")
        self.assertEqual((line.product_id, line.product_uom_id, line.product_uom_qty), (self.tee, pack, 2))
        self.assertEqual(sale.amount_total, 10)
        self.assertEqual(sum(sale.picking_ids.move_ids.mapped("product_qty")), 12)
        self.ship(sale.picking_ids)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {PACK_BARCODE: 2})])


@tagged("post_install", "-at_install")
class TestSharedSkus(SkuMixin, InventoryCase):
    """A SKU that a second product gets goes on with the product that fed it."""

    def setUp(self):
        super().setUp()
        self.receive(self.tee, 13)
        self.push()
        self.twin = self.env["product.product"].create(
            {"name": "Twin", "default_code": "TEE-1", "is_storable": True, "extensiv_buffer_qty": 3}
        )
        self.receive(self.twin, 50)

    def test_the_product_that_fed_it_goes_on_and_both_are_named(self):
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 13)
        error = self.errors()
        self.assertEqual(error.key, "EAST/TEE-1")
        self.assertIn("The stock of [TEE-1] Black tee goes on", error.message)
        self.assertIn("Twin", error.message)
        self.receive(self.tee, 9)
        self.push()
        self.assertEqual((self.at_eim()["TEE-1"], self.level("TEE-1").product_id), (9, self.tee))
        self.assertEqual((self.errors(), error.attempts), (error, 1), "told once")
        self.assertEqual(self.push().message, "Nothing new.")
        self.tee.default_code = "TEE-9"
        self.push()
        self.assertEqual((self.at_eim()["TEE-1"], self.at_eim()["TEE-9"]), (47, 9))
        self.assertEqual(error.state, "resolved")

    def test_a_location_that_is_new_goes_on_with_it_too(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.receive(self.tee, 2, shelf)
        self.west.write({"push_enabled": True, "stock_location_id": shelf.id})
        self.push()
        self.assertEqual((self.at_eim()["TEE-1"], self.at_eim("WEST")["TEE-1"]), (15, 2))

    def test_an_alias_goes_on_against_a_new_reference(self):
        self.make_alias("ALT", self.tee)
        self.push()
        self.twin.default_code = "ALT"
        self.receive(self.tee, 8)
        self.push()
        self.assertEqual((self.at_eim()["ALT"], self.at_eim()["TEE-1"]), (8, 8))
        self.assertEqual(self.errors().mapped("key"), ["EAST/ALT"])

    def test_the_explanation_and_the_preview_say_the_same(self):
        explained = explain_level(self.east, self.tee)
        self.assertEqual((explained["quantities"], explained["reason"]), ({"TEE-1": 13}, ""))
        self.assertIn("goes on being pushed", explained["notes"][0])
        self.assertIn("belongs to several products", explain_level(self.east, self.twin)["reason"])
        self.receive(self.tee, 4)
        with self.flows():
            preview = self.env["extensiv.stock.preview"]._make(self.account)
        [line] = preview.line_ids.filtered(lambda line: line.sku == "TEE-1")
        self.assertEqual((line.state, line.quantity, line.product_id), ("changed", 4, self.tee))

    def test_where_none_fed_it_nothing_is_guessed(self):
        for product in (self.tee, self.twin):
            product.default_code = "NEW"
        self.push()
        self.assertNotIn("NEW", self.at_eim())
        self.assertIn("nothing is pushed", self.errors().message)
