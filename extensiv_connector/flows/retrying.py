"""Trying again what failed: for a person, who is told at once what came of it."""

from collections import Counter

from . import (
    SCHEDULED,
    SWITCHED,
    books,
    by_hand,
    credit_notes,
    missing_carrier,
    relisting,
    shipped_elsewhere,
    status_check,
)
from .credential_check import CREDENTIALS_KEY
from .deadline import deadline_of

# Steps of orders that no pass takes up.
LOCAL_STEPS = ("confirm", relisting.STEP, books.STEP, credit_notes.STEP)


def retry(errors, account, flow):
    """Try again what ``errors`` of one flow are about, where only that can be tried; else run a whole pass."""
    if flow in RETRIES:
        RETRIES[flow](errors, account)
    elif account.state == "connected":
        account._run_flow(flow)


def say_late(errors):
    """Return sentences on those of ``errors``, just retried, for which the request had no time."""
    late = deadline_of(errors.env).late
    orders = errors.filtered(
        lambda error: error.flow == "orders" and error.res_model == "extensiv.order" and not error.step
    )
    received = set(
        errors.env["extensiv.order"].search([("id", "in", orders.mapped("res_id")), ("state", "=", "received")]).ids
    )
    goes_on = Counter()
    for error in errors:
        flow = error.key if error.flow == "connection" else error.flow
        if (error.account_id.id, flow) in late:
            goes_on[late[error.account_id.id, flow]] += 1
        elif error in orders and error.res_id in received:
            goes_on[by_hand.runs_by_itself(error.account_id, flow)] += 1
    said = []
    if goes_on[True]:
        said.append(
            errors.env._("%s go on in the background: what is solved leaves this list by itself.", goes_on[True])
        )
    if goes_on[False]:
        said.append(errors.env._("There was no time left for %s: press Retry again.", goes_on[False]))
    return said


def stop(errors, account, flow):
    """Stop trying by itself what ``errors`` of one flow, which were dismissed, are about."""
    if flow == "orders":
        _stop_cancelling(errors, account)
    elif flow == "inventory":
        levels = errors.env["extensiv.stock.level"]
        of_levels = errors.filtered(lambda error: error.res_model == levels._name)
        levels.browse(of_levels.mapped("res_id")).exists()._leave_alone()


def _retry_connection(errors, account):
    """Run the flows anew whose connection failed; an account that EIM refuses needs Connect first."""
    if account.state != "connected":
        return
    names = set(errors.mapped("key"))
    if CREDENTIALS_KEY in names:
        switched_on = {name for name, flow in SWITCHED.items() if account[flow.switch]}
        names |= switched_on or {"alerts"}  # which only reads
    for name in SCHEDULED:
        if name in names:
            account._run_flow(name)


def _retry_inventory(errors, account):
    """Push the levels anew that these errors are about."""
    errors.env["extensiv.stock.level"]._retry(account, errors)


def _retry_shipments(errors, account):
    """Tell EIM anew of the orders that these errors are about, or whose delivery method they are about."""
    carriers = errors.filtered(lambda error: error.res_model == "delivery.carrier").mapped("res_id")
    errors.env["sale.order"].search(
        [
            ("extensiv_account_id", "=", account.id),
            ("extensiv_shipment_state", "in", ("failed", "sending")),
            "|",
            ("extensiv_cust_ref", "in", errors.mapped("key")),
            ("extensiv_refused_carrier_id", "in", carriers),
        ]
    )._extensiv_retry_shipments()
    if any(error.key.startswith(missing_carrier.LACKING) for error in errors):
        missing_carrier.report_again(account)
    account._run_flow("shipments")


def _retry_orders(errors, account):
    """Import the orders anew; what EIM still has to be told of an order is told by a pass."""
    orders = _orders_of_step(errors, account, False)
    orders._import_now()
    known = set(orders.mapped("cust_ref"))
    if held := _orders_of_step(errors, account, "confirm"):
        if held._confirm_held_now(account):
            deadline_of(account.env).late[account.id, "orders"] = False
    if of_books := errors.filtered(lambda error: error.step in (books.STEP, credit_notes.STEP)):
        books.settle_now(account, of_books.mapped("key"))
    # A person decides these; one that was dismissed is asked about again.
    relisting.report(_orders_of_step(errors, account, relisting.STEP).filtered("listed_again_at"))
    others = errors.filtered(lambda error: error.step not in LOCAL_STEPS and (error.step or error.key not in known))
    if others and account.state == "connected":
        _orders_of_step(errors, account, "cancel").filtered(
            lambda order: order.cancel_request != "done"
        ).cancel_request = "due"
        elsewhere = _orders_of_step(errors, account, shipped_elsewhere.STEP)
        if shipped_elsewhere.ALL_KEY in errors.mapped("key"):
            elsewhere |= shipped_elsewhere.find_together(account)
        status_check.mark(account, {(order.cust_ref, "") for order in elsewhere})
        account._run_flow("orders")


def _stop_cancelling(errors, account):
    """Stop asking EIM by itself to cancel the orders that these errors are about."""
    _orders_of_step(errors, account, "cancel").filtered(
        lambda order: order.cancel_request == "due"
    ).cancel_request = False


def _orders_of_step(errors, account, step):
    """Return the orders with which ``step`` did not succeed: ``acknowledge``, ``cancel`` …; empty: importing."""
    keys = errors.filtered(lambda error: (error.step or False) == step).mapped("key")
    return errors.env["extensiv.order"].search([("account_id", "=", account.id), ("cust_ref", "in", keys)])


RETRIES = {
    "connection": _retry_connection,
    "orders": _retry_orders,
    "inventory": _retry_inventory,
    "shipments": _retry_shipments,
}
