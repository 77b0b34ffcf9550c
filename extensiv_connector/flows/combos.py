"""Combo products: a SKU that Odoo sells as several lines, one for each choice of the combo.

EIM names the combo alone and never what a buyer chose. So only a combo whose every choice has exactly one item can be
exploded; EIM's price is shared out among the items as Odoo shares out a combo's, and adds up to it to the cent.
"""

from decimal import Decimal
from typing import NamedTuple

from odoo.fields import Command

from .order_refusal import Refusal

ZERO = Decimal(0)


class Part(NamedTuple):
    """What one item of a combo costs on its line; ``discount`` is a percentage."""

    item: object
    price_unit: Decimal
    discount: Decimal


def why_not(product):
    """Return why an order for a combo ``product`` cannot be exploded, or an empty text."""
    env = product.env
    combos = product.sudo().combo_ids
    if not combos:
        return env._(
            "%s is a combo without choices, so nobody knows what to deliver. Add its choices on the product, then "
            "retry.",
            product.display_name,
        )
    open_choices = combos.filtered(lambda combo: len(combo.combo_item_ids) != 1)
    if open_choices:
        return env._(
            "%(product)s is a combo that leaves the buyer a choice (%(choices)s), and EIM does not say what was "
            "chosen. Leave one product in each choice, or make a product of its own for each selection and add an "
            "alias of the SKU; then retry. Or ignore the order here and enter it by hand.",
            product=product.display_name,
            choices=", ".join(open_choices.mapped("name")),
        )
    archived = combos.combo_item_ids.product_id.filtered(lambda item: not item.active)
    if archived:
        return env._(
            "%(product)s is a combo with the archived product %(item)s. Unarchive it or choose another in the combo, "
            "then retry.",
            product=product.display_name,
            item=archived[0].display_name,
        )
    return ""


def check(draft):
    """Refuse an order for combos that cannot be exploded.

    :raise Refusal: with what a person has to do
    """
    products = {product for product in draft.products.values() if product.type == "combo"}
    if problems := {product: problem for product in products if (problem := why_not(product))}:
        raise Refusal("\n".join(sorted(problems.values())), records=next(iter(problems)).union(*problems))


def expand(draft, prepare, env):
    """Return the values of a draft's lines of goods, where each combo is followed by its items.

    :param prepare: returns the values of the line of a ``PricedLine``
    :param env: in the customer's language
    """
    vals_list = []
    for number, priced in enumerate(draft.priced.lines):
        vals = prepare(draft, priced)
        product = env["product.product"].browse(vals["product_id"])
        if product.type != "combo":
            vals_list.append(vals)
            continue
        key = f"extensiv-{draft.record.id}-{number}"
        vals_list.append(
            {
                **vals,
                "virtual_id": key,
                "price_unit": 0.0,
                "technical_price_unit": 1.0,
                "discount": 0.0,
                "tax_ids": [Command.clear()],
            }
        )
        vals_list += [_prepare_item_vals(vals, key, part) for part in split(draft, product, priced)]
    return vals_list


def _prepare_item_vals(vals, key, part):
    """Return the values of the line of one item, of those of its combo's line; EIM knows nothing of it."""
    price = float(part.price_unit)
    kept = ("product_uom_qty", "extensiv_line_no", "extensiv_warehouse_id", "tax_ids")
    return {
        **{name: vals[name] for name in kept if name in vals},
        "product_id": part.item.product_id.id,
        "name": part.item.product_id.get_product_multiline_description_sale(),
        "combo_item_id": part.item.id,
        "linked_virtual_id": key,
        "price_unit": price,
        "technical_price_unit": price + 1.0,
        "discount": float(part.discount),
    }


def split(draft, product, priced):
    """Share out the price of a combo among its items; return a ``Part`` each.

    As Odoo does: by the lowest price of each choice, rounded, and the last takes the rest. Where a unit's parts, each
    with the combo's discount, do not come to the line's amount, the amount itself is shared out, as net prices.

    :param priced: the ``PricedLine`` of the combo
    """
    currency = draft.currency
    combos = product.sudo().combo_ids
    shares = _shares(draft, combos)
    parts = [
        Part(combo.combo_item_ids, price, priced.discount)
        for combo, price in zip(combos, _share_out(priced.price_unit, shares, currency), strict=True)
    ]
    subtotals = [
        currency.round(float(priced.quantity) * (float(part.price_unit) * (1 - float(part.discount) / 100.0)))
        for part in parts
    ]
    if currency.compare_amounts(sum(subtotals), float(priced.subtotal)) == 0:
        return parts
    amounts = _share_out(priced.amount, shares, currency)
    return [
        Part(combo.combo_item_ids, amount / priced.quantity, ZERO)
        for combo, amount in zip(combos, amounts, strict=True)
    ]


def _shares(draft, combos):
    """Return what each of ``combos`` is worth, in the order's currency."""
    company = draft.record.account_id.company_id
    date = draft.record.order_date or draft.record.create_date
    return [
        Decimal(repr(combo.currency_id._convert(combo.base_price, draft.currency, company, date, round=False)))
        for combo in combos
    ]


def _share_out(amount, shares, currency):
    """Return ``amount`` in parts by ``shares``, each rounded but for the last, which takes the rest."""
    total = sum(shares) or Decimal(1)
    parts = [_round(amount * share / total, currency) for share in shares[:-1]]
    return [*parts, amount - sum(parts, ZERO)]


def _round(amount, currency):
    return round(Decimal(repr(currency.round(float(amount)))), currency.decimal_places)
