"""What a pass costs that finds nothing new: of these there are hundreds a day for each account."""

import re
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tests import tagged

from ..flows import SCHEDULED, schedule
from ..flows.idle import find_calm
from ..flows.trigger import due_accounts
from .common import ConnectorCase

# What only a test's cursors say: they share one transaction.
OF_TEST = re.compile(r'(RELEASE |ROLLBACK TO )?(SAVEPOINT )?"?test_cursor')
MOST_QUERIES = 12
FEW = 2
MANY = 12
TABLES = ("extensiv_run", "extensiv_call", "extensiv_due", "extensiv_error", "extensiv_alert", "extensiv_order")


class IdleCase(ConnectorCase):
    """Accounts whose passes find nothing new, and what these cost."""

    def setUp(self):
        super().setUp()
        self.sandbox.sandbox.users.update({f"user{number}": f"key{number}" for number in range(MANY)})
        self.env["extensiv.account"].search([]).active = False

    def connect_accounts(self, numbers):
        accounts = self.env["extensiv.account"].create(
            [
                {
                    "name": f"Shop {number}",
                    "base_url": self.sandbox.base_url,
                    "api_user": f"user{number}",
                    "api_key": f"key{number}",
                    "import_from": "2000-01-01",
                }
                for number in numbers
            ]
        )
        with self.flows():
            accounts.action_connect()
        accounts.write({"pull_orders": True, "push_inventory": True, "push_shipments": True, "compare_stock": True})
        return accounts

    def turn(self, flow):
        with self.flows():
            schedule.run_turn(self.env, flow)

    @contextmanager
    def statements(self):
        """Give the list of the statements that are executed meanwhile."""
        seen = []
        execute = Cursor.execute

        def note(cursor, query, *args, **kwargs):
            text = query.code if hasattr(query, "code") else str(query)
            if not OF_TEST.match(text):
                seen.append(" ".join(text.split()))
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", note):
            yield seen

    def count_rows(self):
        self.env.flush_all()
        counts = {}
        for table in TABLES:
            self.env.cr.execute(f"SELECT COUNT(*) FROM {table}")
            [counts[table]] = self.env.cr.fetchone()
        return counts

    def runs(self, flow="orders"):
        self.env.invalidate_all()
        return self.env["extensiv.run"].search([("flow", "=", flow), ("account_id.active", "=", True)])

    def settle(self, flow):
        for _turn in range(2):  # the first pass has something to find out
            self.turn(flow)

    def assert_few_queries(self, cost, flow):
        """Assert what an account costs, and the turn itself, by ``{number of accounts: queries of a turn}``."""
        (few, of_few), (many, of_many) = sorted(cost.items())
        each = (of_many - of_few) / (many - few)
        self.assertLessEqual(each, MOST_QUERIES, flow)
        self.assertLessEqual(of_few - few * each, 15, f"{flow}: of the turn itself")


@tagged("post_install", "-at_install")
class TestIdleCost(IdleCase):
    # -- what it costs

    def test_an_account_with_nothing_new_costs_few_queries_and_leaves_no_row(self):
        cost = {}
        for count in (FEW, MANY):
            self.connect_accounts(range(FEW) if count == FEW else range(FEW, MANY))
            for flow in SCHEDULED:
                self.settle(flow)
                rows = self.count_rows()
                with self.statements() as seen:
                    self.turn(flow)
                cost.setdefault(flow, {})[count] = len(seen)
                self.assertEqual(self.count_rows(), rows, flow)
        for flow in SCHEDULED:
            self.assert_few_queries(cost[flow], flow)

    def test_such_passes_are_one_record_that_says_how_many_and_when_the_last_was(self):
        self.connect_accounts(range(1))
        self.settle("orders")
        run = self.runs()
        self.assertEqual((len(run), run.times), (1, 2))
        run.last_at = "2024-01-01"
        self.env.flush_all()
        self.turn("orders")
        self.assertEqual(self.runs(), run)
        self.assertEqual(run.times, 3)
        self.assertAlmostEqual(run.last_at, fields.Datetime.now(), delta=timedelta(seconds=20))
        self.assertIn("3 times, last at", run.repeated)

    def test_turns_silence_and_health_read_when_the_last_one_was(self):
        accounts = self.connect_accounts(range(2))
        self.settle("orders")
        first, second = (self.runs().filtered(lambda run, a=account: run.account_id == a) for account in accounts)
        first.last_at = fields.Datetime.now() + timedelta(hours=1)
        second.started_at = "2024-01-01"
        second.last_at = fields.Datetime.now()
        self.env.flush_all()
        Run = self.env["extensiv.run"]
        last = Run._last_start(accounts, "orders")
        self.assertLess(last[accounts[1].id], last[accounts[0].id])
        self.assertEqual(Run._last_good(accounts)[accounts[1].id, "orders"], second.last_at)
        accounts.write({"silence_hours": 1, "watched_since": "2024-01-01"})
        self.env.cr.execute("UPDATE extensiv_account SET create_date = '2024-01-01' WHERE id = %s", [accounts[1].id])
        self.env.invalidate_all()
        accounts[1]._monitor()
        silent = [("account_id", "=", accounts[1].id), ("step", "=", "silence"), ("key", "=", "orders")]
        self.assertFalse(self.env["extensiv.error"].search(silent))

    def test_runs_are_kept_while_their_last_pass_is_new(self):
        self.connect_accounts(range(1))
        self.settle("orders")
        run = self.runs()
        run.started_at = fields.Datetime.now() - timedelta(days=40)
        run.last_at = fields.Datetime.now()
        self.env["extensiv.run"]._gc_runs()
        self.assertTrue(run.exists())

    # -- what is not overlooked

    def test_a_day_of_such_passes_is_followed_by_a_whole_one(self):
        self.connect_accounts(range(1))
        self.settle("orders")
        run = self.runs()
        run.started_at = fields.Datetime.now() - timedelta(hours=25)
        self.env.flush_all()
        self.turn("orders")
        self.assertEqual(len(self.runs()), 2)

    def test_what_is_new_at_eim_is_received_at_once(self):
        self.connect_accounts(range(1))
        self.settle("orders")
        self.add_orders({"cust_ref": "NEW-1"})
        self.turn("orders")
        self.assertTrue(self.env["extensiv.order"].search([("cust_ref", "=", "NEW-1")]))

    def test_what_waits_here_or_was_changed_has_a_whole_pass(self):
        account = self.connect_accounts(range(1))
        for flow in ("orders", "shipments", "audit", "alerts"):
            self.settle(flow)
            self.assertIn(account.id, find_calm(account, flow), flow)
            error = self.env["extensiv.error"]._report(account, flow, {"X": {"message": "x", "category": "data"}})
            self.assertFalse(find_calm(account, flow), flow)
            error._mark_resolved()
            self.assertTrue(find_calm(account, flow), flow)
        self.env["extensiv.order"].create({"account_id": account.id, "cust_ref": "W", "order_number": "W"})
        self.assertFalse(find_calm(account, "orders"))
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_account SET write_date = clock_timestamp() + interval '1 minute'")
        self.assertFalse(find_calm(account, "shipments"), "a setting was changed")

    def test_goods_that_a_killed_import_left_unreserved_have_a_whole_pass(self):
        account = self.connect_accounts(range(1))
        self.settle("orders")
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", account.company_id.id)], limit=1)
        move = self.env["stock.move"].create(
            {
                "product_id": self.products[0].id,
                "product_uom_qty": 1,
                "location_id": warehouse.lot_stock_id.id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "extensiv_reserve_later": True,
            }
        )
        self.assertFalse(find_calm(account, "orders"))
        self.turn("orders")
        move.invalidate_recordset()
        self.assertFalse(move.extensiv_reserve_later)
        self.settle("orders")
        self.assertTrue(find_calm(account, "orders"))

    def test_a_copy_of_the_database_is_noticed_before_eim_is_asked(self):
        account = self.connect_accounts(range(1))
        self.settle("orders")
        self.assertTrue(find_calm(account, "orders"))
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        asked = len(self.calls())
        self.turn("orders")
        self.assertEqual(account.state, "draft")
        self.assertEqual(len(self.calls()), asked)

    def test_an_eim_that_fails_is_told_by_a_whole_pass(self):
        account = self.connect_accounts(range(1))
        self.settle("orders")
        self.fault(kind="500", count=1000)
        self.turn("orders")
        self.assertEqual(self.runs()[0].state, "failed")
        self.assertTrue(self.env["extensiv.error"].search([("account_id", "=", account.id), ("state", "=", "open")]))

    def test_a_moment_for_which_a_pass_was_due_is_forgotten(self):
        account = self.connect_accounts(range(1))
        self.settle("shipments")
        account._plan_flow("shipments", pause=0)
        self.turn("shipments")
        self.assertFalse(due_accounts(self.env, "shipments"))
