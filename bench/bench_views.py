"""What a person waits for at the server: the dashboard and the lists, with errors and runs as of years."""

from __future__ import annotations

import json
import statistics
import time

ACCOUNTS = 4
ERRORS = 10_000
RUNS = 1_000_000
ORDERS = 100_000
TRIES = 7
LIMIT = 80  # rows of a list's first page

ERRORS_LIST = {
    "last_seen": {}, "create_date": {}, "account_id": {"fields": {"display_name": {}}}, "flow": {}, "key": {},
    "category": {}, "message": {}, "attempts": {}, "next_try": {}, "process_id": {}, "state": {}, "res_model": {},
    "res_id": {}, "mend": {},
}  # fmt: skip
RUNS_LIST = {
    "started_at": {}, "account_id": {"fields": {"display_name": {}}}, "flow": {}, "done_count": {},
    "failed_count": {}, "skipped_count": {}, "duration": {}, "message": {}, "state": {},
}  # fmt: skip
DASHBOARD = {
    "name": {}, "state": {}, "dashboard": {}, "dashboard_graph": {}, "company_id": {"fields": {"display_name": {}}},
    "responsible_id": {"fields": {"display_name": {}}},
}  # fmt: skip


def run(bench):
    """Milliseconds of the server's work for the views as the web client asks for them, the median of seven."""
    env = bench.env
    with bench.measure(f"{ERRORS:,} open errors, {RUNS:,} runs, {ORDERS:,} orders made"):
        fill(env)
    env = env(user=env.ref("base.user_admin"))
    figures = {
        "dashboard_ms": median(env, lambda: env["extensiv.account"].web_search_read([], DASHBOARD, limit=LIMIT)),
        "errors_list_ms": median(
            env,
            lambda: env["extensiv.error"].web_search_read(
                [("state", "=", "open")], ERRORS_LIST, limit=LIMIT, count_limit=10_001
            ),
        ),
        "runs_list_ms": median(
            env, lambda: env["extensiv.run"].web_search_read([], RUNS_LIST, limit=LIMIT, count_limit=10_001)
        ),
    }
    bench.table(["view", "ms"], [[name.removesuffix("_ms"), value] for name, value in figures.items()])
    return figures


def median(env, work):
    """Return the median of some tries in milliseconds, with nothing left in the records' cache from the one before."""
    seconds = []
    for _try in range(TRIES):
        env.invalidate_all()
        start = time.perf_counter()
        answer = work()
        json.dumps(answer, default=str)
        seconds.append(time.perf_counter() - start)
        if not answer["records"]:
            raise RuntimeError("The view has nothing to show.")
    return round(statistics.median(seconds) * 1000, 1)


def fill(env):
    """Make accounts with their errors, their runs of years, and orders of which some wait."""
    accounts = env["extensiv.account"].create(
        [
            {
                "name": f"Shops {number}",
                "api_user": f"user {number}",
                "api_key": "key",
                "pull_orders": True,
                "base_url": "http://127.0.0.1:9",
            }
            for number in range(ACCOUNTS)
        ]
    )
    accounts.write({"state": "connected"})
    for account in accounts:
        env["extensiv.cart"].create(
            [
                {
                    "account_id": account.id,
                    "order_source": f"Cart {number}",
                    "name": f"Cart {number}",
                    "prefix": f"{account.id}-{number}:",
                }
                for number in range(10)
            ]
        )
    env.flush_all()
    about = {"accounts": accounts.ids, "company": accounts[0].company_id.id, "count": ACCOUNTS}
    env.cr.execute(
        """
        INSERT INTO extensiv_order (account_id, company_id, cust_ref, order_number, state, missing_skus, create_date)
        SELECT (%(accounts)s)[n %% %(count)s + 1], %(company)s, 'R' || n, 'R' || n,
               CASE WHEN n %% 10 = 0 THEN 'failed' ELSE 'imported' END,
               CASE WHEN n %% 10 = 0 THEN '["ABC-1"]'::jsonb END,
               now() AT TIME ZONE 'UTC' - n * interval '1 minute'
          FROM generate_series(1, %(rows)s) AS n""",
        {**about, "rows": ORDERS},
    )
    env.cr.execute(
        """
        INSERT INTO extensiv_error (account_id, company_id, flow, key, category, message, attempts, state, last_seen,
                                    create_date, res_model, res_id)
        SELECT account_id, company_id, 'orders', cust_ref, 'data', 'SKU ABC-1 is not an internal reference', 3, 'open',
               create_date, create_date, 'extensiv.order', id
          FROM extensiv_order WHERE state = 'failed' LIMIT %(rows)s""",
        {**about, "rows": ERRORS},
    )
    env.cr.execute(
        """
        INSERT INTO extensiv_run (account_id, company_id, flow, started_at, duration, done_count, failed_count,
                                  skipped_count, state, message)
        SELECT (%(accounts)s)[n / 4 %% %(count)s + 1], %(company)s,
               (ARRAY['orders', 'inventory', 'shipments', 'alerts'])[n %% 4 + 1],
               now() AT TIME ZONE 'UTC' - (%(rows)s - n) * interval '20 seconds', 1.5, n %% 3, 0, 0,
               'done', 'Nothing new.'
          FROM generate_series(1, %(rows)s) AS n""",
        {**about, "rows": RUNS},
    )
    env.cr.commit()
    env.cr.execute("ANALYZE extensiv_order, extensiv_error, extensiv_run")
    env.cr.commit()
