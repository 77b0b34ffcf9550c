"""Importing orders of the inbox for a person: what is read from EIM again before, and what is said afterwards."""

from odoo.exceptions import UserError

from .by_hand import runs_by_itself
from .relisting import was_cancelled

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
