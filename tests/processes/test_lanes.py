"""Lanes of the orders' schedule in processes of their own: accounts that hang, and a lane that is killed."""

import socket
import time

import pytest

ACCOUNTS = 12
HANGING = 3
LANES = 4

CONNECT = """
accounts = env["extensiv.account"].create([
    {"name": f"Shop {number}", "base_url": args["base_url"], "api_user": f"user{number}", "api_key": f"key{number}",
     "import_from": "2000-01-01"} for number in range(args["accounts"])])
for account in accounts:
    account.action_connect()
accounts.write({"pull_orders": True, "setup_step": "done"})
env["res.config.settings"].create({"extensiv_parallel_passes": args["lanes"]}).execute()
hanging = accounts[:args["hanging"]]
env.flush_all()
env.cr.execute("UPDATE extensiv_account SET base_url = %s WHERE id = ANY (%s)", [args["silence"], hanging.ids])
env["extensiv.due"].search([]).unlink()
env.cr.commit()
"""
# A turn of one lane, with waits that are short; a further lane waits until the first has begun the round.
LANE = """
import time
from odoo.addons.extensiv_connector.flows import runner, schedule, trigger
runner.PASS_SECONDS = args["seconds"]
runner.CALL_SECONDS = 0.5
schedule.ACCOUNT_SECONDS = 1
cron = env.ref("extensiv_connector.ir_cron_pull_orders" + args["suffix"])
while args["suffix"] and not trigger.due_accounts(env, "orders"):
    env.cr.commit()
    time.sleep(0.05)
print("begun", flush=True)
env["extensiv.account"].with_context(cron_id=cron.id)._cron_pull_orders()
env.cr.commit()
print("ended", flush=True)
"""
PASSES = """
SELECT account.base_url = %s, run.state, run.write_date
  FROM extensiv_run AS run JOIN extensiv_account AS account ON account.id = run.account_id
 WHERE run.flow = 'orders' ORDER BY run.id
"""


@pytest.fixture
def silence():
    """Give the address of a host that accepts connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1000)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def connected(odoo, start_sandbox, silence):
    """Give a database with accounts, the first of which hang."""
    users = [option for number in range(ACCOUNTS) for option in ("--user", f"user{number}", "--key", f"key{number}")]
    sandbox = start_sandbox("--orders", "0", *users)
    arguments = {"base_url": sandbox.base_url, "silence": silence, "accounts": ACCOUNTS, "hanging": HANGING}
    odoo.run(CONNECT, {**arguments, "lanes": LANES})
    return odoo


def start_lane(odoo, number, seconds=24):
    return odoo.start(LANE, {"suffix": f"_{number}" if number > 1 else "", "seconds": seconds})


def finish(*lanes):
    for lane in lanes:
        assert lane.wait(90) == 0


def wait_for(odoo, condition):
    deadline = time.monotonic() + 60
    while not odoo.query(f"SELECT EXISTS ({condition})")[0][0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_who_hangs_holds_up_one_lane_and_nobody_is_served_twice(connected, silence):
    finish(*(start_lane(connected, number) for number in range(LANES, 0, -1)))
    passes = connected.query(PASSES, [silence])
    assert len(passes) == ACCOUNTS, "each once"
    healthy = [ended for hangs, state, ended in passes if not hangs and state == "done"]
    hanging = [ended for hangs, _state, ended in passes if hangs]
    assert (len(healthy), len(hanging)) == (ACCOUNTS - HANGING, HANGING)
    assert max(healthy) < min(hanging), "the healthy ones waited for nobody"
    assert connected.query("SELECT count(*) FROM extensiv_due WHERE flow = 'orders' AND due_at <= now()") == [(0,)]


def test_what_a_killed_lane_was_at_is_served_by_the_others_round(connected, silence):
    first = start_lane(connected, 1)
    wait_for(connected, "SELECT FROM extensiv_run WHERE state = 'running'")
    first.kill()
    first.wait()
    finish(start_lane(connected, 2), start_lane(connected, 3))
    passes = connected.query(PASSES, [silence])
    assert sum(state == "done" for hangs, state, _ended in passes if not hangs) == ACCOUNTS - HANGING
    assert len(passes) == ACCOUNTS + 1, "the one that was killed is begun anew"
    assert not [state for _hangs, state, _ended in passes if state == "running"]
