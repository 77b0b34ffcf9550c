import json
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..flows import holds
from ..flows.order_draft import DraftBuilder
from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "1", "price": "10.00"}


@tagged("post_install", "-at_install")
class TestHeldReasons(ConnectorCase):
    """An order that stays a quotation is an open error until somebody confirms, cancels or deletes it."""

    def setUp(self):
        super().setUp()
        self.connect()
        self.account.write({"pull_orders": True, "sku_policy": "placeholder"})

    def pulled(self, cust_ref="R-1", items=(LINE,), **order):
        self.add_orders({"cust_ref": cust_ref, "items": list(items), **order})
        self.pull()
        return self.inbox(cust_ref).sale_order_id

    def errors(self, state="open"):
        return self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", state)])

    def shown(self):
        self.account.invalidate_recordset(["dashboard"])
        return json.loads(self.account.dashboard)

    def choose(self, sale):
        line = sale.order_line.filtered("extensiv_needs_product")[0]
        self.env["extensiv.choose.product"].create(
            {"line_id": line.id, "product_id": self.products[0].id}
        ).action_choose()

    # -- told everywhere

    def test_each_reason_is_an_open_error_with_the_sale_order_as_its_document(self):
        differs = self.pulled("R-1", grand_total="12.00")
        unknown = self.pulled("R-2", [{**LINE, "item": "NEW-9"}])
        errors = self.errors().sorted("key")
        self.assertRecordValues(
            errors,
            [
                {"key": "R-1", "step": "confirm", "category": "data", "res_model": "sale.order", "res_id": differs.id},
                {"key": "R-2", "step": "confirm", "category": "data", "res_model": "sale.order", "res_id": unknown.id},
            ],
        )
        self.assertIn("The total here is 10.00 USD, EIM's is 12.00.", errors[0].message)
        self.assertIn("Choose the products of NEW-9", errors[1].message)
        self.assertEqual(errors.mapped("fix"), ["difference", "product"])

    def test_it_is_counted_filtered_and_mailed_and_all_is_not_well(self):
        sale = self.pulled(grand_total="12.00")
        right = self.pulled("R-2")
        self.assertEqual(self.shown()["held"], 1)
        self.assertFalse(self.shown()["well"])
        self.assertEqual(self.env["sale.order"].search([("extensiv_is_held", "=", True)]), sale)
        self.assertEqual(self.env["extensiv.order"].search([("is_held", "=", True)]), self.inbox("R-1"))
        self.account.responsible_id = self.env["res.users"].create(
            {
                "name": "Keeper",
                "login": "keeper",
                "email": "keeper@example.com",
                "group_ids": self.env.ref("extensiv_connector.group_user").ids,
            }
        )
        self.assertIn("Held as quotation: 1", self.account._send_daily_mail().body_html)
        self.errors().action_dismiss()
        self.assertEqual(self.shown()["said"], "Held as quotation: 1.", "also where the error was dismissed")
        self.assertEqual(right.state, "sale")
        self.assertFalse(right.extensiv_is_held)

    def test_confirming_cancelling_and_deleting_settle_it(self):
        sales = [self.pulled(ref, grand_total="12.00") for ref in ("R-1", "R-2", "R-3", "R-4")]
        self.errors().filtered(lambda error: error.key == "R-4").action_dismiss()
        sales[0].action_confirm()
        sales[1]._action_cancel()
        sales[2].unlink()
        sales[3].action_confirm()
        self.assertFalse(self.errors())
        self.assertFalse(self.errors("dismissed"))
        self.assertFalse(self.inbox("R-1").message)
        self.assertEqual(self.shown()["held"], 0)
        self.assertEqual(self.shown()["said"], "All is well.")

    def test_quotations_that_were_wished_for_are_not_held_unless_something_is_wrong(self):
        self.account.order_policy = "draft"
        right, wrong = self.pulled("R-1"), self.pulled("R-2", grand_total="12.00")
        self.assertEqual(right.state, "draft")
        self.assertEqual([right.extensiv_is_held, wrong.extensiv_is_held], [False, True])
        self.assertEqual(self.errors().key, "R-2")

    def test_a_held_order_without_an_error_gets_one_by_the_next_pass_and_a_dismissed_one_does_not(self):
        self.pulled(grand_total="12.00")
        self.errors().unlink()
        self.pull()
        self.assertEqual(self.errors().step, "confirm")
        self.errors().action_dismiss()
        self.pull()
        self.assertFalse(self.errors())

    # -- what is true now

    def test_mended_things_vanish_and_notes_are_no_warnings(self):
        sale = self.pulled(
            items=[{**LINE, "item": "NEW-9"}, {"item": "WARRANTY", "filtered_sku": "Y", "price": "0"}],
            grand_total="12.00",
        )
        self.assertIn("NEW-9", sale.extensiv_held_by)
        self.assertIn("12.00", sale.extensiv_held_by)
        self.assertNotIn("WARRANTY", sale.extensiv_held_by)
        self.assertIn("WARRANTY", sale.extensiv_lasting_notes)
        self.choose(sale)
        self.assertNotIn("NEW-9", sale.extensiv_held_by)
        self.assertNotIn("NEW-9", self.errors().message)
        self.assertNotIn("NEW-9", self.inbox("R-1").message)
        sale.write(
            {"order_line": [Command.create({"product_id": self.products[1].id, "price_unit": 2, "tax_ids": []})]}
        )
        self.assertFalse(sale.extensiv_held_by)
        self.assertTrue(sale.extensiv_is_held, "it is still a quotation")
        self.assertIn("Nothing stands in the way", self.errors().message)
        self.assertEqual(self.errors().fix, "confirm")
        self.assertIn("WARRANTY", self.inbox("R-1").message)

    def test_a_line_typed_into_the_form_changes_the_banner_before_it_is_saved(self):
        sale = self.pulled(grand_total="12.00")
        with self.env.cr.savepoint() as savepoint:
            draft = sale.new(origin=sale)
            draft.order_line[0].price_unit = 12
            self.assertFalse(draft.extensiv_held_by)
            savepoint.rollback()

    def test_the_banner_speaks_the_readers_language(self):
        sale = self.pulled(grand_total="12.00")
        self.env["res.lang"]._activate_lang("fr_FR")
        seen = {lang: sale.with_context(lang=lang).extensiv_held_by for lang in ("en_US", "fr_FR")}
        self.assertEqual(set(seen), {"en_US", "fr_FR"})
        self.assertEqual(holds.find_reasons(sale.with_context(lang="fr_FR")).keys(), {"total"})

    # -- retrying, accepting, and further reasons

    def test_retry_never_confirms_a_wrong_total(self):
        sale = self.pulled(grand_total="12.00")
        with self.flows():
            self.errors().action_retry()
        self.assertEqual(sale.state, "draft")
        self.assertEqual(self.errors().attempts, 2)

    def test_the_difference_is_accepted_by_a_line_and_the_order_then_confirmed(self):
        sale = self.pulled(grand_total="12.50")
        error = self.errors()
        with self.flows():
            error.action_fix()
        self.assertEqual(f"{sale.amount_total:.2f}", "12.50")
        self.assertEqual(sale.state, "draft", "accepting is no confirming")
        self.assertFalse(sale.order_line[-1].tax_ids)
        with self.flows():
            error.action_fix()
        self.assertEqual(sale.state, "sale")
        self.assertFalse(self.errors())

    def test_a_reason_that_another_part_gives_stands_until_it_is_released(self):
        complete = DraftBuilder._complete

        def ask(builder, draft):
            complete(builder, draft)
            draft.hold("question", "Is the tax included?")

        with patch.object(DraftBuilder, "_complete", ask):
            sale = self.pulled()
        self.assertEqual(sale.state, "draft")
        self.assertEqual(sale.extensiv_held_by, "Is the tax included?")
        self.assertEqual(self.errors().message, "Is the tax included?")
        with self.flows():
            self.errors().action_retry()
        self.assertEqual(sale.state, "draft", "a question is not answered by trying again")
        self.assertEqual(holds.release(sale, "question"), sale)
        self.assertFalse(sale.extensiv_held_by)
        self.assertIn("Nothing stands in the way", self.errors().message)

    def test_an_order_that_was_shipped_already_says_so_and_is_confirmed_by_hand_alone(self):
        self.add_orders({"cust_ref": "S-1", "items": [LINE]})
        with patch.object(self.env.registry["extensiv.order"], "create", self._creating_shipped()):
            self.pull()
        sale = self.inbox("S-1").sale_order_id
        self.assertIn("Confirm the quotation for the books", self.errors().message)
        sale.action_confirm()
        self.assertFalse(self.errors() or sale.picking_ids)

    def _creating_shipped(self):
        create = self.env.registry["extensiv.order"].create

        def creating(orders, vals_list):
            return create(orders, [{**vals, "is_shipped_already": True} for vals in vals_list])

        return creating

    # -- refusals carry their button

    def refused(self, **order):
        self.account.sku_policy = "block"
        self.add_orders({"cust_ref": "F-1", "items": [LINE], **order})
        self.pull()
        return self.inbox("F-1")

    def test_what_eim_sent_wrong_offers_to_fetch_again(self):
        order = self.refused(items=[{**LINE, "quantity": "-1"}])
        self.assertEqual(order.state, "failed")
        self.assertIn("Correct the order in the cart or at EIM, then press Fetch Again", order.message)
        self.assertEqual([order.fix, order.error_id.fix], ["fetch", "fetch"])
        self.change_order("F-1", items=[{**LINE, "quantity": "1"}], sub_total="10.00", grand_total="10.00")
        with self.flows():
            order.action_fix()
        self.assertEqual(order.state, "imported")
        self.assertFalse(order.fix)

    def test_an_inactive_currency_and_an_archived_product_are_opened(self):
        yen = self.env.ref("base.JPY")
        yen.active = False
        order = self.refused(currency_code="JPY")
        self.assertEqual(order.fix, "open")
        self.assertEqual(order.action_fix()["res_id"], yen.id)
        self.products[0].active = False
        order.action_ignore()
        self.add_orders({"cust_ref": "F-2", "items": [LINE]})
        self.pull()
        order = self.inbox("F-2")
        self.assertEqual(order.fix, "open")
        self.assertEqual(order.action_fix()["res_id"], self.products[0].id)

    def test_an_unknown_sku_offers_an_alias_on_the_order_itself(self):
        order = self.refused(items=[{**LINE, "item": "NOPE"}])
        self.assertEqual(order.fix, "alias")
        self.assertEqual(order.action_fix()["res_model"], "extensiv.add.alias")
