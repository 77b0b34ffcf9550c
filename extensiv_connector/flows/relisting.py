"""Orders that were cancelled and that EIM lists as new again: a person decides whether they are shipped after all.

Until then they are not acknowledged. `listed_again_at` on the order of the inbox remembers that the person was asked,
so that one listing is one question, whatever becomes of its error; it is emptied once EIM lists the order no more.
"""

from datetime import timedelta

from odoo import fields

from ..eim.wire import Order
from . import cancelled_goods
from .deadline import deadline_of
from .import_pace import count_together
from .order_import import import_batch
from .runner import BATCH_SECONDS, FlowRun, refresh_snapshot, release_locks
from .trigger import trigger

STEP = "listed"
# A cancellation of EIM's that is no older than this may be a mistake which EIM took back; an older order that is listed
# again is rather one of a history that was cleared.
RECENT = timedelta(days=7)
# A shipment in these states: everything has left.
FULFILLED = ("ready", "sending", "sent", "failed")


def was_cancelled(order):
    """Whether nothing is to be shipped for ``order`` of the inbox: its sale order, or it itself, was cancelled.

    An imported one without a sale order is such, too: somebody deleted it.
    """
    if order.sale_order_id:
        return order.sale_order_id.state == "cancel"
    return order.state in ("cancelled", "imported")


def find_finished(inbox):
    """Return those of ``inbox``, orders that EIM lists as new, that were dealt with before: cancelled or fulfilled."""
    return inbox.filtered(
        lambda order: (
            (order.acknowledged_at or order.cancelled_at)
            and (
                was_cancelled(order)
                or order.sale_order_id.extensiv_shipment_state in FULFILLED
                or order.sale_order_id.delivery_status == "full"
            )
        )
    )


def import_alone(account, finished, now):
    """Take up by itself a cancelled order that EIM lists again, where it is surely the order which EIM took back.

    So it is where EIM's own list cancelled it a short while ago, nothing moved or was invoiced for it, and no other
    order that was dealt with is listed again with it, as they are after EIM's history was cleared.

    :param finished: references of the whole list, of orders that were dealt with before
    :param now: the moment by EIM's clock (naive UTC)
    """
    if len(finished) != 1:
        return
    order = account.env["extensiv.order"].search(
        [
            ("account_id", "=", account.id),
            ("cust_ref", "in", list(finished)),
            ("listed_again_at", "!=", False),
            ("cancelled_at", ">=", now - RECENT),
            ("payload", "!=", False),
        ]
    )
    if not order or not was_cancelled(order) or _is_decided(order) or _has_moved(order.sale_order_id):
        return
    _reopen(
        order.try_lock_for_update(),
        account.env._("EIM listed the cancelled order as new again, and it was imported anew as another sale order."),
    )


def _is_decided(order):
    """Whether a person dismissed the question about ``order``, or EIM no longer has the buyer's data."""
    Error = order.env["extensiv.error"]
    asked = Error._domain(order.account_id, "orders", [order.cust_ref], STEP)
    last = Error.search(asked, limit=1)
    return last.state == "dismissed" or Order.from_payload(order.payload).is_redacted


def _has_moved(sale):
    """Whether anything was moved or invoiced for ``sale``, perhaps an empty one."""
    return bool(
        sale.order_line.move_ids.filtered(lambda move: move.state == "done")
        or sale.invoice_ids.filtered(lambda invoice: invoice.state != "cancel")
    )


def keep_apart(inbox, listed):
    """Take note of those of ``inbox``, orders that EIM lists as new, that were cancelled since they were received.

    :param listed: ``{reference: wire.Order}``, what EIM lists
    :return: those that a person has to decide about, or EIM is asked to cancel: they are not acknowledged
    """
    cancelled = inbox.filtered(was_cancelled)
    # Those were set to a quotation again here, or never cancelled: EIM may cancel them once more.
    alive = (inbox - cancelled).filtered("cancelled_at")
    alive.cancelled_at = False
    asked_about = (inbox - cancelled).filtered("listed_again_at")
    asked_about.message = False
    close(asked_about)
    (alive | asked_about).filtered(lambda order: order.state == "cancelled").state = "imported"
    # Never acknowledged and cancelled only here: EIM lists it still, not again.
    cancelled = cancelled.filtered(lambda order: order.cancelled_at or order.acknowledged_at)
    asked = cancelled.filtered(lambda order: not order.listed_again_at and order.cancel_request != "due")
    for order in asked:
        order.listed_again_at = fields.Datetime.now()
        if not listed[order.cust_ref].is_redacted:
            order._take_payload(listed[order.cust_ref])
    report(asked)
    return cancelled


def report(orders):
    """Open an error for each of ``orders``, which offers to import it after all."""
    env = orders.env
    for account, account_orders in orders.grouped("account_id").items():
        failures = {}
        for order in account_orders:
            order.message = env._(
                "Order %(order)s was cancelled, and EIM lists it as new again. It is not acknowledged and nothing is "
                "shipped until you decide: press Import After All to make a new sale order of it, or dismiss the error "
                "to leave the order at EIM.",
                order=order.order_number,
            )
            failures[order.cust_ref] = {"message": order.message, "category": "data", "document": order}
        env["extensiv.error"]._report(account, "orders", failures, STEP)


def close_unlisted(account, still_listed):
    """Close the question about orders that EIM lists as new no more.

    :param still_listed: references, of the whole list
    """
    gone = account.env["extensiv.order"].search(
        [
            ("account_id", "=", account.id),
            ("listed_again_at", "!=", False),
            ("cust_ref", "not in", list(still_listed)),
        ]
    )
    close(gone)
    for order in gone:
        order.message = order.cancelled_at and cancelled_goods.say_cancelled(order)


def close(orders):
    """Take the question about ``orders`` off the lists."""
    orders.listed_again_at = False
    for account, account_orders in orders.grouped("account_id").items():
        orders.env["extensiv.error"]._resolve(account, "orders", account_orders.mapped("cust_ref"), STEP)


def import_anew_now(orders):
    """Import ``orders`` for a person, beside their cancelled sale orders; EIM is told by the next pass.

    Those that the request has no time for stay as they are: the person is still asked about them.
    """
    env = orders.env
    person = env.user.name
    release_locks(env)
    deadline = deadline_of(env)
    for account, account_orders in orders.grouped("account_id").items():
        with FlowRun.open(account, deadline.at) as run:
            cancelled = account_orders.with_env(run.env)
            size = run.account.import_batch_size
            while cancelled and run.has_time(BATCH_SECONDS):
                batch = cancelled[
                    : count_together([order.line_count for order in cancelled[:size]], run.seconds_left())
                ]
                cancelled -= batch
                run.retry_on_conflict(lambda batch=batch: import_anew(batch, person))
    trigger(env, "orders", orders.account_id)
    refresh_snapshot(env)


def import_anew(orders, person):
    """Make new sale orders of those of ``orders`` that are cancelled and listed again; the old ones stay cancelled.

    The rows are locked and looked at again: of two people who press the button one finds nothing to do.

    :param person: the name of who decided
    :return: how many were dealt with
    """
    env = orders.env
    orders = orders.try_lock_for_update().filtered(lambda order: order.listed_again_at and was_cancelled(order))
    _reopen(
        orders,
        env._(
            "EIM listed the cancelled order as new again, and %s had it imported anew as another sale order.", person
        ),
    )
    for _account, account_orders in orders.grouped("account_id").items():
        import_batch(account_orders)
    return len(orders)


def _reopen(orders, note):
    """Have cancelled ``orders`` imported and acknowledged once more, beside their sale orders, which stay cancelled.

    :param note: what the sale orders say of it
    """
    env = orders.env
    replaced = orders.sale_order_id
    replaced.write({"extensiv_is_replaced": True})
    replaced.filtered(lambda sale: sale.extensiv_shipment_state != "sent")._extensiv_skip(
        env._("The order was imported anew.")
    )
    replaced._message_log_batch(bodies=dict.fromkeys(replaced.ids, note))
    close(orders)
    orders.write(
        {
            "state": "received",
            "message": False,
            "sale_order_id": False,
            "cancelled_at": False,
            "cancel_request": False,
            "acknowledged_at": False,
        }
    )
