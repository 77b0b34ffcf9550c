"""With EIM hanging, Odoo's limits hold: no worker is killed, nobody's jobs are late, healthy accounts are reached.

Ten minutes each, so `make nemesis` runs it and `make test` does not.
"""

import faulthandler
import re
import socket
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest

from dev import LOGS, databases, server

ACCOUNTS = 50
HANGING = 10
SECONDS = 600
# The first passes find out which accounts hang; then these step back.
STEPPED_BACK = timedelta(minutes=4)
SCHEDULE = timedelta(minutes=5)
# Of the orders' schedule, within which a healthy account is reached; and how late other modules' jobs may be.
MINUTE = timedelta(minutes=1)
WOKEN_SECONDS = 5  # how often Odoo's cron workers are woken, which otherwise look once a minute

CONNECT = """
import datetime
accounts = env["extensiv.account"].create([
    {"name": f"Shop {number}", "base_url": args["base_url"], "api_user": f"user{number}", "api_key": f"key{number}",
     "import_from": "2000-01-01"} for number in range(args["accounts"])])
for account in accounts:
    account.action_connect()
accounts.write({"pull_orders": True, "push_inventory": True, "push_shipments": True, "setup_step": "done"})
hanging = accounts[:args["hanging"]]
env.flush_all()
env.cr.execute("UPDATE extensiv_account SET base_url = %s WHERE id = ANY (%s)", [args["hanging_url"], hanging.ids])
# Odoo's own daily jobs, which a new database has not done yet, would keep its workers busy for a while.
env["ir.cron"].search([("active", "=", True), ("cron_name", "not like", "Extensiv")]).write(
    {"nextcall": datetime.datetime.now() + datetime.timedelta(days=1)})
# Another module's job, every minute: it writes down when it was to begin; when it was written is when it began.
env["ir.cron"].create({
    "name": "Of another module", "model_id": env.ref("base.model_res_partner").id, "state": "code",
    "code": "log(str(env['ir.cron'].browse(env.context['cron_id']).nextcall))",
    "interval_number": 1, "interval_type": "minutes"})
env.cr.commit()
"""


@pytest.fixture
def silence():
    """Give the address of a host that accepts connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1000)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("threads", [1, 2])
def test_accounts_that_hang_cost_nobody_else_anything(odoo, start_sandbox, silence, threads):
    faulthandler.dump_traceback_later(SECONDS + 900, exit=True, file=sys.__stderr__)
    users = [option for number in range(ACCOUNTS) for option in ("--user", f"user{number}", "--key", f"key{number}")]
    sandbox = start_sandbox("--orders", "0", *users)
    arguments = {"base_url": sandbox.base_url, "hanging_url": silence, "accounts": ACCOUNTS, "hanging": HANGING}
    odoo.run(CONNECT, arguments)
    log = LOGS / f"nemesis-limits-{threads}.log"
    options = ("--workers=2", f"--max-cron-threads={threads}", f"--gevent-port={databases.free_port()}")
    with server.running(odoo.database, databases.free_port(), log, *options):
        started = now()
        while now() < started + timedelta(seconds=SECONDS):
            time.sleep(WOKEN_SECONDS)
            with databases.cursor() as cr:
                cr.execute("SELECT pg_notify('cron_trigger', %s)", [odoo.database])
        ended = now()
    late = measure_late(odoo, started)
    gaps = measure_gaps(odoo, silence, started + STEPPED_BACK, ended)
    said = f"other jobs at most {max(late)} late, healthy accounts reached after {max(gaps.values())} at most\n"
    (LOGS / f"nemesis-limits-{threads}.txt").write_text(said)
    killed = re.findall(r".*(?:WorkerCron.*timeout after|CPU time limit|Virtual memory limit).*", log.read_text())
    assert not killed, killed
    assert len(gaps) == ACCOUNTS - HANGING
    assert max(late) <= MINUTE, said
    assert max(gaps.values()) <= SCHEDULE + MINUTE, {name: str(gap) for name, gap in gaps.items()}


def now():
    return datetime.now(timezone.utc).replace(tzinfo=None)


def measure_late(odoo, started):
    """Return by how much the jobs of another module began late."""
    jobs = odoo.query("SELECT create_date, message FROM ir_logging WHERE func = 'Of another module' ORDER BY id")
    assert len(jobs) > 2, jobs
    # The first may have been planned before the server was there.
    return [began - max(datetime.fromisoformat(planned), started) for began, planned in jobs]


def measure_gaps(odoo, silence, since, until):
    """Return for how long each healthy account was not asked for its orders at most: ``{name: timedelta}``."""
    passes = odoo.query(
        """SELECT account.name, array_agg(run.started_at ORDER BY run.started_at)
             FROM extensiv_account AS account
             JOIN extensiv_run AS run ON run.account_id = account.id AND run.flow = 'orders' AND run.state = 'done'
            WHERE account.base_url != %s GROUP BY account.id ORDER BY account.id""",
        [silence],
    )
    gaps = {}
    for name, moments in passes:
        first = max((moment for moment in moments if moment < since), default=since - 2 * SCHEDULE)
        known = [first, *(moment for moment in moments if moment >= since), until]
        gaps[name] = max(later - earlier for earlier, later in zip(known, known[1:], strict=False))
    return gaps
