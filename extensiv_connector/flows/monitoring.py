"""What a monitoring system reads from outside: how each flow of each account is, without anybody's data.

A few queries whatever the number of accounts, and those once in a while only, however often it is asked.
"""

import json
import threading
import time

from odoo import fields
from odoo.tools import consteq

from .. import flows

ROUTE = "/extensiv/health"
TOKEN = "extensiv_connector.health_token"
CACHE_SECONDS = 15
JSON = "application/json"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

# {database: (until when by time.monotonic(), what was collected)}, of this process.
_collected = {}
_lock = threading.Lock()


def get_token(env):
    """Return the token with which monitoring asks, or an empty text where it may not."""
    return env["ir.config_parameter"].sudo().get_param(TOKEN) or ""


def is_allowed(token, authorization):
    """Whether the header ``Authorization`` of a request has the token."""
    scheme, _space, given = authorization.partition(" ")
    # Only texts in ASCII are compared in constant time.
    return scheme.lower() == "bearer" and consteq(given.strip().encode(), token.encode())


def get_health(env):
    """Return what ``collect`` does, of this moment or of the last ``CACHE_SECONDS``."""
    database = env.cr.dbname
    with _lock:
        until, health = _collected.get(database, (0, None))
    if until > time.monotonic():
        return health
    health = collect(env)
    with _lock:
        _collected[database] = (time.monotonic() + CACHE_SECONDS, health)
    return health


def forget(database):
    """Have what was collected of ``database`` collected anew."""
    with _lock:
        _collected.pop(database, None)


def collect(env):
    """Return how the flows of all accounts are that were connected.

    :return: ``{"accounts": [{"id", "connected", "flows": [...], "errors": {flow: open ones}}]}``; a flow has ``flow``,
        ``on``, ``last_good_pass`` (ISO 8601 in UTC, or None) and ``age`` (seconds since then, or since it is watched)
    """
    Account = env["extensiv.account"].sudo()
    accounts = Account.search([("state", "!=", "draft")], order="id")
    good = env["extensiv.run"].sudo()._last_good(accounts)
    errors = {}
    for account, flow, count in (
        env["extensiv.error"]
        .sudo()
        ._read_group([("account_id", "in", accounts.ids), ("state", "=", "open")], ["account_id", "flow"], ["__count"])
    ):
        errors.setdefault(account.id, {})[flow] = count
    now = fields.Datetime.now()
    return {
        "accounts": [
            {
                "id": account.id,
                "connected": account.state == "connected",
                "flows": [
                    _of_flow(account, flow, good.get((account.id, flow.name)), now) for flow in flows.SCHEDULED.values()
                ],
                "errors": errors.get(account.id, {}),
            }
            for account in accounts
        ]
    }


def _of_flow(account, flow, last, now):
    """Return what there is to say of ``flow``, whose last good run began at ``last``, perhaps never."""
    since = last or account.watched_since or account.create_date
    return {
        "flow": flow.name,
        "on": account.state == "connected" and all(account[switch] for switch in flow.switches),
        "last_good_pass": last and f"{last.isoformat(timespec='seconds')}Z",
        "age": max(int((now - since).total_seconds()), 0),
    }


def to_json(health):
    return json.dumps(health)


def to_text(health):
    """Return ``health`` in Prometheus' text format."""
    ages = []
    states = []
    connected = []
    errors = []
    for account in health["accounts"]:
        number = account["id"]
        connected.append(f'extensiv_account_connected{{account="{number}"}} {int(account["connected"])}')
        for flow in account["flows"]:
            labels = f'{{account="{number}",flow="{flow["flow"]}"}}'
            states.append(f"extensiv_flow_on{labels} {int(flow['on'])}")
            ages.append(f"extensiv_last_good_pass_age_seconds{labels} {flow['age']}")
        for name in flows.FLOWS:
            count = account["errors"].get(name, 0)
            errors.append(f'extensiv_open_errors{{account="{number}",flow="{name}"}} {count}')
    metrics = {
        "extensiv_account_connected": ("Whether the account is connected.", connected),
        "extensiv_flow_on": ("Whether the flow runs by schedule.", states),
        "extensiv_last_good_pass_age_seconds": (
            "Seconds since the flow's last good run began; where there was none, since it is watched.",
            ages,
        ),
        "extensiv_open_errors": ("Errors that are open.", errors),
    }
    lines = []
    for name, (text, samples) in metrics.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", *samples]
    return "\n".join([*lines, ""])
