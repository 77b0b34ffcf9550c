"""The lanes of the orders' schedule: further scheduled actions that serve accounts beside the first one.

What the schedule's own turn has to do is noted for all lanes alike, as a moment of ``extensiv.due`` for each account.
Each lane takes the accounts in the same order; which of them still wait it reads again before each, and once more when
it holds the account's lock. A pass forgets what it was noted for, so what a killed lane began is found by the others.
"""

from .. import flows

PARAMETER = "extensiv_connector.parallel_passes"
MOST = 8
FLOW = "orders"
# On an account's context: a pass is done only if it still is due when its lock is held.
IF_DUE = "extensiv_if_due"


def get_count(env, flow=FLOW):
    """Return how many lanes ``flow`` has, 1 where only its schedule serves it."""
    if flow != FLOW:
        return 1
    value = env["ir.config_parameter"].sudo().get_param(PARAMETER) or ""
    return min(max(int(value), 1), MOST) if value.isdecimal() else 1


def find_further(env, flow=FLOW):
    """Return the scheduled actions of the further lanes that are in use, with the superuser's rights."""
    count = get_count(env, flow)
    return env["ir.cron"].sudo().union(*_find(env, range(2, count + 1)).values())


def find_all(env):
    """Return the scheduled actions of all lanes that there ever were, the first one too."""
    first = env.ref(flows.SCHEDULED[FLOW].cron, raise_if_not_found=False) or env["ir.cron"]
    return first.sudo().union(*_find(env, range(2, MOST + 1)).values())


def is_further(env):
    """Whether the scheduled action that runs now is a further lane, which does what is due and begins nothing."""
    cron_id = env.context.get("cron_id")
    first = env.ref(flows.SCHEDULED[FLOW].cron, raise_if_not_found=False)
    if not cron_id or (first and first.id == cron_id):
        return False
    return any(cron.id == cron_id for cron in _find(env, range(2, MOST + 1)).values())


def toggle(env, domain):
    """Have as many lanes as wanted, and have them run only while an account meets ``domain``.

    One that works at this moment stays as it is until the next time; it does nothing that others do, too.
    """
    count = get_count(env)
    known = _find(env, range(2, MOST + 1))
    for number in range(2, count + 1):
        if number not in known:
            known[number] = _create(env, number)
    for number, cron in known.items():
        cron.toggle("extensiv.account", domain if number <= count else [("id", "=", False)])


def _find(env, numbers):
    """Return ``{number: scheduled action}`` of those lanes that exist."""
    names = {_name(number): number for number in numbers}
    if not names:
        return {}
    known = (
        env["ir.model.data"]
        .sudo()
        .search_fetch(
            [("module", "=", "extensiv_connector"), ("model", "=", "ir.cron"), ("name", "in", list(names))],
            ["name", "res_id"],
            order="id",
        )
    )
    return {names[data.name]: env["ir.cron"].sudo().browse(data.res_id) for data in known}


def _create(env, number):
    """Create the lane ``number``, under a name by which neutralizing, updating and uninstalling know it."""
    cron = (
        env["ir.cron"]
        .sudo()
        .create(
            {
                "name": env._("Extensiv: pull orders, lane %s", number),
                "model_id": env["ir.model"]._get_id("extensiv.account"),
                "state": "code",
                "code": "model._cron_pull_orders()",
                "user_id": env.ref("base.user_root").id,
                # The first lane wakes it, and so does whatever is due; by the hour it finds what both missed.
                "interval_number": 1,
                "interval_type": "hours",
                "priority": 7,
                "active": False,
            }
        )
    )
    env["ir.model.data"].sudo().create(
        {
            "module": "extensiv_connector",
            "name": _name(number),
            "model": "ir.cron",
            "res_id": cron.id,
            "noupdate": True,
        }
    )
    return cron


def _name(number):
    return f"ir_cron_pull_orders_{number}"
