"""What a pass costs that finds nothing new: of these there are hundreds a day for each account."""

import re
from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tests import tagged

from ..flows import SCHEDULED, schedule
from .common import ConnectorCase

# What only a test's cursors say: they share one transaction.
OF_TEST = re.compile(r'(RELEASE |ROLLBACK TO )?(SAVEPOINT )?"?test_cursor')
MOST_QUERIES = 12
FEW = 2
MANY = 12
TABLES = ("extensiv_run", "extensiv_call", "extensiv_due", "extensiv_error", "extensiv_alert", "extensiv_order")
ASKING_NOTHING = ("shipments", "audit", "compare")


@tagged("post_install", "-at_install")
class TestIdleCost(ConnectorCase):
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

    def measure(self, flow, count):
        """Return the statements of a turn in which ``count`` accounts find nothing new."""
        with self.statements() as seen:
            self.turn(flow)
        return seen

    def test_an_account_with_nothing_new_costs_few_queries_and_leaves_no_row(self):
        cost = {}
        for count in (FEW, MANY):
            self.connect_accounts(range(FEW) if count == FEW else range(FEW, MANY))
            for flow in SCHEDULED:
                for _turn in range(3):  # the first ones have something to find out
                    self.turn(flow)
                rows = self.count_rows()
                with self.statements() as seen:
                    self.turn(flow)
                cost[flow, count] = seen
                if self.count_rows() != rows: open("/tmp/v_cost.txt","a").write(f"ROWS {flow} {rows} {self.count_rows()}")
        for flow in SCHEDULED:
            more = len(cost[flow, MANY]) - len(cost[flow, FEW])
            shown = f"{flow}: {len(cost[flow, FEW])} for {FEW}, {len(cost[flow, MANY])} for {MANY}\n"
            open("/tmp/v_cost.txt", "a").write(shown + "\n".join("   " + x[:160] for x in cost[flow, FEW]) + "\n")
