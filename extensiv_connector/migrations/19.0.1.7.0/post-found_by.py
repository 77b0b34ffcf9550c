import json

from odoo.addons.extensiv_connector.eim.errors import EimError
from odoo.addons.extensiv_connector.eim.wire import ListedOrder

BATCH = 5_000


def migrate(cr, version):
    """Write the buyer and the SKUs of the orders whose text is still kept, a batch a statement.

    By the id, so that each batch begins where the last one ended, however many orders there are. What was kept before
    may be no order any more: it stays without.
    """
    last = 0
    while True:
        cr.execute(
            """SELECT id, payload FROM extensiv_order
                WHERE id > %s AND payload IS NOT NULL AND buyer IS NULL AND skus IS NULL
                ORDER BY id LIMIT %s""",
            [last, BATCH],
        )
        rows = cr.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        found = [(order_id, *_read(payload)) for order_id, payload in rows]
        cr.execute(
            """UPDATE extensiv_order AS received
                  SET buyer = NULLIF(found.buyer, ''), skus = NULLIF(found.skus, '')
                 FROM unnest(%s, %s, %s) AS found (id, buyer, skus)
                WHERE received.id = found.id AND (found.buyer != '' OR found.skus != '')""",
            [list(column) for column in zip(*found, strict=True)],
        )


def _read(payload):
    try:
        order = ListedOrder.parse(json.loads(payload))
    except (EimError, ValueError):
        return "", ""
    return order.buyer, ", ".join(order.skus)
