"""Which orders are imported together, and what becomes of those whose process was killed or that others hold up."""

import time
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..flows import import_pace, schedule
from ..flows.import_queue import ImportQueue
from ..flows.order_import import ImportBatch, OrderImport
from ..flows.order_pull import OrderPull
from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "1", "price": "5"}


class ImportCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.imported = []

    def receive(self, **lines):
        """Receive orders of so many lines, without importing them; return them."""
        self.add_orders(
            *(
                {"cust_ref": ref, "items": [{**LINE, "line_no": str(number)} for number in range(count)]}
                for ref, count in lines.items()
            )
        )
        with patch.object(OrderImport, "import_next", lambda self: 0):
            self.pull()
        return self.env["extensiv.order"].union(*(self.inbox(ref) for ref in lines))

    @contextmanager
    def importing(self, seconds=50, before=None):
        """Give an importer whose pass ends in so many seconds; ``imported`` then says which were begun together."""
        original = ImportBatch.create_sale_orders

        def create(batch, drafts):
            self.imported.append([draft.record.cust_ref for draft in drafts])
            if before:
                before(batch, drafts)
            return original(batch, drafts)

        self.env.flush_all()
        with (
            self.flows(),
            patch.object(ImportBatch, "create_sale_orders", create),
            patch("odoo.addons.extensiv_connector.flows.runner.time.sleep"),
            OrderPull.open(self.account, time.monotonic() + seconds) as run,
        ):
            yield run.importer
        self.env.invalidate_all()

    def import_all(self, **options):
        with self.importing(**options) as importer:
            while importer.import_next():
                continue
        return self.imported

    def mark(self, orders, age="1 hour", tries=0):
        """Let the import of ``orders`` have begun a while ago."""
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE extensiv_order SET import_tries = %s,
                      import_began_at = clock_timestamp() AT TIME ZONE 'UTC' - %s::interval WHERE id = ANY(%s)""",
            [tries, age, orders.ids],
        )
        self.env.invalidate_all()

    def errors(self, *keys):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("key", "in", keys), ("state", "=", "open")]
        )

    def assertUnmarked(self, orders):
        self.assertFalse(any(orders.mapped("import_began_at")) or any(orders.mapped("import_tries")))


@tagged("post_install", "-at_install")
class TestBatchesByLines(ImportCase):
    def test_a_batch_holds_as_many_lines_as_fit_and_what_they_took_decides_about_the_next(self):
        orders = self.receive(A=3, B=3, C=3, D=3, E=3)
        self.assertEqual(orders.mapped("line_count"), [3] * 5)
        with patch.object(import_pace, "CAREFUL", 1):
            self.import_all()
        self.assertEqual(self.imported, [["A", "B"], ["C", "D", "E"]])
        self.assertEqual(set(orders.mapped("state")), {"imported"})
        self.assertUnmarked(orders)

    def test_never_more_orders_at_once_than_the_account_says(self):
        self.account.import_batch_size = 2
        self.receive(A=1, B=1, C=1)
        self.assertEqual(self.import_all(), [["A", "B"], ["C"]])

    def test_an_order_that_does_not_fit_waits_for_a_whole_pass_and_holds_up_none(self):
        order = self.receive(LARGE=30, SMALL=1)[0]
        with patch.object(import_pace.Pace, "seconds", 1):
            self.assertEqual(self.import_all(seconds=20), [["SMALL"]])
            self.assertEqual(order.state, "received")
            self.assertUnmarked(order)
            with self.importing() as importer:
                self.assertEqual(importer.find_importable(5), order.with_env(importer.env))
                importer.import_next()
        self.assertEqual(self.imported[1:], [["LARGE"]])
        self.assertEqual(order.state, "imported")

    def test_where_no_pass_is_ever_whole_an_order_is_begun_once_nothing_else_is_there(self):
        self.receive(LARGE=30)
        with patch.object(import_pace.Pace, "seconds", 1):
            self.assertEqual(self.import_all(seconds=20), [["LARGE"]])

    def test_beside_the_pull_an_order_that_does_not_fit_is_not_begun(self):
        orders = self.receive(LARGE=30, SMALL=1)
        self.account.pull_orders = True
        with (
            self.flows(),
            patch.object(import_pace.Pace, "seconds", 1),
            patch.object(schedule, "new_deadline", lambda env: time.monotonic() + 25),
        ):
            schedule.import_beside(self.env)
            schedule.import_beside(self.env)
        self.env.invalidate_all()
        self.assertEqual(orders.mapped("state"), ["received", "imported"])
        self.assertUnmarked(orders)

    def test_acknowledged_orders_come_first(self):
        self.account.import_batch_size = 1
        orders = self.receive(A=1, B=1)
        orders[0].acknowledged_at = False
        self.assertEqual(self.import_all(), [["B"], ["A"]])

    def test_the_pace_is_that_of_the_slowest_of_the_last_batches(self):
        pace = import_pace.Pace()
        pace.learn(100, 10)
        pace.learn(100, 1)
        self.assertEqual(pace.seconds, 0.1)
        pace.learn(100, 2)
        self.assertEqual(pace.seconds, 0.02)
        self.assertEqual(pace.together(50), 500)
        self.assertEqual(pace.together(4), 100)

    def test_halves_of_a_batch_that_fails_are_committed_by_themselves(self):
        orders = self.receive(A=1, B=1, C=1, D=1)
        reason = "Not this one."

        def refuse(batch, drafts):
            refs = {draft.record.cust_ref for draft in drafts}
            if "C" in refs:
                importer.run.deadline = 0 if len(drafts) == 2 else importer.run.deadline
                raise UserError(reason)

        with self.importing(before=refuse) as importer:
            importer.import_next()
        whole = ["A", "B", "C", "D"]  # once more as Odoo confirms it
        self.assertEqual(self.imported, [whole, whole, ["A", "B"], ["C", "D"]])
        self.assertEqual(orders.mapped("state"), ["imported", "imported", "received", "received"])
        self.assertUnmarked(orders)
        self.import_all(before=refuse)
        self.assertEqual(orders.mapped("state"), ["imported", "imported", "failed", "imported"])
        self.assertIn(reason, orders[2].message)

    def test_an_error_in_reading_one_order_holds_up_no_other(self):
        orders = self.receive(A=1, B=1)
        read = ImportBatch.build_drafts

        def build(batch):
            if batch.orders.filtered(lambda order: order.cust_ref == "A"):
                raise KeyError("Jane Doe")
            return read(batch)

        with (
            patch.object(ImportBatch, "build_drafts", build),
            self.assertLogs("odoo.addons.extensiv_connector.flows.order_refusal", "ERROR"),
        ):
            self.import_all()
        self.assertEqual(orders.mapped("state"), ["failed", "imported"])


@tagged("post_install", "-at_install")
class TestKilled(ImportCase):
    def test_orders_are_marked_while_they_are_imported(self):
        orders = self.receive(A=1, B=1)
        seen = []

        def look(batch, drafts):
            seen.extend((bool(order.import_began_at), order.import_tries) for order in batch.orders)

        self.import_all(before=look)
        self.assertEqual(seen, [(True, 0)] * 2)
        self.assertUnmarked(orders)

    def test_one_that_is_tried_once_more_without_confirming_together_was_alone_once(self):
        order = self.receive(A=1)
        seen = []

        def fail_together(batch, drafts):
            seen.extend((batch.is_plain, each.import_tries) for each in batch.orders)
            if not batch.is_plain:
                raise ZeroDivisionError

        self.import_all(before=fail_together)
        self.assertEqual(seen, [(False, 1), (True, 1)])
        self.assertEqual(order.state, "imported")

    def test_those_of_a_killed_batch_are_imported_alone_and_last(self):
        orders = self.receive(A=1, B=1, C=1, D=1)
        self.mark(orders[:2])
        seen = []
        self.import_all(before=lambda batch, _drafts: seen.append(batch.orders.mapped("import_tries")))
        self.assertEqual(self.imported, [["C", "D"], ["A"], ["B"]])
        self.assertEqual(seen, [[0, 0], [1], [1]])
        self.assertEqual(set(orders.mapped("state")), {"imported"})
        self.assertUnmarked(orders)

    def test_one_that_was_marked_just_now_is_about_to_be_locked_by_another(self):
        order = self.receive(A=1)
        self.mark(order, age="0 seconds")
        self.assertEqual(self.import_all(), [])
        self.mark(order, age="6 seconds")
        self.assertEqual(self.import_all(), [["A"]])

    def test_one_that_is_tried_again_after_a_conflict_was_in_no_killed_process(self):
        order = self.receive(A=1)
        found = []

        def conflict(batch, _drafts):
            if len(self.imported) == 1:
                raise SerializationFailure("could not serialize access due to concurrent update")

        def look(_seconds):
            other = ImportQueue(order.account_id)
            found.extend([other.take(10, 100, None), other.find_hopeless().ids])

        with self.importing(before=conflict) as importer:
            with patch.object(OrderImport, "_take", self.taking_long_ago(importer, tries=2)):
                with patch("odoo.addons.extensiv_connector.flows.runner.time.sleep", look):
                    importer.import_next()
        self.assertEqual(found, [{}, []])
        self.assertEqual(self.imported, [["A"], ["A"]])
        self.assertEqual(order.state, "imported")
        self.assertUnmarked(order)

    def taking_long_ago(self, importer, tries):
        """Return a method that takes orders whose batch lasts a minute until it conflicts."""
        take = type(importer)._take

        def taking(of_importer):
            taken = take(of_importer)
            self.mark(self.env["extensiv.order"].browse(taken), "1 minute", tries)
            return taken

        return taking

    def test_killed_alone_twice_it_fails_with_a_message_and_retry_tries_it_again(self):
        order = self.receive(A=2, B=1)[0]
        self.mark(order, tries=2)
        run = self.pull()
        self.assertEqual((run.done_count, run.failed_count), (1, 1))
        self.assertEqual(order.state, "failed")
        self.assertIn("ended twice while it imported this order (2 lines)", order.message)
        self.assertRecordValues(self.errors("A"), [{"category": "settings", "message": order.message}])
        self.assertUnmarked(order)
        self.pull()
        self.assertEqual(order.state, "failed", "not tried by itself")
        with self.flows():
            self.errors("A").action_retry()
        self.assertEqual(order.state, "imported")
        self.assertFalse(self.errors("A"))

    def test_a_person_imports_at_once_what_was_in_a_killed_batch(self):
        orders = self.receive(A=1, B=1)
        self.mark(orders, age="0 seconds", tries=1)
        with self.flows():
            orders.action_import()
        self.assertEqual(set(orders.mapped("state")), {"imported"})


@tagged("post_install", "-at_install")
class TestHeldUp(ImportCase):
    def test_what_conflicts_five_times_is_put_off_and_no_fault(self):
        orders = self.receive(A=1, B=1)
        tries = []

        def create(batch, drafts):
            tries.append(len(drafts))
            raise SerializationFailure("could not serialize access due to concurrent update")

        with (
            patch.object(ImportBatch, "create_sale_orders", create),
            patch("odoo.addons.extensiv_connector.flows.runner.time.sleep"),
            self.assertNoLogs("odoo.addons.extensiv_connector", "WARNING"),
        ):
            run = self.pull()
        self.assertEqual(tries, [2] * 5)
        self.assertEqual(run.state, "partial")
        self.assertIn("put off", run.message)
        self.assertFalse(run.failed_count)
        self.assertFalse(self.errors("A", "B", "orders"))
        self.assertUnmarked(orders)
        self.assertEqual(self.pull().state, "done")
        self.assertEqual(set(orders.mapped("state")), {"imported"})

    def test_a_step_that_conflicts_five_times_is_put_off_and_the_others_are_done(self):
        orders = self.receive(A=1)
        conflict = SerializationFailure("could not serialize access due to concurrent update")
        with (
            patch.object(OrderImport, "_requeue_due", side_effect=conflict),
            patch("odoo.addons.extensiv_connector.flows.runner.time.sleep"),
        ):
            run = self.pull()
        self.assertEqual(run.state, "partial")
        self.assertIn("put off", run.message)
        self.assertFalse(self.errors("orders"))
        self.assertEqual(orders.state, "imported")

    def test_orders_that_another_process_is_at_do_not_have_eim_asked_all_the_time(self):
        order = self.receive(A=1)
        self.account.pull_orders = True
        self.env["extensiv.due"].search([]).unlink()
        self.mark(order, age="0 seconds")
        with self.flows():
            schedule.run_turn(self.env, "orders")
        due = self.env["extensiv.due"].search([("flow", "=", "orders"), ("account_id", "=", self.account.id)])
        self.assertGreater(due.due_at, fields.Datetime.now() + timedelta(seconds=20))
        self.assertEqual(order.state, "received")

    def test_an_acknowledgement_is_written_down_once_nobody_holds_the_order(self):
        self.add_orders({"cust_ref": "A", "items": [LINE]}, {"cust_ref": "B", "items": [LINE]})
        Order = type(self.env["extensiv.order"])
        lock = Order.try_lock_for_update
        held = []

        def locking(orders, **options):
            if options.get("allow_referencing") and len(orders) == 2 and not held:
                held.append(orders[0].cust_ref)
                return lock(orders[1:], **options)
            return lock(orders, **options)

        with patch.object(Order, "try_lock_for_update", locking):
            run = self.pull()
        self.assertTrue(held)
        self.assertEqual(self.calls("acknowledge"), ["acknowledge"] * 2, "each told once")
        self.assertTrue(all(self.inbox(ref).acknowledged_at for ref in ("A", "B")))
        self.assertIn("2 orders were acknowledged", run.message)

    def test_a_list_too_long_for_one_pass_is_acknowledged_and_gone_on_with_where_that_left_it(self):
        self.add_orders(*({"cust_ref": f"L-{number:03}", "items": [LINE]} for number in range(150)))
        has_time = OrderPull.has_time

        def one_page(run, seconds=5):
            return run.listed_again is not None and has_time(run, seconds)

        with patch.object(OrderImport, "import_next", lambda self: 0):
            with patch.object(OrderPull, "has_time", one_page):
                self.pull()
            told = [order.status for order in self.sandbox.store.orders.values()].count("at_wms")
            self.assertEqual(told, 100)
            self.assertEqual(self.account.list_places["new"]["gone"], 100)
            before = len(self.sandbox.sandbox.calls)
            self.pull()
        asked = [call["path"] for call in list(self.sandbox.sandbox.calls)[before:] if "list/new" in call["path"]]
        self.assertEqual(["page=1" in path for path in asked], [True], asked)
        self.assertEqual(self.env["extensiv.order"].search_count([("cust_ref", "=like", "L-%")]), 150)
        self.assertEqual({order.status for order in self.sandbox.store.orders.values()}, {"at_wms"})
        self.assertFalse(self.account.list_places)
