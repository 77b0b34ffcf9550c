"""What must hold of an ``account`` in SQL so that nothing here waits for a pass of a flow, see ``idle``.

Each condition is one of a query about all accounts of a turn; what it leaves open, the look at each decides.
"""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from . import audit, books, credit_notes, fulfilment, holds, restating, stock_comparison, tax_question

# The states of ``read_back_state`` in which a pass that has nothing to push asks EIM nothing.
PROVEN = ("to_check", "proven", "confirmed")
_ZONE = """COALESCE((SELECT person.tz FROM res_users JOIN res_partner AS person ON person.id = res_users.partner_id
                      WHERE res_users.id = account.responsible_id),
                    (SELECT ours.tz FROM res_company JOIN res_partner AS ours ON ours.id = res_company.partner_id
                      WHERE res_company.id = account.company_id), 'UTC')"""


def _orders(_env):
    # Of an order that failed for its SKUs the look finds out whether they are known by now.
    return SQL(
        """NOT EXISTS (SELECT FROM extensiv_order WHERE account_id = account.id AND state = 'received')
       AND NOT EXISTS (
           SELECT FROM extensiv_order AS failed LEFT JOIN extensiv_cart AS cart ON cart.id = failed.cart_id
            WHERE failed.account_id = account.id AND failed.state = 'failed' AND cart.renamed_from_id IS NULL
              AND NOT EXISTS (
                  SELECT FROM extensiv_error AS error
                   WHERE error.account_id = account.id AND error.flow = 'orders' AND error.key = failed.cust_ref
                     AND error.step IS NULL AND error.state != 'resolved'))
       AND NOT EXISTS (SELECT FROM extensiv_order
                        WHERE account_id = account.id AND acknowledged_at IS NULL AND state != 'cancelled')
       AND NOT EXISTS (SELECT FROM extensiv_order WHERE account_id = account.id AND listed_again_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM extensiv_order WHERE account_id = account.id AND shipped_elsewhere IS NOT NULL)
       AND NOT (account.request_cancel AND EXISTS (
                SELECT FROM extensiv_order WHERE account_id = account.id AND cancel_request = 'due'))
       AND NOT EXISTS (
           SELECT FROM sale_order AS held
            WHERE held.extensiv_account_id = account.id AND held.extensiv_is_held
              AND NOT EXISTS (
                  SELECT FROM extensiv_error AS error
                   WHERE error.account_id = account.id AND error.flow = 'orders' AND error.step = %(confirm)s
                     AND error.key = held.extensiv_cust_ref
                     AND error.res_model = 'sale.order' AND error.res_id = held.id))
       AND NOT EXISTS (
           SELECT FROM sale_order AS asked JOIN extensiv_cart AS cart ON cart.id = asked.extensiv_cart_id
            WHERE cart.account_id = account.id AND asked.extensiv_tax_policy = 'ask'
              AND asked.state IN ('draft', 'sent')
              AND (cart.tax_beside_total IS NOT NULL OR COALESCE(cart.tax_policy, account.tax_policy) = 'ignore'))
       AND NOT EXISTS (SELECT FROM stock_move WHERE extensiv_reserve_later AND company_id = account.company_id)
       AND NOT EXISTS (SELECT FROM extensiv_cart_share WHERE account_id = account.id AND state IN ('sent', 'opened'))
       AND NOT EXISTS (SELECT FROM extensiv_unknown_order WHERE account_id = account.id AND state = 'chosen')""",
        confirm=holds.STEP,
    )


def _inventory(_env):
    """Return as ``CONDITIONS`` what must hold; what was written since the last pass, the look asks."""
    return SQL(
        """account.push_all_first IS NOT TRUE
       AND NOT EXISTS (
           SELECT FROM extensiv_location AS location
            WHERE location.account_id = account.id AND location.push_enabled
              AND (COALESCE(location.read_back_state, '') != ALL (%(proven)s)
                   OR ((location.restated_at IS NULL OR location.restated_at <= %(now)s - %(pause)s::interval)
                       AND EXISTS (
                           SELECT FROM extensiv_stock_level AS level
                            WHERE level.location_id = location.id
                              AND level.pushed_at <= %(now)s - make_interval(hours => %(rest)s) AND %(settled)s))))
       AND NOT EXISTS (SELECT FROM extensiv_stock_level AS level
                         JOIN extensiv_location AS location ON location.id = level.location_id
                        WHERE location.account_id = account.id AND (level.zero_asked OR level.unconfirmed))""",
        proven=list(PROVEN),
        now=fields.Datetime.now(),
        pause=restating.PAUSE,
        rest=restating.REST_HOURS,
        settled=restating.SETTLED,
    )


def _shipments(env):
    """Return as ``CONDITIONS`` what must hold: of the orders that wait for their goods, none of these left as a whole.

    One whose tracking number is waited for is reported once, after some days.
    """
    return SQL(
        """NOT EXISTS (SELECT FROM sale_order
                        WHERE extensiv_account_id = account.id AND extensiv_shipment_state IN ('ready', 'sending'))
       AND NOT EXISTS (
           SELECT FROM (%(progress)s) AS progress(id, left_at, is_open, has_gap, is_tracked, state, shipment_state,
                                                  is_off, wait_tracking, has_carrier, came_back, is_services_alone)
             JOIN sale_order AS waiting ON waiting.id = progress.id
             LEFT JOIN extensiv_cart AS cart ON cart.id = waiting.extensiv_cart_id
            WHERE NOT progress.is_open AND (NOT has_gap OR progress.state = 'cancel')
              AND progress.state IN ('sale', 'cancel')
              AND NOT (left_at IS NOT NULL AND NOT is_off AND NOT came_back AND progress.wait_tracking
                       AND NOT is_tracked
                       AND (COALESCE(waiting.extensiv_shipment_message, '') != ''
                            OR left_at + make_interval(days => COALESCE(cart.wait_tracking_days, 0)) > %(now)s)))""",
        progress=fulfilment.get_query(
            env, SQL("o.extensiv_account_id = account.id AND o.extensiv_shipment_state = 'waiting'")
        ),
        now=fields.Datetime.now(),
    )


def _alerts(_env):
    return SQL("NOT EXISTS (SELECT FROM extensiv_alert WHERE account_id = account.id AND state = 'active')")


def _audit(_env):
    return SQL(
        """COALESCE(account.audit_days, 0) = 0 AND account.audited_at > %s - %s::interval
       AND NOT EXISTS (SELECT FROM extensiv_unknown_order WHERE account_id = account.id)""",
        fields.Datetime.now(),
        audit.INTERVAL - timedelta(minutes=5),
    )


def _compare(_env):
    return SQL(
        """EXISTS (SELECT FROM (
                          SELECT create_date, message FROM extensiv_compare
                           WHERE account_id = account.id AND is_nightly AND create_uid = 1
                           ORDER BY id DESC LIMIT 1) AS last
                    WHERE last.message IS NOT NULL AND last.create_date > %s - CASE
                          WHEN EXTRACT(hour FROM now() AT TIME ZONE %s) < %s THEN %s::interval
                          ELSE %s::interval END)""",
        fields.Datetime.now(),
        SQL(_ZONE),
        stock_comparison.NIGHT_ENDS,
        stock_comparison.GAP - timedelta(minutes=5),
        stock_comparison.OVERDUE - timedelta(minutes=5),
    )


# {flow: what returns the SQL for what must hold of an ``account`` so that nothing here waits for a pass}
CONDITIONS = {
    "orders": _orders,
    "inventory": _inventory,
    "shipments": _shipments,
    "alerts": _alerts,
    "audit": _audit,
    "compare": _compare,
}
# {flow: SQL for whether an open ``error`` of it is one that no pass does anything about, as long as it stands}
UNHEEDED = {
    "orders": SQL(
        """(error.next_try IS NULL OR error.next_try > %(now)s)
           AND (error.step = ANY (%(local)s)
                OR error.step IS NULL AND EXISTS (
                   SELECT FROM extensiv_order AS failed
                    WHERE failed.account_id = error.account_id AND failed.cust_ref = error.key
                      AND failed.state = 'failed')
                OR error.step = %(tax)s AND EXISTS (
                   SELECT FROM sale_order AS asked
                    WHERE asked.extensiv_cart_id = error.res_id AND asked.extensiv_tax_policy = 'ask'
                      AND asked.state IN ('draft', 'sent')))""",
        now=fields.Datetime.now(),
        local=[holds.STEP, books.STEP, credit_notes.STEP],
        tax=tax_question.STEP,
    ),
    "shipments": SQL(
        """error.next_try IS NULL AND error.res_model = 'sale.order' AND EXISTS (
               SELECT FROM sale_order AS failed
                WHERE failed.id = error.res_id AND failed.extensiv_shipment_state = 'failed')"""
    ),
}
# {flow: SQL for what its look has to know}: of orders, how many the passes ``before`` left at EIM, the references of
# those on hold there, and whether all SKUs that a failed one lacks are some product's now, be it not for sale.
KNOWN = {
    "orders": SQL(
        """jsonb_build_object(
           'skipped', before.skipped_count,
           'on_hold', (SELECT COALESCE(jsonb_agg(cust_ref), '[]') FROM extensiv_unknown_order
                        WHERE account_id = account.id AND state = 'on_hold'),
           'may_be_taken_up', EXISTS (
                SELECT FROM extensiv_order AS failed
                 WHERE failed.account_id = account.id AND failed.state = 'failed'
                   AND jsonb_typeof(failed.missing_skus) = 'array' AND failed.missing_skus != '[]'
                   AND NOT EXISTS (
                       SELECT FROM jsonb_array_elements_text(
                                   CASE WHEN jsonb_typeof(failed.missing_skus) = 'array' THEN failed.missing_skus END
                                   ) AS missing(sku)
                        WHERE NOT EXISTS (SELECT FROM extensiv_sku_alias AS alias
                                           WHERE alias.account_id = account.id AND alias.sku = missing.sku)
                          AND NOT EXISTS (SELECT FROM product_product WHERE default_code = missing.sku)
                          AND NOT EXISTS (SELECT FROM product_product WHERE barcode = missing.sku)
                          AND NOT EXISTS (SELECT FROM product_uom WHERE barcode = missing.sku))))"""
    ),
}
