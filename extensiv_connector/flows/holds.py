"""Why an imported order stays a quotation: the reasons that importing it gave, of which those count that are true now.

``Draft.hold(reason, text)`` gives a reason while an order is imported. Until somebody confirms, cancels or deletes the
quotation it is held: an open error of the step ``confirm``, counted on the dashboard and listed under *To Do*.
"""

from decimal import Decimal

from odoo.tools import SQL

from . import contacts, order_money

STEP = "confirm"
# The reason of what another app asks for, who alone knows whether it still stands: trying to confirm tells.
APP = "app"
# EIM has it as shipped, of which an error of its own tells, or one for all of the account.
ELSEWHERE = "elsewhere"
# EIM has it as cancelled, and it was not cancelled here.
CANCELLED = "cancelled"
# The order in which they are said; others come after these.
ORDER = ("product", "total")


def record(drafts):
    """Write on the sale orders of ``drafts``, just imported, what they are held by."""
    for draft in drafts:
        if draft.holds:
            untaxed = draft.untaxed_total
            total = {"text": "", **draft.holds.get("total", {}), **({"untaxed": str(untaxed)} if untaxed else {})}
            draft.sale.write({"extensiv_is_held": True, "extensiv_holds": {**draft.holds, "total": total}})


def put(sale, reason, text):
    """Have ``sale`` held by ``reason``, or say anew how."""
    stored = sale.extensiv_holds or {}
    sale.write({"extensiv_is_held": True, "extensiv_holds": {**stored, reason: {"text": text}}})


def release(sales, reason):
    """Take ``reason`` off ``sales``, for it is settled; what else holds them stays. Confirming them is another step.

    :return: those that nothing holds any more
    """
    for sale in sales.filtered("extensiv_holds"):
        sale.extensiv_holds = {key: stored for key, stored in sale.extensiv_holds.items() if key != reason}
    reassess(sales)
    return sales.filtered(lambda sale: sale.extensiv_is_held and not find_reasons(sale))


def find_reasons(sale):
    """Return ``{reason: text}`` of what stands in the way of confirming ``sale`` now, in the reader's language."""
    if not sale.extensiv_is_held or sale.state not in ("draft", "sent"):
        return {}
    stored = sale.extensiv_holds or {}
    found = {}
    for reason in sorted({*stored, *ORDER, CANCELLED, ELSEWHERE}, key=_place):
        known = stored.get(reason) or {}
        check = CHECKS.get(reason)
        if text := check(sale, known) if check else known.get("text"):
            found[reason] = text
    return found


def _place(reason):
    return (ORDER.index(reason) if reason in ORDER else len(ORDER), reason)


def say(sale):
    """Return what ``find_reasons`` finds as one text."""
    return "\n".join(find_reasons(sale).values())


# -- whether a reason still stands


def _check_products(sale, stored):
    """Return what is said of the lines that wait for their product."""
    waiting = sale.order_line.filtered("extensiv_needs_product")
    if not waiting:
        return ""
    skus = list(dict.fromkeys(line.extensiv_sku or "" for line in waiting))
    problems = stored.get("problems") or {}
    names = ", ".join(filter(None, skus)) or sale.env._("the lines without a SKU")
    return "\n".join(
        [
            *dict.fromkeys(problems[sku] for sku in skus if problems.get(sku)),
            sale.env._(
                "Choose the products of %s: press Choose Product on the line, or Choose Products under To Do for all "
                "such lines. That adds the alias.",
                names,
            ),
        ]
    )


def _check_total(sale, stored):
    """Return what is said of a total that is not EIM's."""
    untaxed = stored.get("untaxed")
    is_right, differences = sale._extensiv_verify_total(
        Decimal(untaxed) if untaxed else None, sale.extensiv_account_id.sudo().tax_tolerance
    )
    return "" if is_right else "\n".join([*differences, *stored.get("details", ())])


def _check_elsewhere(sale, _stored):
    """Return what is said of an order that EIM has as shipped, while nobody dismissed it."""
    return sale.extensiv_shipped_elsewhere or ""


def _check_cancelled(sale, _stored):
    """Return what is said of an order that EIM has as cancelled, and that is a quotation all the same."""
    if not sale.extensiv_order_id.cancelled_at:
        return ""
    return sale.env._("EIM has this order as cancelled. Cancel the quotation; or confirm it, and it is delivered.")


# {reason: a function that takes a sale order and what was stored of the reason; it returns what to say, or ""}. A
# reason that is not here stands until somebody decides about the quotation, or until it is released.
CHECKS = {
    "product": _check_products,
    "total": _check_total,
    CANCELLED: _check_cancelled,
    ELSEWHERE: _check_elsewhere,
    contacts.NO_ADDRESS: contacts.check_address,
}


# -- what people see of it


def reassess(sales):
    """Say anew, in the inbox and in the list of errors, what stands in the way of those of ``sales`` that are held."""
    Error = sales.env["extensiv.error"].sudo()
    for account, orders in sales.sudo().filtered("extensiv_is_held").grouped("extensiv_account_id").items():
        errors = {
            error.key: error for error in Error._open(account, "orders", orders.mapped("extensiv_cust_ref"), STEP)
        }
        for sale in orders:
            _say_in_inbox(sale)
            error = errors.get(sale.extensiv_cust_ref)
            message = get_message(sale)
            if error and error.message != message:
                error.message = message


def get_message(sale):
    """Return what the error about ``sale``, which is held, says."""
    return say(sale) or sale.env._(
        "Nothing stands in the way of this order any more, and it is still a quotation. Confirm it, or cancel it."
    )


def get_fixes(errors):
    """Return ``{error: the key of the button beside it, or False}`` of those of ``errors`` about held orders."""
    held = errors.filtered(
        lambda error: error.flow == "orders" and error.step == STEP and error.res_model == "sale.order"
    )
    sales = errors.env["sale.order"].sudo().browse(held.mapped("res_id")).exists()
    fixes = {sale.id: _get_fix(sale) for sale in sales}
    found = {error: fixes.get(error.res_id, False) for error in held}
    return {error: False if fix == "open" and not error.remedy else fix for error, fix in found.items()}


def _get_fix(sale):
    if not sale.extensiv_is_held:
        return False
    reasons = find_reasons(sale)
    if "product" in reasons:
        # Of lines without a SKU each is chosen on the line itself.
        waiting = sale.order_line.filtered("extensiv_needs_product")
        return "product" if any(waiting.mapped("extensiv_sku")) else False
    if order_money.TAX_QUESTION in reasons:
        return "open"
    if reasons.keys() == {"total"}:
        return "difference"
    return False if reasons.keys() - {APP} else "confirm"


def _say_in_inbox(sale):
    received = sale.extensiv_order_id
    message = "\n".join(filter(None, (sale.extensiv_lasting_notes, say(sale)))) or False
    if received and received.message != message:
        received.message = message


def report(account, sales):
    """Open an error for each of ``sales``, which are held; confirming, cancelling or deleting it closes the error."""
    told = sales.filtered(lambda sale: set(find_reasons(sale)) != {ELSEWHERE})
    failures = {}
    for sale in told:
        failures[sale.extensiv_cust_ref] = {"message": get_message(sale), "category": "data", "document": sale}
        if order_money.TAX_QUESTION in (sale.extensiv_holds or {}) and (cart := sale.extensiv_cart_id):
            # Where the question is answered.
            failures[sale.extensiv_cust_ref]["remedy"] = {"fix": "open", "model": cart._name, "ids": cart.ids}
    account.env["extensiv.error"]._report(account, "orders", failures, STEP)


def report_untold(account):
    """Open the errors of orders that are held and have none, as after an update: once, for one may be dismissed."""
    env = account.env
    env["sale.order"].flush_model(["extensiv_is_held", "extensiv_account_id", "extensiv_cust_ref"])
    env["extensiv.error"].flush_model(["account_id", "flow", "key", "step", "res_model", "res_id"])
    rows = env.execute_query(
        SQL(
            """SELECT o.id FROM sale_order o
                WHERE o.extensiv_account_id = %s AND o.extensiv_is_held
                  AND NOT EXISTS (
                      SELECT FROM extensiv_error error
                       WHERE error.account_id = o.extensiv_account_id AND error.flow = 'orders' AND error.step = %s
                         AND error.key = o.extensiv_cust_ref
                         AND error.res_model = 'sale.order' AND error.res_id = o.id)""",
            account.id,
            STEP,
        )
    )
    if rows:
        report(account, env["sale.order"].browse(row[0] for row in rows))


def settle(sales):
    """Close what is open about those of ``sales`` that were held: somebody has confirmed, cancelled or deleted them."""
    held = sales.sudo().filtered("extensiv_is_held")
    held.write({"extensiv_is_held": False, "extensiv_holds": False})
    for account, orders in held.grouped("extensiv_account_id").items():
        for sale in orders:
            _say_in_inbox(sale)
        sales.env["extensiv.error"].sudo()._resolve(
            account, "orders", orders.mapped("extensiv_cust_ref"), STEP, states=("open", "dismissed")
        )
