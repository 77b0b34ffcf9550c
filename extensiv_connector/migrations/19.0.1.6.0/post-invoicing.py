from odoo import SUPERUSER_ID, api
from odoo.addons.extensiv_connector.flows import margins

# {field of the account: what a line of that product stands for}
KINDS = {
    "shipping_product_id": "shipping",
    "tax_product_id": "tax",
    "charge_product_id": "charge",
    "discount_product_id": "discount",
}
BATCH = 500


def migrate(cr, version):
    """Note what lines of before stand for that are no goods, and say anew which orders are to be invoiced.

    Whose lines of amounts alone made them so, while goods are to come, is not any more.
    """
    for field, kind in KINDS.items():
        cr.execute(
            f"""UPDATE sale_order_line AS line
                   SET extensiv_kind = %s
                  FROM sale_order AS sale
                  JOIN extensiv_account AS account ON account.id = sale.extensiv_account_id
                 WHERE sale.id = line.order_id AND line.extensiv_kind IS NULL AND line.extensiv_line_no IS NULL
                   AND sale.extensiv_cust_ref IS NOT NULL AND line.product_id = account.{field}""",
            [kind],
        )
    env = api.Environment(cr, SUPERUSER_ID, {})
    margins.clear(env)
    cr.execute(
        """SELECT sale.id
             FROM sale_order AS sale
            WHERE sale.state = 'sale' AND sale.extensiv_cust_ref IS NOT NULL AND sale.invoice_status = 'to invoice'
              AND NOT EXISTS (
                  SELECT FROM sale_order_line AS line
                   WHERE line.order_id = sale.id AND line.invoice_status = 'to invoice'
                     AND line.extensiv_kind IS NULL)
            ORDER BY sale.id"""
    )
    ids = [order_id for (order_id,) in cr.fetchall()]
    for start in range(0, len(ids), BATCH):
        env["sale.order"].browse(ids[start : start + BATCH])._compute_invoice_status()
        env.flush_all()
        env.invalidate_all()
