"""Importing orders of the inbox for a person: what is read from EIM again before, and what is said afterwards."""

from odoo.exceptions import UserError

from .by_hand import runs_by_itself
from .deadline import deadline_of
from .import_queue import UNMARKED
from .order_import import OrderImport
from .relisting import was_cancelled
from .runner import BATCH_SECONDS, FlowRun, refresh_snapshot, release_locks

SHOWN = 5  # reasons in one message


def fetch_payloads(orders):
    """Read from EIM again those of ``orders`` of which nothing is kept, as far as the request has time.

    :return: ``{order: why}`` of those that could not be read
    :raise UserError: so it is of one order alone
    """
    problems = {}
    for order in orders.filtered(lambda order: not order.payload):
        try:
            order._fetch_payload()
        except UserError as error:
            if len(orders) == 1:
                raise
            problems[order] = str(error)
    return problems


def import_now(orders):
    """Import ``orders`` of the inbox for a person; what a request has no time for is left to the schedule."""
    release_locks(orders.env)
    deadline = deadline_of(orders.env)
    for account, account_orders in orders.grouped("account_id").items():
        with FlowRun.open(account, deadline.at) as run:
            _import_chosen(run, account_orders.with_env(run.env))
    refresh_snapshot(orders.env)


def _import_chosen(run, orders):
    """Import ``orders`` of the run's account batch by batch, as long as there is time."""

    def requeue():
        # Those that wait already are left alone: writing them would conflict with whoever imports them. But one that
        # was in a killed process counts as new: a person wants it tried.
        chosen = orders._importable_again().filtered(lambda order: order.state != "received" or order.import_began_at)
        chosen.try_lock_for_update().write({"state": "received", **UNMARKED})

    run.retry_on_conflict(requeue)
    importer = OrderImport(run, only=orders.ids)
    while run.has_time(BATCH_SECONDS) and importer.import_next():
        continue
    if importer.queue.put_off or importer.find_importable(1):
        importer.start_second()


def say_rest(orders, problems):
    """Return sentences on what became of ``orders``, where some were not dealt with in the time of the request.

    :param problems: as ``fetch_payloads`` returns them
    """
    env = orders.env
    received = orders.filtered(lambda order: order.state == "received")
    undecided = orders.filtered(lambda order: order.listed_again_at and was_cancelled(order)) - received
    unread = orders.browse().union(*problems)
    if not (received or undecided or unread):
        return []
    done = len(orders.filtered(lambda order: order.state == "imported") - undecided)
    said = [env._("%(done)s of %(all)s orders are imported.", done=done, all=len(orders))]
    goes_on = (received - unread).filtered(lambda order: runs_by_itself(order.account_id, "orders"))
    if goes_on:
        said.append(env._("%s are imported in the background: see Received in the list of orders.", len(goes_on)))
    if left := (received | undecided) - goes_on - unread:
        said.append(env._("There was no time left for %s: press the button again.", len(left)))
    if unread:
        said.append(env._("%s were not read from EIM: press the button again for these.", len(unread)))
        said += list(dict.fromkeys(problems.values()))[:SHOWN]
    return said
