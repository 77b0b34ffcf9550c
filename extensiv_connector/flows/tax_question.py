"""Asking once per cart what tax is that EIM's totals are without, and applying the answer to all orders that wait.

Until then such an order is a quotation at EIM's total, with all of it as revenue. Where the marketplace keeps the tax
that is what it stays; where the prices include it, the tax is taken out of them.
"""

import time

from odoo.fields import Command, Domain

from ..eim.errors import EimError
from ..eim.taxes import KEPT
from ..eim.wire import Order
from . import holds, order_money
from .exceptions import is_conflict
from .languages import figure, in_language_of, translated
from .order_confirmation import confirm
from .order_draft import Draft
from .order_refusal import Refusal, explain
from .quiet import quiet

STEP = "tax"
CLICK_SECONDS = 20  # that a person waits until the rest is left to a pass
BATCH = 50  # orders that are put right in one transaction
_NOT_RESOLVED = Domain("state", "!=", "resolved")


def find_waiting(env, carts, limit=None):
    """Return the sale orders of ``carts`` that wait for the answer, the oldest first."""
    return env["sale.order"].search(
        [
            ("extensiv_cart_id", "in", carts.ids),
            ("extensiv_tax_policy", "=", "ask"),
            ("state", "in", ("draft", "sent")),
        ],
        limit=limit,
        order="id",
    )


def ask(account, carts):
    """Open an error for each of ``carts`` some of whose orders wait for the answer."""
    failures = {}
    for cart in carts:
        failures[cart.order_source] = {"message": describe(cart), "category": "settings", "document": cart}
    account.env["extensiv.error"]._report(account, "orders", failures, STEP)


def describe(cart):
    """Return the question about the tax of ``cart``, with an order as its example, or nothing where none waits."""
    env = cart.env
    waiting = find_waiting(env, cart)
    if not waiting:
        return ""
    example = waiting[0]
    said = (example.extensiv_holds or {}).get(order_money.TAX_QUESTION) or {}
    return env._(
        "Orders that wait to know what their tax is: %(count)s of %(cart)s. EIM's total is without the tax, such as of "
        "%(order)s: total %(total)s, tax %(tax)s. Do the prices include the tax, or does the marketplace keep it? "
        "Press one of the two buttons on the cart: the answer is applied to all that wait and to all that come.",
        count=len(waiting),
        cart=cart.name,
        order=example.name,
        total=said.get("total") or example.extensiv_expected_total,
        tax=said.get("tax") or "",
    )


def is_answered(cart):
    """Whether it is said what the tax of ``cart`` is."""
    return bool(cart.tax_beside_total) or (cart.tax_policy or cart.account_id.tax_policy) == "ignore"


def settle(account, limit=BATCH):
    """Put right the orders of ``account`` that waited for an answer which was given, and confirm what is right then.

    :return: how many were dealt with, at most ``limit``
    """
    env = account.env
    carts = _carts(account).filtered(is_answered)
    sales = find_waiting(env, carts, limit).try_lock_for_update()
    sales = sales if account.notify_on_import else quiet(sales)
    for sale in sales:
        _put_right(account, sale)
    free = holds.release(sales, order_money.TAX_QUESTION)
    if account.order_policy == "confirm":
        _confirm(account, free)
    else:
        holds.settle(free)  # a quotation like any other of the account
    _close(account)
    return len(sales)


def settle_now(account):
    """Put right for a person the orders of ``account`` that waited; a pass does those for which there is no time."""
    until = time.monotonic() + CLICK_SECONDS
    account = account.with_company(account.company_id)
    while settle(account) == BATCH and time.monotonic() < until:
        continue
    account._remind_responsible()


def _close(account):
    """Close the questions of which no order waits any more."""
    Error = account.env["extensiv.error"]
    asked = Error.search(Error._domain(account, "orders", None, STEP) & _NOT_RESOLVED)
    # By the cart, whose order source may have changed since it was asked about.
    carts = _carts(account).filtered(lambda cart: cart.id in asked.mapped("res_id"))
    still = find_waiting(account.env, carts).extensiv_cart_id if carts else carts
    asked.filtered(lambda error: error.res_id not in still.ids)._mark_resolved()


def _carts(account):
    """Return all carts of ``account``: orders of an archived one may wait for the answer, too."""
    return account.with_context(active_test=False).cart_ids


def _put_right(account, sale):
    """Give the quotation ``sale`` the prices and taxes that the answer makes of it."""
    try:
        draft = Draft(sale.extensiv_order_id, Order.from_payload(sale.extensiv_order_id.payload or ""))
        draft.currency = sale.currency_id
        draft.sale = sale
        order_money.price(draft, account)
    except (EimError, ValueError, Refusal):
        _say_gone(sale)
        return
    if draft.tax_policy == "ask":
        _say_too_much(sale, draft)
        return
    sale.extensiv_tax_policy = draft.tax_policy
    if draft.tax_policy == "included":
        _take_out_line(draft, account)
    elif draft.tax_policy == "odoo_included":
        discount = account.discount_product_id
        sale.order_line.filtered(
            lambda line: line.extensiv_line_no or line.is_delivery or line.product_id == discount
        )._compute_tax_ids()
        order_money.apply_taxes(draft)
        if stored := draft.holds.get(order_money.TAX_DIFFERS):
            sale.extensiv_holds = {**(sale.extensiv_holds or {}), order_money.TAX_DIFFERS: stored}
    notes = [*(sale.extensiv_lasting_notes or "").split("\n"), *draft.notes]
    sale.extensiv_lasting_notes = "\n".join(dict.fromkeys(filter(None, notes))) or False


def _say_gone(sale):
    """Have a person take the tax out of an order of which nothing is kept; the marketplace's needs no change."""
    kept = sale.extensiv_cart_id.tax_beside_total in (KEPT, False)
    sale.extensiv_tax_policy = "ignore" if kept else "included"
    if not kept:
        holds.put(
            sale,
            order_money.TAX_DIFFERS,
            sale.env._(
                "The prices include the tax, and what EIM sent of this order is no longer kept: take the tax out of "
                "the prices by hand, then confirm."
            ),
        )


def _say_too_much(sale, draft):
    """Have a person look at an order whose prices cannot hold its tax."""
    sale.extensiv_tax_policy = "ignore"
    holds.put(
        sale,
        order_money.TAX_DIFFERS,
        sale.env._(
            "The prices of the cart include their tax, but %s is more than these can hold. Compare the order with its "
            "cart, then confirm it.",
            figure(sale.env, draft.priced.sales_tax),
        ),
    )


def _take_out_line(draft, account):
    """Take the tax out of the lines' prices, and give it its own line."""
    sale = draft.sale
    by_number = sale.order_line.grouped("extensiv_line_no")
    for number, alike in _group_by_number(draft).items():
        lines = by_number.get(number, sale.order_line.browse())
        if len(lines) == len(alike):
            for line, priced in zip(lines, alike, strict=True):
                note = translated(in_language_of(sale.partner_id, sale).env, priced.note)
                line.write(_prepare_price(line, float(priced.price_unit), note))
        elif total := sum(lines.mapped("price_subtotal")):
            # What became several lines, each of which bears its share.
            share = float(sum(priced.amount for priced in alike)) / total
            for line in lines:
                line.write(_prepare_price(line, line.price_unit * (1 - line.discount / 100) * share, ""))
    shipping = sale.order_line.filtered("is_delivery")
    if shipping:
        shipping[0].write(_prepare_price(shipping[0], float(draft.priced.shipping), ""))
    Inbox = sale.env["extensiv.order"]
    vals = Inbox._prepare_tax_vals(draft, account)
    vals["sequence"] = max(sale.order_line.mapped("sequence"), default=10) + 1
    sale.order_line = [Command.create(vals)]
    order_money.settle_rest(draft)


def _group_by_number(draft):
    """Return ``{number of a line: PricedLine objects}``; some carts give several lines the same number."""
    grouped = {}
    for priced in draft.priced.lines:
        number = priced.line.line_no or str(draft.wire.lines.index(priced.line) + 1)
        grouped.setdefault(number, []).append(priced)
    return grouped


def _prepare_price(line, price_unit, note):
    name = "\n".join(filter(None, (line.name, note)))
    return {"price_unit": price_unit, "technical_price_unit": price_unit + 1.0, "discount": 0.0, "name": name}


def _confirm(account, sales):
    """Confirm ``sales``; what does not let one be confirmed holds it from then on."""
    if not sales:
        return
    try:
        with account.env.cr.savepoint():
            held = confirm(sales)
    except Exception as error:  # whatever one order does, the others are confirmed
        if is_conflict(error):
            raise
        if len(sales) > 1:
            for sale in sales:
                _confirm(account, sale)
            return
        held = {sales: str(explain(error, sales.extensiv_order_id))}
    for sale, reason in held.items():
        holds.put(sale, holds.APP, reason)
    holds.report(account, account.env["sale.order"].union(*held))
