"""Confirming many sale orders together, and finding those that another app does not let be confirmed.

Such an app need not raise anything: it may return an action that opens a window, or nothing at all, and leave the whole
batch as it is. So what counts is the state that the orders are in afterwards.
"""

from . import holds
from .deadline import deadline_of
from .exceptions import is_conflict
from .order_refusal import explain
from .quiet import quiet
from .runner import BATCH_SECONDS, FlowRun, release_locks


class _SomeHeld(Exception):
    """Not all orders of a batch are confirmed; what was done is taken back."""

    def __init__(self, held):
        super().__init__()
        self.held = held


def confirm(sales):
    """Confirm ``sales`` with one call; where an app holds some, with as many as it takes to isolate these.

    :return: ``{sale order: what holds it}``, a text for a person
    :raise Exception: what Odoo or an app raised
    """
    if not sales:
        return {}
    try:
        with sales.env.cr.savepoint():
            answer = sales.action_confirm()
            held = sales.filtered(lambda sale: sale.state != "sale")
            if held and len(sales) > 1:
                raise _SomeHeld(held)
    except _SomeHeld as some:
        held = some.held
    else:
        return {held: _explain_held(held, answer)} if held else {}
    free = sales - held
    if free:
        return confirm(free) | confirm(held)
    half = len(held) // 2
    return confirm(held[:half]) | confirm(held[half:])


def _explain_held(sale, answer):
    """Return why ``sale`` is not confirmed, in the words of whatever holds it.

    :param answer: what ``action_confirm`` returned
    """
    words = "; ".join(_words(sale, answer))
    if words:
        return sale.env._(
            "Another app holds this order as a quotation: %s. See to it and confirm the quotation, or cancel it.", words
        )
    return sale.env._(
        "Another app holds this order as a quotation, and does not say why. Open it and press Confirm to see what the "
        "app asks for, or cancel it."
    )


def _words(sale, answer):
    """Return what the app left behind that says why: exceptions, activities, a state of its own, a window's title."""
    words = []
    if "exception_ids" in sale._fields:
        words += [
            ": ".join(filter(None, (rule.display_name, "description" in rule._fields and rule.description)))
            for rule in sale.exception_ids
        ]
    words += [activity.summary or activity.activity_type_id.name for activity in sale.activity_ids[:3]]
    if sale.state not in ("draft", "sent"):
        words.append(dict(sale._fields["state"]._description_selection(sale.env)).get(sale.state))
    if isinstance(answer, dict):
        parameters = answer.get("params") or {}
        words += [answer.get("name"), parameters.get("title"), parameters.get("message")]
    texts = (" ".join(str(word or "").split()).rstrip(".") for word in words)
    return list(dict.fromkeys(filter(None, texts)))


# -- quotations that are held


def confirm_held_now(account, orders):
    """Try for a person to confirm the quotations of ``orders`` of the inbox of ``account``, each by itself.

    :return: those that the request has no time for
    """
    deadline = deadline_of(orders.env)
    release_locks(orders.env)
    with FlowRun.open(account, deadline.at) as run:
        for place, order in enumerate(orders.with_env(run.env)):
            if not run.has_time(BATCH_SECONDS):
                return orders[place:]
            run.retry_on_conflict(lambda order=order: _confirm_held(order))
    return orders.browse()


def _confirm_held(order):
    """Confirm the quotation of an order of the inbox, or say anew what holds it.

    What is known to stand in the way is not tried, for Odoo would confirm a wrong total.
    """
    account = order.account_id
    sale = order.sale_order_id
    if not sale.extensiv_is_held or sale.state in ("sale", "cancel"):
        return
    if not holds.find_reasons(sale).keys() - {holds.APP}:
        try:
            with order.env.cr.savepoint():
                held = confirm(sale if account.notify_on_import else quiet(sale))
        except Exception as error:  # whatever one order does, the others are confirmed
            if is_conflict(error):
                raise
            held = {sale: str(explain(error, order, is_new=False))}
        if sale not in held:
            return
        holds.put(sale, holds.APP, held[sale])
    holds.reassess(sale)
    holds.report(account, sale)
