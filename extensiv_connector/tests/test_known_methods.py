"""Another app's override, or a change in Odoo, has the parts off that rely on the method: slower, and never wrong."""

from functools import wraps
from unittest.mock import patch

from odoo.tests import tagged

from ..flows import confirm_batch, known_methods
from ..flows.confirm_batch import KEY, SWITCH, together
from ..flows.order_import import import_batch
from .test_confirm_batch import BatchCase


@tagged("post_install", "-at_install")
class TestKnownMethods(BatchCase):
    def override(self, model, method):
        """Let another app override a method, with the same result."""
        class_ = type(self.env[model])
        original = getattr(class_, method)

        def overriding(records, *args, **kwargs):
            return original(records, *args, **kwargs)

        overriding.__qualname__ = f"Another.{method}"
        self.startPatcher(patch.object(class_, method, overriding))

    def diagnosed(self):
        diagnosis = self.env["extensiv.diagnosis"].create({"account_id": self.account.id})
        return diagnosis._line_confirming()

    def test_all_parts_are_on_with_the_modules_that_are_known(self):
        self.assertEqual(known_methods.find_strange(self.env.registry), {})
        self.assertEqual(confirm_batch.find_parts(self.env), frozenset(known_methods.PARTS))
        self.assertEqual(self.diagnosed().mark, "good")

    def test_an_unknown_override_has_just_the_parts_off_that_rely_on_it(self):
        self.override("stock.quant", "_gather")
        self.assertEqual(
            known_methods.find_strange(self.env.registry),
            dict.fromkeys(("lines", "quants"), [f"{__name__}.Another._gather"]),
        )
        self.stock(self.products[0], 2)
        orders = self.receive(3)
        import_batch(orders)
        moves = orders.sale_order_id.order_line.move_ids
        self.assertEqual(moves.mapped("state"), ["assigned", "assigned", "confirmed"])
        line = self.diagnosed()
        self.assertEqual(line.mark, "note")
        self.assertIn("Another._gather", line.sentence)

    def test_it_is_said_in_the_log_when_the_registry_is_loaded(self):
        self.override("stock.move", "_merge_moves")
        with patch.object(confirm_batch, "_logger") as logger:
            self.env["stock.move"]._register_hook()
        [call] = logger.info.call_args_list
        said = call.args[0] % call.args[1:]
        self.assertIn("transfers", said)
        self.assertIn("Another._merge_moves", said)

    def test_a_method_that_an_update_changed_is_unknown(self):
        name = "odoo.addons.stock.models.stock_move.StockMove._trigger_scheduler"
        known = {**known_methods.read_list(), name: frozenset({"of another version"})}
        with patch.object(known_methods, "read_list", lambda: known):
            self.assertEqual(
                known_methods.find_strange(self.env.registry), {"orderpoints": [name], "references": [name]}
            )

    def test_an_override_that_wraps_a_known_method_is_unknown(self):
        class_ = type(self.env["stock.rule"])
        original = class_._search_rule_for_warehouses

        @wraps(original)
        def wrapping(*args):
            return original(*args)

        with patch.object(class_, "_search_rule_for_warehouses", wrapping):
            self.assertEqual(list(known_methods.find_strange(self.env.registry)), ["rules"])

    def test_each_part_may_be_off_alone(self):
        self.stock(self.products[0], 100)
        for number, part in enumerate(sorted(known_methods.PARTS)):
            without = frozenset(known_methods.PARTS) - {part}
            with self.subTest(part), patch.object(confirm_batch, "find_parts", lambda env, parts=without: parts):
                orders = self.receive(2, start=10 * (number + 1))
                self.assertEqual(import_batch(orders)["imported"], 2)
                self.assertEqual(set(orders.sale_order_id.picking_ids.mapped("state")), {"assigned"})
                self.assertEqual(len(orders.sale_order_id.picking_ids), 2)

    def test_a_system_parameter_switches_it_off(self):
        for value in ("off", "False", "0", "no"):
            self.env["ir.config_parameter"].set_param(SWITCH, value)
            self.assertFalse(confirm_batch.find_parts(self.env))
            with together(self.env["sale.order"]) as sales:
                self.assertNotIn(KEY, sales.env.context)
        self.assertIn(SWITCH, self.diagnosed().sentence)
        for value in ("on", "True", "1", False):
            self.env["ir.config_parameter"].set_param(SWITCH, value)
            self.assertTrue(confirm_batch.find_parts(self.env))
