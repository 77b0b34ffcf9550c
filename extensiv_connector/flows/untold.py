"""Orders of which something has left and EIM was not told: why, and since when."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from . import drop_orders, fulfilment

# What nobody is late with: the rest is still to be sent, or it was chosen that EIM is told nothing.
NOT_LATE = ("open", "off")

UNTOLD = """
WITH p(id, left_at, is_open, has_gap, is_tracked, state, shipment_state, is_off, wait_tracking) AS (%(progress)s)
SELECT o.id, o.extensiv_order_id AS order_id, o.extensiv_account_id AS account_id, o.company_id,
       o.extensiv_cart_id AS cart_id, o.name, COALESCE(p.left_at, o.extensiv_sending_at, o.create_date) AS left_at,
       o.extensiv_shipment_message AS message,
       CASE WHEN p.shipment_state = 'sending' THEN 'sending'
            WHEN p.shipment_state = 'failed' AND o.extensiv_decision = 'cancelled' THEN 'cancelled'
            WHEN p.shipment_state = 'failed' THEN 'failed'
            WHEN p.is_open OR p.has_gap AND p.state != 'cancel' OR p.id IN (%(unordered)s) THEN 'open'
            WHEN o.extensiv_decision IS NOT NULL THEN o.extensiv_decision
            WHEN o.extensiv_needs_carrier THEN 'carrier'
            WHEN p.left_at IS NULL AND p.is_services_alone THEN 'services'
            WHEN p.shipment_state = 'waiting' AND p.wait_tracking AND NOT p.is_tracked THEN 'tracking'
            WHEN account.push_shipments IS NOT TRUE OR account.state != 'connected' THEN 'off'
            ELSE 'ready' END AS reason
  FROM p
  JOIN sale_order o ON o.id = p.id
  JOIN extensiv_account account ON account.id = o.extensiv_account_id
 WHERE p.shipment_state != 'waiting' OR p.left_at IS NOT NULL OR p.is_services_alone AND p.state = 'sale'"""
READ_BY_UNTOLD = {
    **{model: list(names) for model, names in fulfilment.READ_BY_PROGRESS.items()},
    "extensiv.account": ["push_shipments", "state"],
}
READ_BY_UNTOLD["sale.order"] += [
    "name",
    "company_id",
    "extensiv_order_id",
    "extensiv_account_id",
    "extensiv_cart_id",
    "extensiv_sending_at",
    "extensiv_shipment_message",
    "extensiv_decision",
    "extensiv_needs_carrier",
]


def get_query(env):
    """Return the query of all orders that left, wholly or in part, and of which EIM was not told."""
    waiting = SQL(
        "o.extensiv_account_id IS NOT NULL AND o.extensiv_shipment_state IN ('waiting', 'ready', 'sending', 'failed')"
    )
    unordered = drop_orders.get_query(env, SQL("line.order_id IN (SELECT o.id FROM sale_order o WHERE %s)", waiting))
    return SQL(UNTOLD, progress=fulfilment.get_query(env, waiting), unordered=unordered or SQL("NULL"))


def get_late_domain(account):
    """Return the domain of those of ``account`` that EIM should know of by now, by the account's own setting."""
    since = fields.Datetime.now() - timedelta(hours=account.untold_hours)
    return Domain([("account_id", "=", account.id), ("left_at", "<", since), ("reason", "not in", NOT_LATE)])
