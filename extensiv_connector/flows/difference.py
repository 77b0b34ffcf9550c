"""Accepting that EIM's total holds something that is in none of its fields, such as duties: a line makes up for it."""

from odoo.fields import Command

from . import holds
from .order_import import amount_of


def accept(sales):
    """Give each of ``sales``, held quotations whose total is not EIM's, a line for the difference.

    :return: those that got one
    """
    done = sales.browse()
    for sale in sales.filtered(lambda sale: sale.state in ("draft", "sent") and sale.extensiv_expected_total):
        total = amount_of(sale.currency_id, sale.amount_total)
        missing = amount_of(sale.currency_id, sale.extensiv_expected_total) - total
        if not missing:
            continue
        sale.order_line = [Command.create(_prepare_line_vals(sale, float(missing)))]
        done |= sale
    done._message_log_batch(
        bodies=dict.fromkeys(done.ids, sales.env._("%s accepted the difference to EIM's total.", sales.env.user.name))
    )
    holds.reassess(done)
    return done


def _prepare_line_vals(sale, amount):
    """Return the values of the line; it has no taxes, or the total would not be EIM's."""
    account = sale.extensiv_account_id
    return {
        "product_id": account.discount_product_id.id,
        "name": sale.env._("Difference to the total in the cart"),
        "product_uom_qty": 1.0,
        "price_unit": amount,
        "technical_price_unit": amount + 1.0,
        "discount": 0.0,
        "tax_ids": [Command.clear()],
        "sequence": 9999,
    }
