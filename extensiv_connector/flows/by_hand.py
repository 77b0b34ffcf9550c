"""Passes that a person starts and waits for, as far as the request has time; what is left is triggered, and said."""

from .. import flows
from . import runner, work_counts
from .deadline import deadline_of
from .schedule import cron_of

# What is tried again later than this is no rest of what a person asked for.
SOON_SECONDS = 60


def run_flow(account, flow):
    """Run one pass of ``flow`` for a person, in the time that the request has left; what is left is triggered.

    :return: the ``runner.Result``, whose message says what goes on by itself
    """
    deadline = deadline_of(account.env)
    if not deadline.has_time(account):
        return runner.Result("partial", f"{deadline.explain(account)} {put_off(account, flow)}", 0)
    result = account._run_pass(flow, min(deadline.last_call_at, runner.new_deadline()))
    if result.is_unanswered:
        deadline.leave(account, result.message)
        deadline.late[account.id, flow] = runs_by_itself(account, flow)
        if deadline.late[account.id, flow]:
            again = account.env._("It is tried again in the background: see Runs.")
        else:
            again = account.env._("Press the button again in some minutes.")
        result.message = f"{result.message} {again}"
    elif result.resume_in is not None and result.resume_in <= SOON_SECONDS:
        result.message = f"{result.message} {put_off(account, flow, result.resume_in)}"
    return result


def put_off(account, flow, seconds=0):
    """Have a pass of ``flow`` start in ``seconds``, and return the sentence that says so.

    Where the flow does not run by itself, a person has to press again.
    """
    env = account.env
    goes_on = runs_by_itself(account, flow)
    deadline_of(env).late[account.id, flow] = goes_on
    if not goes_on:
        return env._(
            "%(flow)s does not run by itself for %(account)s, so press the button again for the rest.",
            flow=flows.label_of(env, flow),
            account=account.name,
        )
    account._plan_flow(flow, seconds)
    if left := work_counts.count_left(account, flow):
        return env._("The rest goes on in the background, %s left now: see Runs.", left)
    return env._("The rest goes on in the background: see Runs.")


def judge(env, account, flow, result):
    """Return how what a click did is shown: ``success``, ``info``, ``warning`` or ``danger``.

    That the rest goes on by itself, or that another process is at it already, is nothing to be warned about.
    """
    if result.state == "failed":
        return "danger"
    if result.state == "done":
        return "success"
    goes_on = result.is_busy or deadline_of(env).late.get((account.id, flow))
    return "info" if goes_on and not (result.failed or result.is_unanswered) else "warning"


def find_links(account, flow, result):
    """Return where more is shown of what a click did, as ``display_notification`` takes it: ``[{"url", "label"}]``."""
    env = account.env
    links = []
    if result.is_busy or deadline_of(env).late.get((account.id, flow)):
        links.append(link_to_runs(account))
    if flow == "orders" and account.left_order_count:
        links.append({"url": _url(account, "extensiv_left_orders_action"), "label": env._("Orders Left at EIM")})
    return links


def link_to_runs(account):
    """Return the link to what the passes of ``account`` do and did."""
    return {"url": _url(account, "extensiv_account_runs_action"), "label": account.env._("Watch it under Runs")}


def _url(account, action):
    return f"/odoo/{account.id}/action-extensiv_connector.{action}"


def runs_by_itself(account, flow):
    """Whether the schedule of ``flow`` serves ``account``."""
    return (
        account.state == "connected"
        and all(account[switch] for switch in flows.FLOWS[flow].switches)
        and bool(cron_of(account.env, flow).sudo().active)
    )
