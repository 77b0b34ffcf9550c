"""Accepting that EIM's total holds something that is in none of its fields, such as duties: a line makes up for it."""

from decimal import Decimal

from odoo.fields import Command

from . import holds, margins
from .order_money import amount_of

ZERO = Decimal(0)


def find(sale):
    """Return what EIM's total of ``sale``, a quotation, is more than its own; 0 where EIM sent none."""
    if not sale.extensiv_cust_ref or sale.state not in ("draft", "sent") or sale.extensiv_has_no_total:
        return ZERO
    total = amount_of(sale.currency_id, sale.amount_total)
    return amount_of(sale.currency_id, sale.extensiv_expected_total) - total


def accept(sales):
    """Give each of ``sales``, quotations whose total is not EIM's, a line for the difference.

    :return: those that got one
    """
    missing = {sale: amount for sale in sales if (amount := find(sale))}
    lines = sales.env["sale.order.line"].create(
        [_prepare_line_vals(sale, float(amount)) for sale, amount in missing.items()]
    )
    for line in lines.sudo():  # people do not write what the connector records
        line.extensiv_kind = "charge" if line.price_unit > 0 else "discount"
    done = sales.browse().union(*missing)
    done._message_log_batch(
        bodies=dict.fromkeys(done.ids, sales.env._("%s accepted the difference to EIM's total.", sales.env.user.name))
    )
    holds.reassess(done)
    return done


def _prepare_line_vals(sale, amount):
    """Return the values of the line; it has no taxes, or the total would not be EIM's."""
    account = sale.extensiv_account_id.sudo()
    is_charge = amount > 0
    product = account.charge_product_id if is_charge else account.discount_product_id
    cost = margins.prepare_cost(sale.env, amount) if is_charge else {}
    return {
        **cost,
        "order_id": sale.id,
        "product_id": product.id,
        "name": sale.env._("Difference to the total in the cart"),
        "product_uom_qty": 1.0,
        "price_unit": amount,
        "technical_price_unit": amount + 1.0,
        "discount": 0.0,
        "tax_ids": [Command.clear()],
        "analytic_distribution": sale.extensiv_cart_id.sudo().analytic_distribution,
        "sequence": max(sale.order_line.mapped("sequence"), default=10) + 1,
    }
