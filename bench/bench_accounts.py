"""How long accounts wait for others whose EIM hangs: with Odoo's schedule, its lanes, and jobs of the OCA's queue."""

import time

from dev import LOGS, databases, demo, server

ACCOUNTS = 30
HANGING = 3
AT_ONCE = 4  # lanes, and jobs
PATIENCE = 400
LOOK_SECONDS = 0.1
KEY = "demo-key"

# Those that hang come first in the round: their EIM answered until now, and nobody knows yet that it does no longer.
ACCOUNTS_SCRIPT = """
accounts = env["extensiv.account"].create([
    {"name": f"Shop {number}", "base_url": args["hanging" if number < args["dead"] else "healthy"],
     "api_user": f"user-{number}", "api_key": args["key"], "import_from": "2000-01-01", "state": "connected"}
    for number in range(args["accounts"])])
accounts.write({"pull_orders": True})
env["ir.config_parameter"].set_param("extensiv_connector.parallel_passes", str(args["lanes"]))
accounts[0].write({"pull_orders": True})  # has as many lanes as the setting says
env["extensiv.due"].search([]).unlink()
env["ir.cron.trigger"].search([]).unlink()
if "queue.job" in env:
    env["queue.job"].search([]).unlink()
env.cr.execute("UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' + interval '1 day', lastcall = NULL")
env.cr.commit()
"""
BEGIN = """
UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC'
 WHERE id = (SELECT res_id FROM ir_model_data WHERE module = 'extensiv_connector' AND name = 'ir_cron_pull_orders')
"""
SERVED = """
SELECT count(DISTINCT account_id) FROM extensiv_run JOIN extensiv_account ON extensiv_account.id = account_id
 WHERE flow = 'orders' AND extensiv_run.state = 'done' AND base_url = %s
"""
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def run(bench):
    """Measure in servers with workers when the last healthy account of 30 was served, 3 of them hanging."""
    users = [option for number in range(ACCOUNTS) for option in ("--user", f"user-{number}", "--key", KEY)]
    healthy = bench.sandbox("--orders", "0", "--no-rate-limit", *users)
    hanging = bench.sandbox("--orders", "0", "--no-rate-limit", *users)
    hanging.post("/sandbox/settings", {"random_faults": {"rate": 1.0, "kinds": ["timeout"], "seconds": 600}})
    addresses = {"healthy": healthy.base_url, "hanging": hanging.base_url}
    options, environ = demo.with_jobrunner(f"root:{AT_ONCE},root.extensiv:{AT_ONCE}")
    alone = databases.with_addon()
    with_queue = databases.with_queue()
    measured = {
        "crons": measure(bench, "crons", alone, addresses, 1),
        "lanes": measure(bench, "lanes", alone, addresses, AT_ONCE),
        "queue": measure(bench, "queue", with_queue, addresses, 1, *options, **environ),
    }
    bench.table(
        [f"{ACCOUNTS} accounts, {HANGING} of them hanging", "healthy round, s", "connections at most"],
        [
            ["Odoo's schedule", *measured["crons"]],
            [f"{AT_ONCE} lanes", *measured["lanes"]],
            [f"{AT_ONCE} jobs at once", *measured["queue"]],
        ],
    )
    bench.say("  All of Odoo's processes are counted, with the web workers' own connections.")
    return {
        **{f"healthy_round_s_{name}": round(seconds, 1) for name, (seconds, _most) in measured.items()},
        "connections": {name: most for name, (_seconds, most) in measured.items()},
    }


def measure(bench, name, template, addresses, lanes, *options, **environ):
    """Return in how many seconds each healthy account was served, and how many connections were open at most."""
    database = databases.copy(template, f"extensiv_bench_accounts_{name}")
    log = LOGS / f"bench-accounts-{name}.log"
    try:
        args = {**addresses, "accounts": ACCOUNTS, "dead": HANGING, "key": KEY, "lanes": lanes}
        script = databases.script_process(database, ACCOUNTS_SCRIPT, args, log=log, **environ)
        databases.finish(script, log)
        options += (
            f"--workers={AT_ONCE + 2}",
            f"--max-cron-threads={AT_ONCE}",
            f"--gevent-port={databases.free_port()}",
        )
        with (
            databases.cursor(database) as cr,
            server.running(database, databases.free_port(), log, *options, **environ),
        ):
            time.sleep(10)  # all workers are there, and the job runner listens
            return wait_until_served(bench, name, cr, addresses["healthy"])
    finally:
        databases.drop(database)


def wait_until_served(bench, name, cr, address):
    started = time.monotonic()
    cr.execute(BEGIN)
    cr.execute("SELECT current_database()")
    with databases.cursor() as postgres:  # where Odoo's scheduler listens
        postgres.execute("SELECT pg_notify('cron_trigger', %s)", cr.fetchone())
    most = 0
    while True:
        cr.execute(CONNECTIONS)
        most = max(most, cr.fetchone()[0])
        cr.execute(SERVED, [address])
        [served] = cr.fetchone()
        seconds = time.monotonic() - started
        if served == ACCOUNTS - HANGING:
            bench.say(f"  {name}: {seconds:.1f} s")
            return seconds, most
        if seconds > PATIENCE:
            raise AssertionError(f"{name}: {served} healthy accounts were served in {PATIENCE} s")
        time.sleep(LOOK_SECONDS)
