"""What a pass costs that finds nothing new: of these there are hundreds a day for each account."""

import re
from contextlib import contextmanager
from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged

from ..flows import SCHEDULED, schedule
from .common import ConnectorCase

# What only a test's cursors say: they share one transaction.
OF_TEST = re.compile(r'(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT|ROLLBACK TO) "?test_cursor')


@tagged("post_install", "-at_install")
class TestIdleCost(ConnectorCase):
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

    def test_measure(self):
        self.connect()
        self.account.write({"pull_orders": True, "push_inventory": True, "push_shipments": True, "compare_stock": True})
        for flow in SCHEDULED:
            with self.flows():
                for _turn in range(3):
                    schedule.run_turn(self.env, flow)
            with self.flows(), self.statements() as seen:
                schedule.run_turn(self.env, flow)
            out = open("/tmp/v_sql.txt", "a")
            print("=====", flow, len(seen), self.last_run(flow).message, file=out)
            for text in seen:
                print("   ", text[:150], file=out)
