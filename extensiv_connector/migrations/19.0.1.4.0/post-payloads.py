from odoo.addons.extensiv_connector.eim.errors import EimError
from odoo.addons.extensiv_connector.eim.sanitizing import clean_text
from odoo.addons.extensiv_connector.eim.wire import Order

BATCH = 500  # orders that are in memory together


def migrate(cr, version):
    """Mask what looks like a card's number in orders that were received before 19.0.1.3.0, as is done since."""
    last = 0
    while True:
        cr.execute(
            "SELECT id, payload FROM extensiv_order WHERE id > %s AND payload IS NOT NULL ORDER BY id LIMIT %s",
            [last, BATCH],
        )
        rows = cr.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        masked = {order: text for order, payload in rows if (text := _mask(payload)) != payload}
        cr.execute(
            """UPDATE extensiv_order SET payload = masked.payload
                 FROM unnest(%s::int[], %s::text[]) AS masked(id, payload)
                WHERE extensiv_order.id = masked.id""",
            [list(masked), list(masked.values())],
        )


def _mask(payload):
    """Return an order as received without what belongs to a payment, as it would be kept today."""
    try:
        return Order.from_payload(payload).payload
    except (EimError, ValueError, RecursionError):
        return clean_text(payload)
