"""How far the work of an account is at this moment, for who watches it: what passes began, did and have left.

A pass commits as it goes, so this is read from the records themselves; it works for passes by schedule and for those
that a person began alike.
"""

from datetime import timedelta

from odoo import fields

from . import SWITCHED, by_hand, label_of, work_counts

# Passes that are looked back at to find where the work began that the newest of them goes on with.
CHAIN = 50
# So long after a pass that left something behind the work counts as going on: pauses for EIM's limit are shorter.
PAUSE_MINUTES = 10


def find(account):
    """Return what is going on: ``[{"flow", "name", "done", "left", "is_running", "goes_on", "said"}]``."""
    newest = account.env["extensiv.run"].sudo()._last_of_each_flow(account)
    going = []
    for flow in SWITCHED:
        run = newest.get((account.id, flow))
        if run and _is_going(run):
            going.append(_describe(account, flow, run))
    return [work for work in going if work["is_running"] or (work["left"] and work["goes_on"])]


def _is_going(run):
    since = fields.Datetime.now() - timedelta(minutes=PAUSE_MINUTES)
    return run.state in ("running", "partial") and run.started_at > since


def _describe(account, flow, run):
    began_at = _find_beginning(account, flow)
    done, left = work_counts.COUNTS[flow](account, began_at)
    is_running = run.state == "running"
    goes_on = by_hand.runs_by_itself(account, flow)
    return {
        "flow": flow,
        "name": label_of(account.env, flow),
        "done": done,
        "left": left,
        "is_running": is_running,
        "goes_on": goes_on,
        "said": _say(account.env, flow, done, left, is_running),
    }


def _find_beginning(account, flow):
    """Return when the first of the passes began that the newest goes on with."""
    runs = account.env["extensiv.run"].sudo()
    runs = runs.search_fetch(
        [("account_id", "=", account.id), ("flow", "=", flow)], ["state", "started_at"], limit=CHAIN
    )
    began_at = runs[:1].started_at
    for run in runs:
        if run.state not in ("running", "partial"):
            break
        began_at = run.started_at
    return began_at


def _say(env, flow, done, left, is_running):
    if not left:
        return {
            "orders": env._("EIM is asked for orders; %s imported so far.", done),
            "inventory": env._("Stock is read and compared; %s levels pushed so far.", done),
            "shipments": env._("EIM is told of shipments; %s so far.", done),
        }[flow]
    total = done + left
    counted = {
        "orders": env._("%(done)s of %(total)s orders dealt with.", done=done, total=total),
        "inventory": env._("%(done)s of %(total)s levels pushed.", done=done, total=total),
        "shipments": env._("%(done)s of %(total)s shipments told.", done=done, total=total),
    }[flow]
    return counted if is_running else " ".join([counted, env._("It goes on in a moment.")])
