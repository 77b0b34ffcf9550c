"""How much of a flow's work is done and left, read from the records themselves: each as two numbers."""

from odoo import fields


def _count_orders(account, began_at):
    Order = account.env["extensiv.order"].sudo()
    of_account = [("account_id", "=", account.id)]
    left = Order.search_count([*of_account, ("state", "=", "received")])
    return Order.search_count([*of_account, ("create_date", ">=", began_at), ("state", "!=", "received")]), left


def _count_levels(account, began_at):
    Level = account.env["extensiv.stock.level"].sudo()
    locations = account.sudo().location_ids.filtered("push_enabled")
    of_account = [("location_id", "in", locations.ids)]
    left = Level.search_count([*of_account, ("state", "=", "waiting")])
    return Level.search_count([*of_account, ("pushed_at", ">=", began_at)]), left


def _count_shipments(account, began_at):
    Order = account.env["sale.order"].sudo()
    of_account = [("extensiv_account_id", "=", account.id)]
    left = Order.search_count([*of_account, ("extensiv_shipment_state", "in", ("ready", "sending"))])
    return Order.search_count([*of_account, ("extensiv_shipped_at", ">=", began_at)]), left


COUNTS = {"orders": _count_orders, "inventory": _count_levels, "shipments": _count_shipments}


def count_left(account, flow):
    """Return how many orders, levels or shipments ``flow`` has left; 0 of a flow that has none of these."""
    return COUNTS[flow](account, fields.Datetime.now())[1] if flow in COUNTS else 0
