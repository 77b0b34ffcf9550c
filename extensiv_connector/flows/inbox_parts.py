"""The parts of the inbox, and how many orders are in each, also of hundreds of thousands."""

from collections import Counter

from odoo.fields import Domain
from odoo.tools import SQL

from . import todo

READ = {
    "extensiv.order": ["state", "cancelled_at"],
    "sale.order": ["state", "extensiv_order_id", "extensiv_is_replaced"],
}
CANCELLED = SQL(
    """SELECT id FROM extensiv_order WHERE state = 'cancelled'
       UNION SELECT id FROM extensiv_order WHERE cancelled_at IS NOT NULL
       UNION SELECT extensiv_order_id FROM sale_order
              WHERE state = 'cancel' AND extensiv_order_id IS NOT NULL AND extensiv_is_replaced IS NOT TRUE"""
)


def select_cancelled(env):
    """Return SQL for the ids of the orders that were cancelled: at EIM, or their sale orders here."""
    for model, names in READ.items():
        env[model].flush_model(names)
    return CANCELLED


def select_todo(env, kinds=todo.KINDS):
    """Return SQL for the ids of the orders that need a person for one of ``kinds``."""
    return SQL("SELECT id FROM (%s) todo", todo.select(env, kinds))


def among(ids, negated=False):
    """Return the domain of the orders whose ids the SQL ``ids`` selects, or of all others.

    An array is looked up by key, where PostgreSQL would read the whole inbox for a selection of unknown size.
    """
    form = "%s NOT IN (%s)" if negated else "%s = ANY (ARRAY(%s))"
    return Domain.custom(to_sql=lambda model, alias, query: SQL(form, model._field_to_sql(alias, "id", query), ids))


def count(orders, domain):
    """Return ``Counter`` of the orders of ``domain`` in each part: what needs a person, else how far it is."""
    domain = Domain(domain)
    needing = select_todo(orders.env)
    rest = SQL("(%s) EXCEPT (%s)", select_cancelled(orders.env), needing)
    counts, needed, cancelled = (
        Counter(dict(orders._read_group(domain & part, ["state"], ["__count"])))
        for part in (Domain.TRUE, among(needing), among(rest))
    )
    counts.subtract(needed + cancelled)
    counts["todo"] = needed.total()
    counts["cancelled"] += cancelled.total()
    return counts
