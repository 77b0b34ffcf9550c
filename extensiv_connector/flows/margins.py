"""No margin on what the buyer pays for others, where Odoo's app for margins (sale_margin) is installed.

That app may be installed before or after this one. What is loaded later overrides the earlier, so lines get their cost
when they are made, and those from before the app when it is installed.
"""

from odoo.tools import SQL

APP = "sale_margin"
# It goes on to whom it is paid for: no income, and so no margin.
PASSED_ON = ("tax", "charge")


def is_installed(env):
    return "purchase_price" in env["sale.order.line"]._fields


def prepare_cost(env, price):
    """Return the values by which a line that costs ``price`` and is passed on has no margin."""
    return {"purchase_price": price} if is_installed(env) else {}


def sum_passed_on(order):
    """Return what of the untaxed amount of ``order`` is passed on to others."""
    return sum(order.order_line.filtered(lambda line: line.extensiv_kind in PASSED_ON).mapped("price_subtotal"))


def clear(env):
    """Take the margin off all lines of what is passed on, and off their orders."""
    if not is_installed(env):
        return
    env["sale.order.line"].flush_model()
    env["sale.order"].flush_model()
    env.cr.execute(
        SQL(
            """WITH line AS (
                   UPDATE sale_order_line
                      SET purchase_price = price_unit, margin = 0, margin_percent = 0
                    WHERE extensiv_kind IN %(kinds)s AND margin != 0
                RETURNING order_id, price_subtotal
               ), passed_on AS (
                   SELECT order_id, sum(price_subtotal) AS amount FROM line GROUP BY order_id
               ), total AS (
                   SELECT passed_on.order_id, passed_on.amount, sum(other.margin) AS margin
                     FROM passed_on
                     LEFT JOIN sale_order_line AS other
                       ON other.order_id = passed_on.order_id
                      AND (other.extensiv_kind IS NULL OR other.extensiv_kind NOT IN %(kinds)s)
                    GROUP BY passed_on.order_id, passed_on.amount
               )
               UPDATE sale_order
                  SET margin = COALESCE(total.margin, 0),
                      margin_percent = COALESCE(total.margin / NULLIF(amount_untaxed - total.amount, 0), 0)
                 FROM total
                WHERE sale_order.id = total.order_id""",
            kinds=PASSED_ON,
        )
    )
    env.invalidate_all()
