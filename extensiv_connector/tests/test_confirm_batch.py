"""Confirming the orders of a batch together: what each part asks once, and what it leaves to Odoo.

That both ways write the same rows is another test; here it is which way is gone.
"""

from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..flows import confirm_batch
from ..flows.confirm_batch import KEY, together
from ..flows.order_import import ImportBatch, OrderImport, import_batch
from ..flows.quiet import quiet
from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "1", "price": "5"}


class BatchCase(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.shelf = cls.warehouse.lot_stock_id
        cls.customer = cls.env["res.partner"].create({"name": "Jane Roe"})

    def setUp(self):
        super().setUp()
        self.connect()

    def stock(self, product, quantity, location=None):
        self.env["stock.quant"]._update_available_quantity(product, location or self.shelf, quantity)

    def receive(self, count, *items, start=1):
        """Receive orders of these items, a line of one tee by default, without importing them; return them."""
        refs = [f"CB-{number}" for number in range(start, start + count)]
        self.add_orders(*({"cust_ref": ref, "items": [dict(LINE, **item) for item in items or ({},)]} for ref in refs))
        with patch.object(OrderImport, "import_next", lambda self: 0):
            self.pull()
        return self.env["extensiv.order"].union(*map(self.inbox, refs))

    def quotations(self, *quantities, product=None):
        """Return quotations of one line each, that nobody is told of."""
        product = product or self.products[0]
        return quiet(self.env["sale.order"]).create(
            [
                {
                    "partner_id": self.customer.id,
                    "order_line": [Command.create({"product_id": product.id, "product_uom_qty": quantity})],
                }
                for quantity in quantities
            ]
        )

    def confirm(self, sales):
        with together(sales) as of_batch:
            of_batch.action_confirm()
        return sales.order_line.move_ids

    def count_calls(self, model, method):
        """Count from now on how often a method of Odoo that no part relies on is called; return the list of calls."""
        calls = []
        class_ = type(self.env[model])
        original = getattr(class_, method)

        def counted(records, *args, **kwargs):
            calls.append((records, args))
            return original(records, *args, **kwargs)

        self.startPatcher(patch.object(class_, method, counted))
        return calls


@tagged("post_install", "-at_install")
class TestConfirmBatch(BatchCase):
    def test_further_orders_cost_few_queries(self):
        self.stock(self.products[0], 100)
        self.stock(self.products[1], 100)
        items = ({}, {"item": "MUG-1", "line_no": "2"})
        import_batch(self.receive(2, *items))
        queries = {}
        for count, start in ((2, 10), (10, 20)):
            orders = self.receive(count, *items, start=start)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            import_batch(orders)
            self.env.flush_all()
            queries[count] = self.env.cr.sql_log_count - before
            self.assertEqual(set(orders.sale_order_id.order_line.move_ids.mapped("state")), {"assigned"})
        # Odoo's own way takes more than fifty for each.
        self.assertLessEqual((queries[10] - queries[2]) / 8, 5)

    def test_transfers_numbers_and_notes_are_made_together(self):
        created = self.count_calls("stock.move", "write")
        sales = self.quotations(1, 2, 3)
        self.confirm(sales)
        self.assertTrue(created)
        names = [sale.picking_ids.name for sale in sales]
        numbers = [int(name.rsplit("/", 1)[1]) for name in names]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 3)))
        for sale in sales:
            [note] = sale.picking_ids.message_ids
            self.assertIn(sale.name, note.body)
            self.assertEqual(note.record_company_id, self.company)

    def test_a_product_that_comes_again_gets_what_the_first_left(self):
        self.stock(self.products[0], 3)
        moves = self.confirm(self.quotations(2, 2, 2))
        self.assertEqual(moves.mapped("state"), ["assigned", "partially_available", "confirmed"])
        self.assertEqual(moves.mapped("quantity"), [2, 1, 0])
        [quant] = self.env["stock.quant"].search(
            [("product_id", "=", self.products[0].id), ("location_id", "=", self.shelf.id)]
        )
        self.assertEqual(quant.reserved_quantity, 3)

    def test_moves_are_reserved_together_also_in_a_later_transaction(self):
        self.stock(self.products[0], 10)
        with patch.object(type(self.env["stock.move"]), "_should_assign_at_confirm", lambda move: False):
            moves = self.confirm(self.quotations(1, 1, 1))
        self.assertEqual(set(moves.mapped("state")), {"confirmed"})
        searched = self.count_calls("stock.quant", "search")
        with together(moves) as of_batch:
            of_batch._action_assign()
        self.assertEqual(set(moves.mapped("state")), {"assigned"})
        self.assertEqual(len(searched), 1)
        self.assertEqual(len(moves.move_line_ids), 3)

    def test_after_the_batch_everything_is_odoos_again(self):
        with together(self.quotations(1)) as of_batch:
            memo = of_batch.env.context[KEY]
        self.assertFalse(memo.parts)
        of_batch.action_confirm()
        self.assertEqual(of_batch.picking_ids.state, "confirmed")
        self.assertFalse(memo.references or memo.rules)


@tagged("post_install", "-at_install")
class TestLeftToOdoo(BatchCase):
    """What a part does not understand goes Odoo's own way."""

    def confirmed(self, *quantities, **options):
        sales = self.quotations(*quantities, **options)
        self.confirm(sales)
        return sales

    def test_a_sequence_without_gaps_or_with_date_ranges_is_asked_one_by_one(self):
        sequence = self.warehouse.out_type_id.sequence_id
        sequence.implementation = "no_gap"
        sequence.number_next = 700
        names = [sale.picking_ids.name for sale in self.confirmed(1, 1)]
        self.assertEqual([name[-3:] for name in names], ["700", "701"])
        self.assertEqual(sequence.number_next, 702)
        sequence.write({"implementation": "standard", "use_date_range": True})
        names = [sale.picking_ids.name for sale in self.confirmed(1, 1)]
        self.assertEqual([int(name.rsplit("/", 1)[1]) for name in names], [1, 2])

    def test_another_removal_strategy_decides_itself(self):
        shelves = self.env["stock.location"].create(
            [{"name": name, "location_id": self.shelf.id} for name in ("Shelf A", "Shelf B")]
        )
        self.stock(self.products[0], 5, shelves[1])
        self.stock(self.products[0], 5, shelves[0])
        self.products[0].categ_id = self.env["product.category"].create(
            {"name": "Near", "removal_strategy_id": self.env.ref("stock.removal_closest").id}
        )
        searched = self.count_calls("stock.quant", "search")
        moves = self.confirm(self.quotations(2, 2))
        self.assertEqual(moves.move_line_ids.location_id, shelves[0])
        self.assertGreater(len(searched), 2)

    def test_the_latest_is_taken_first_where_it_is_wanted(self):
        shelves = self.env["stock.location"].create(
            [{"name": name, "location_id": self.shelf.id} for name in ("Early", "Late")]
        )
        for shelf, date in zip(shelves, ("2026-01-01", "2026-02-01"), strict=True):
            self.env["stock.quant"]._update_available_quantity(self.products[0], shelf, 1, in_date=date)
        moves = self.confirm(self.quotations(1))
        self.assertEqual(moves.move_line_ids.location_id, shelves[0])
        self.shelf.removal_strategy_id = self.env.ref("stock.removal_lifo")
        moves._do_unreserve()
        with together(moves) as of_batch:
            of_batch._action_assign()
        self.assertEqual(moves.move_line_ids.location_id, shelves[1])

    def test_moves_that_are_not_merged_get_their_transfers_from_odoo(self):
        moves = self.env["stock.move"].create(
            [
                {
                    "product_id": self.products[0].id,
                    "product_uom_qty": 1,
                    "location_id": self.shelf.id,
                    "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                    "picking_type_id": self.warehouse.out_type_id.id,
                }
                for _ in range(2)
            ]
        )
        with together(moves) as of_batch:
            of_batch._action_confirm(merge=False)
            self.assertIsNone(of_batch.env.context[KEY].collected)
        self.assertEqual(len(moves.picking_id), 1)

    def test_order_points_that_start_by_themselves_are_asked_order_by_order(self):
        orderpoint = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.products[0].id,
                "location_id": self.shelf.id,
                "product_min_qty": 5,
                "product_max_qty": 5,
                "trigger": "auto",
            }
        )
        procured = []

        def procure(orderpoints, **kwargs):
            procured.append((orderpoints.ids, orderpoints.env.context["origins"]))

        with patch.object(type(orderpoint), "_procure_orderpoint_confirm", procure):
            self.confirm(self.quotations(1, 1, product=self.products[1]))
            self.assertFalse(procured)
            sales = self.quotations(9, 9)
            self.confirm(sales)
        self.assertEqual([ids for ids, _origins in procured], [orderpoint.ids] * 2)
        self.assertEqual(
            [origins[orderpoint.id] for _ids, origins in procured],
            [set(sale.stock_reference_ids.ids) for sale in sales],
        )

    def test_models_of_analytic_distribution_are_searched_where_there_are_any(self):
        plan = self.env["account.analytic.plan"].create({"name": "Shops"})
        analytic = self.env["account.analytic.account"].create({"name": "Shop", "plan_id": plan.id})
        self.env["account.analytic.distribution.model"].create(
            {"product_id": self.products[0].id, "analytic_distribution": {str(analytic.id): 100}}
        )
        orders = self.receive(2)
        import_batch(orders)
        self.assertEqual(orders.sale_order_id.order_line.mapped("analytic_distribution"), [{str(analytic.id): 100}] * 2)

    def test_followers_are_told_by_odoo_where_people_are_told_of_imports(self):
        sales = self.quotations(1, 1).with_context(extensiv_quiet=False)
        posted = self.count_calls("stock.picking", "_message_compute_subject")
        with (
            together(sales) as of_batch,
            patch.object(
                type(self.env["mail.message"]),
                "create",
                autospec=True,
                side_effect=type(self.env["mail.message"]).create,
            ) as created,
        ):
            of_batch.action_confirm()
        self.assertFalse(posted)
        notes = [call for call in created.call_args_list if call.args[1][0]["model"] == "stock.picking"]
        self.assertEqual(len(notes), 2)

    def test_rules_are_asked_anew_for_other_routes_and_after_a_change(self):
        Rule = self.env["stock.rule"]
        customers = self.env.ref("stock.stock_location_customers")
        route = self.env["stock.route"].create({"name": "Own", "product_selectable": True})
        values = {"warehouse_id": self.warehouse, "company_id": self.company}
        with together(Rule) as rules:
            memo = rules.env.context[KEY]
            usual = [rules._get_rule(product, customers, values) for product in self.products]
            self.assertEqual(usual[0], usual[1])
            self.assertEqual(len(memo.rules), 1)
            self.products[0].route_ids = route
            own = rules.create(
                {
                    "name": "Own",
                    "route_id": route.id,
                    "location_src_id": self.shelf.id,
                    "location_dest_id": customers.id,
                    "picking_type_id": self.warehouse.out_type_id.id,
                    "action": "pull",
                }
            )
            self.assertFalse(memo.rules)
            self.assertEqual(rules._get_rule(self.products[0], customers, values), own)
            self.assertEqual(rules._get_rule(self.products[1], customers, values), usual[1])

    def test_defaults_that_vary_are_asked_for_each_record(self):
        counted = iter(range(100))
        asked = []

        def ask(names):
            asked.append(list(names))
            return {name: next(counted) if name == "name" else name for name in names}

        names = ["state", "name", "date"]
        with together(self.env["stock.move"]) as moves, confirm_batch.keeping_defaults(moves):
            given = [confirm_batch.keep_defaults(moves, names, ask) for _ in range(4)]
        self.assertEqual([values["name"] for values in given], [0, 1, 2, 3])
        self.assertEqual({values["state"] for values in given}, {"state"})
        self.assertEqual(asked, [names, names, ["name", "date"], ["name", "date"]])
        confirm_batch.keep_defaults(moves, names, ask)
        self.assertEqual(asked[-1], names)

    def test_quants_that_come_while_moves_are_reserved_are_seen(self):
        self.stock(self.products[0], 1)
        moves = self.confirm(self.quotations(5, 5))
        moves._do_unreserve()
        Move = type(self.env["stock.move"])
        original = Move._prepare_move_line_vals

        def prepare(move, *args, **kwargs):
            if move == moves[0]:
                self.env["stock.quant"].with_env(move.env).sudo().create(
                    {"product_id": move.product_id.id, "location_id": self.shelf.id, "quantity": 4}
                )
            return original(move, *args, **kwargs)

        with together(moves) as of_batch, patch.object(Move, "_prepare_move_line_vals", prepare):
            of_batch._action_assign()
        self.assertEqual(moves.mapped("quantity"), [1, 4])

    def test_only_quants_that_are_taken_from_are_locked(self):
        shelves = self.env["stock.location"].create(
            [{"name": name, "location_id": self.shelf.id} for name in ("First", "Second", "Third")]
        )
        for shelf, date in zip(shelves, ("2026-01-01", "2026-02-01", "2026-03-01"), strict=True):
            self.env["stock.quant"]._update_available_quantity(self.products[0], shelf, 2, in_date=date)
        locked = self.count_calls("stock.quant", "_as_query")
        sales = self.quotations(1, 2)
        with together(sales) as of_batch:
            memo = of_batch.env.context[KEY]
            seen = []
            Move = type(self.env["stock.move"])
            original = Move._recompute_state

            def recompute(moves):
                if memo.reservation:
                    seen.append(set(memo.reservation.locked))
                return original(moves)

            with patch.object(Move, "_recompute_state", recompute):
                # Patching it has the part of the lines off, not that of the quants.
                of_batch.action_confirm()
        quants = self.env["stock.quant"].search([("product_id", "=", self.products[0].id)])
        taken = quants.filtered("reserved_quantity")
        self.assertEqual(taken.location_id, shelves[:2])
        self.assertEqual(seen[-1], set(taken.ids))
        self.assertFalse(locked)


@tagged("post_install", "-at_install")
class TestTriedWithout(BatchCase):
    """A batch that fails where orders are confirmed together is tried once as Odoo does it."""

    def fail_together(self):
        """Let making transfers together fail; return how many orders were begun each time."""
        begun = []
        original = ImportBatch.create_sale_orders

        def create(batch, drafts):
            begun.append((len(drafts), batch.is_plain))
            return original(batch, drafts)

        self.startPatcher(patch.object(ImportBatch, "create_sale_orders", create))
        self.startPatcher(
            patch("odoo.addons.extensiv_connector.flows.batch_transfers._create", side_effect=ValueError("no"))
        )
        return begun

    def test_a_pass_imports_them_all(self):
        orders = self.receive(3)
        begun = self.fail_together()
        with self.assertLogs("odoo.addons.extensiv_connector.flows.order_import", "WARNING") as logs:
            run = self.pull()
        self.assertEqual(begun, [(3, False), (3, True)])
        self.assertEqual(orders.mapped("state"), ["imported"] * 3)
        self.assertEqual(run.state, "done")
        self.assertIn("ValueError", logs.output[0])
        self.assertNotIn("no", logs.records[0].getMessage().split())

    def test_importing_within_a_transaction_imports_them_all(self):
        orders = self.receive(3)
        begun = self.fail_together()
        with self.assertLogs("odoo.addons.extensiv_connector.flows.order_import", "WARNING"):
            self.assertEqual(import_batch(orders), {"imported": 3, "held": 0, "failed": 0})
        self.assertEqual(begun, [(3, False), (3, True)])
        self.assertFalse(self.env["extensiv.error"].search([("account_id", "=", self.account.id)]))

    def test_what_is_noted_on_an_order_is_noted_once(self):
        self.add_orders({"cust_ref": "CB-N", "items": [LINE], "cust_country": "Nowhere"})
        with patch.object(OrderImport, "import_next", lambda self: 0):
            self.pull()
        self.fail_together()
        with self.assertLogs("odoo.addons.extensiv_connector.flows.order_import", "WARNING"):
            import_batch(self.inbox("CB-N"))
        notes = (self.inbox("CB-N").sale_order_id.extensiv_lasting_notes or "").splitlines()
        self.assertEqual(len(notes), len(set(notes)))

    def test_where_it_is_switched_off_nothing_is_tried_twice(self):
        self.env["ir.config_parameter"].set_param(confirm_batch.SWITCH, "off")
        orders = self.receive(2)
        begun = self.fail_together()
        self.pull()
        self.assertEqual(begun, [(2, True)])
        self.assertEqual(orders.mapped("state"), ["imported"] * 2)
