"""What an order's figures mean for its sale order: currency, prices and tax, by the settings of its cart."""

from decimal import Decimal

from odoo.fields import Command

from ..eim.pricing import price_order
from ..eim.taxes import ASK, INCLUDED, KEPT
from .languages import all_translated, figure
from .order_refusal import Refusal, refuse_data

TAX_POLICIES = [
    ("line", "On top of the prices, on a line"),
    ("odoo", "Odoo's taxes, on top of the prices"),
    ("included", "Included in the prices, on a line"),
    ("odoo_included", "Odoo's taxes, included in the prices"),
    ("ignore", "Kept by the marketplace"),
    ("ask", "Not known yet"),
]
# What of a sale order's tax policy has its lines taxed by Odoo.
ODOO_TAXES = ("odoo", "odoo_included")
# What an order that is imported while nobody has said what its tax is waits for.
TAX_QUESTION = "tax"
# Nobody has said what its goods cost.
NO_PRICES = "prices"
UNREAD_TOTAL = "unread"
TAX_DIFFERS = "tax_amount"


def amount_of(currency, value):
    """Return one of Odoo's amounts as an exact ``Decimal`` of the currency's digits."""
    return round(Decimal(repr(value)), currency.decimal_places)


def verify_total(sale, expected_untaxed=None, tax_tolerance=0):
    """Compare a sale order's total with EIM's, to the cent, and say where they part.

    :param expected_untaxed: ``Decimal``, EIM's total before tax, where known
    :param tax_tolerance: up to which amount a difference of taxes alone is said but borne
    :return: whether it may be confirmed, and sentences for a person
    """
    env = sale.env
    total = amount_of(sale.currency_id, sale.amount_total)
    expected = amount_of(sale.currency_id, sale.extensiv_expected_total)
    if total == expected or sale.extensiv_has_no_total:
        return True, []
    messages = [
        env._(
            "The total here is %(total)s %(currency)s, EIM's is %(expected)s.",
            total=figure(env, total),
            expected=figure(env, expected),
            currency=sale.currency_id.name,
        )
    ]
    untaxed = amount_of(sale.currency_id, sale.amount_untaxed)
    if expected_untaxed is not None and untaxed == expected_untaxed:
        tax = amount_of(sale.currency_id, sale.amount_tax)
        messages.append(
            env._(
                "Only the taxes differ: %(ours)s here, %(theirs)s at EIM.",
                ours=figure(env, tax),
                theirs=figure(env, expected - untaxed),
            )
        )
        if abs(total - expected) <= amount_of(sale.currency_id, tax_tolerance):
            return True, messages
    return False, [*messages, env._("Correct the lines, or press Accept the Difference where you know what it is.")]


# -- while an order is read


def find_currency(draft, account, known):
    """Return the order's currency, where it names none its cart's.

    :param known: ``{code: currency}``
    :raise Refusal: it is unknown or not active
    """
    env = account.env
    code = draft.wire.currency
    if code:
        currency = known.get(code)
    else:
        currency = draft.record.cart_id.currency_id or account.company_id.currency_id
    if not currency:
        raise Refusal(
            env._(
                "%s is not a currency that Odoo knows. Correct it in the cart or at EIM, then press Fetch Again.", code
            ),
            fix="fetch",
        )
    if not currency.active:
        raise Refusal(
            env._(
                "The order is in %(currency)s, which is not active. Activate it under Accounting, Configuration, "
                "Currencies (or Settings, Technical), then retry.",
                currency=currency.name,
            ),
            records=currency,
        )
    return currency


def price(draft, account):
    """Price the order by EIM's rules, and find by its figures and its cart what its tax is.

    :raise Refusal: for amounts that Odoo cannot hold
    """
    env = account.env
    cart = draft.record.cart_id
    precision = env["decimal.precision"].precision_get
    policy = cart.tax_policy or account.tax_policy
    if policy == "odoo" and draft.wire.tax_exempt:
        policy = "line"  # of which there is nothing, or what the buyer paid all the same
        draft.notes.append(env._("The buyer is exempt from tax, by the order: none of Odoo's taxes is on it."))
    draft.priced = price_order(
        draft.wire,
        digits=draft.currency.decimal_places,
        unit=Decimal(repr(draft.currency.rounding)),
        tax_policy=policy,
        tax_beside_total=cart.tax_beside_total or "",
        round_globally=account.company_id.tax_calculation_rounding_method == "round_globally",
        quantity_digits=precision("Product Unit"),
        discount_digits=precision("Discount"),
    )
    if draft.priced.problems:
        raise refuse_data(env, all_translated(env, draft.priced.problems))
    meaning = draft.priced.tax_meaning
    if policy == "odoo" and not draft.priced.sales_tax and cart.tax_beside_total == INCLUDED:
        meaning = INCLUDED  # by a cart that does not say how much of its prices it is
    draft.tax_policy = _name_policy(policy, meaning)
    draft.notes += all_translated(env, draft.priced.notes)
    _say_tax(draft, cart)
    _say_prices(draft, cart)
    if draft.wire.is_total_unread:
        draft.hold(
            UNREAD_TOTAL,
            env._("EIM's total of this order cannot be read. Compare the order with its cart, then confirm it."),
        )


def _name_policy(policy, meaning):
    """Return the tax policy that an order is imported with, and keeps: one of ``TAX_POLICIES``."""
    if meaning == ASK:
        return "ask"
    if meaning == KEPT:
        return "ignore"
    if meaning == INCLUDED:
        return "odoo_included" if policy == "odoo" else "included"
    return policy


def _say_tax(draft, cart):
    env = draft.record.env
    tax = draft.priced.sales_tax
    if draft.tax_policy == "ignore" and tax:
        draft.notes.append(
            env._("The marketplace remits the sales tax of %(tax)s; it is not on this order.", tax=figure(env, tax))
        )
    elif draft.tax_policy == "ask":
        draft.hold(
            TAX_QUESTION,
            env._(
                "EIM says %(tax)s of tax, and its total of %(total)s is without it: either the prices include the tax, "
                "or the marketplace keeps it. Say which on the cart %(cart)s, under Tax Beside the Total; that answers "
                "it for all its orders.",
                tax=figure(env, tax),
                total=figure(env, draft.priced.expected_total),
                cart=cart.name or env._("of this order"),
            ),
            tax=str(tax),
            total=str(draft.priced.expected_total),
        )


def _say_prices(draft, cart):
    """Say what an order costs for which EIM sent no prices, as its cart says."""
    if not draft.priced.has_no_prices:
        return
    env = draft.record.env
    if cart.no_prices == "free":
        draft.notes.append(env._("EIM sent no prices: the goods are free, as the cart says."))
    elif cart.no_prices == "pricelist":
        draft.notes.append(env._("EIM sent no prices: those of the pricelist are on this order, as the cart says."))
    else:
        draft.hold(
            NO_PRICES,
            env._(
                "EIM sent no prices for this order. Those shown are your pricelist's: correct them, then confirm. What "
                "orders without prices cost can be said on the cart, under Orders Without Prices."
            ),
        )


def is_by_pricelist(draft):
    """Whether the goods of an order cost what a pricelist says, for EIM did not say it."""
    return draft.priced.has_no_prices and draft.record.cart_id.no_prices != "free"


# -- once its sale order is made


def take_pricelists(drafts):
    """Give orders the pricelist of their cart, and those that cost what one says the customer's.

    Only one of the order's currency is taken: the order's prices are of that.
    """
    for draft in drafts:
        of_cart = draft.record.cart_id.pricelist_id
        if of_cart and of_cart.currency_id == draft.currency:
            draft.pricelist = of_cart
        elif is_by_pricelist(draft):
            company = draft.record.company_id
            own = draft.contacts.partner.with_company(company).property_product_pricelist
            if own and own.currency_id == draft.currency:
                draft.pricelist = own


def apply_pricelists(drafts):
    """Let Odoo price the goods of the orders for which EIM sent no prices."""
    lines = drafts[0].sale.order_line.browse() if drafts else ()
    for draft in drafts:
        if is_by_pricelist(draft):
            lines |= _goods(draft)
    if lines:
        lines._extensiv_price_by_pricelist()
    for draft in drafts:
        if is_by_pricelist(draft) and NO_PRICES not in draft.holds:
            _check_pricelist(draft)


def _check_pricelist(draft):
    """Hold an order that would cost nothing, or of a product just made, for which no pricelist has a price either."""
    goods = _goods(draft)
    free = goods.filtered(lambda line: line.product_id.type != "combo" and not line.price_unit)
    unknown = free if not any(goods.mapped("price_unit")) else free.filtered("product_id.extensiv_to_review")
    if unknown:
        draft.hold(
            NO_PRICES,
            draft.record.env._(
                "EIM sent no prices for this order, and your pricelist has none for %s. Enter them, then confirm.",
                ", ".join(dict.fromkeys(unknown.product_id.mapped("display_name"))),
            ),
        )


def apply_taxes(draft):
    """Turn the lines' prices into those of which Odoo's taxes make the order's total."""
    sale = draft.sale
    # A pricelist's prices are with or without taxes as the product's are.
    lines = sale.order_line - _goods(draft) if is_by_pricelist(draft) else sale.order_line
    if draft.tax_policy == "odoo":
        lines._extensiv_include_taxes()
        total = amount_of(sale.currency_id, sale.amount_total)
        if draft.priced.rounding and total - draft.priced.rounding == draft.priced.expected_total:
            # Odoo's taxes take up the rest, above all those included in the prices: the whole is rounded once.
            sale.order_line[-1].unlink()
    elif draft.tax_policy == "odoo_included":
        lines._extensiv_take_out_taxes()
        settle_rest(draft)
        _compare_taxes(draft)


def _goods(draft):
    return draft.sale.order_line.filtered("extensiv_line_no")


def settle_rest(draft):
    """Put what rounding leaves of prices that include their taxes on a line of its own: at most a unit a line."""
    sale = draft.sale
    rest = draft.priced.expected_total - amount_of(sale.currency_id, sale.amount_total)
    if not rest or abs(rest) > Decimal(repr(sale.currency_id.rounding)) * len(sale.order_line):
        return
    Inbox = sale.env["extensiv.order"]
    vals = Inbox._prepare_rounding_vals(draft, sale.extensiv_account_id, rest)
    vals["sequence"] = max(sale.order_line.mapped("sequence"), default=10) + 1
    sale.order_line = [Command.create({**vals, "tax_ids": [Command.clear()]})]


def _compare_taxes(draft):
    """Hold an order whose total is EIM's whatever Odoo's taxes are, where these are others than EIM's."""
    sale = draft.sale
    ours = amount_of(sale.currency_id, sale.amount_tax)
    theirs = draft.priced.sales_tax
    tolerance = amount_of(sale.currency_id, sale.extensiv_account_id.tax_tolerance)
    if theirs and abs(ours - theirs) > tolerance:
        draft.hold(
            TAX_DIFFERS,
            sale.env._(
                "The prices include %(theirs)s of tax by EIM, and %(ours)s by Odoo. Compare the taxes of the lines, "
                "then confirm.",
                theirs=figure(sale.env, theirs),
                ours=figure(sale.env, ours),
            ),
            theirs=str(theirs),
        )
    elif theirs and ours != theirs:
        draft.notes.append(
            sale.env._(
                "Only the taxes differ: %(ours)s here, %(theirs)s at EIM.",
                ours=figure(sale.env, ours),
                theirs=figure(sale.env, theirs),
            )
        )
