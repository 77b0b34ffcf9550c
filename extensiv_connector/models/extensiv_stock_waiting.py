from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..eim.wire import Order, codes_of


class ExtensivStockLevel(models.Model):
    """What orders will take that EIM believes we have and that reserve nothing yet: acknowledging must not oversell."""

    _inherit = "extensiv.stock.level"

    @api.model
    def _demand(self, account, mappings):
        """Return ``{(mapping id, product): quantity}`` of orders that EIM gave us and that reserve nothing yet.

        These are orders we acknowledged that are still in the inbox, or a quotation. EIM itself deducts those that
        it still lists as new. An order counts in every mapping of the warehouse that will deliver it.

        :param account: also a form's record, whose orders are those of the saved one
        """
        demand = defaultdict(float)
        if not account.subtract_waiting or not account._origin:
            return demand
        products = self.env["product.product"]
        for warehouse, product, quantity, _moment in self._waiting(account._origin):
            for mapping in mappings:
                if mapping.warehouse_id in (None, warehouse):
                    demand[mapping.id, products.browse(product)] += quantity
        return demand

    @api.model
    def _waiting(self, account):
        """Return ``[(warehouse id or None, product id, quantity in its unit, since when)]`` of waiting orders' lines.

        What a line gives back, of a return or an exchange, is not here yet: it is not offered before it is.
        """
        self.env["extensiv.order"].flush_model()
        self.env["sale.order"].flush_model()
        self.env["sale.order.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT id, payload, cart_id, NULL, NULL, NULL, acknowledged_at FROM extensiv_order
                WHERE account_id = %(account)s AND state IN ('received', 'failed') AND acknowledged_at IS NOT NULL
                UNION ALL
               SELECT NULL, NULL, NULL, sale.warehouse_id, line.product_id,
                      line.product_uom_qty * COALESCE(unit.factor, 1) / COALESCE(own_unit.factor, 1),
                      GREATEST(received.acknowledged_at, line.write_date)
                 FROM sale_order AS sale
                 JOIN extensiv_order AS received ON received.id = sale.extensiv_order_id
                 JOIN sale_order_line AS line ON line.order_id = sale.id
                 JOIN product_product AS product ON product.id = line.product_id
                 JOIN product_template AS template ON template.id = product.product_tmpl_id
                 LEFT JOIN uom_uom AS unit ON unit.id = line.product_uom_id
                 LEFT JOIN uom_uom AS own_unit ON own_unit.id = template.uom_id
                WHERE sale.extensiv_account_id = %(account)s AND sale.state IN ('draft', 'sent')
                  AND received.acknowledged_at IS NOT NULL AND line.product_uom_qty > 0""",
                account=account.id,
            )
        )
        waiting = [
            (warehouse, product, float(quantity or 0), moment)
            for order, _payload, _cart, warehouse, product, quantity, moment in rows
            if not order
        ]
        inbox = [
            (Order.from_payload(payload), cart, moment)
            for order, payload, cart, *_rest, moment in rows
            if order and payload
        ]
        return waiting + (self._waiting_in_inbox(account, inbox) if inbox else [])

    @api.model
    def _waiting_in_inbox(self, account, inbox):
        """Return as ``_waiting`` what the lines of inbox orders will take once they are imported.

        :param inbox: ``[(wire.Order, cart id, since when)]``
        """
        matches = self.env["product.product"]._extensiv_match(
            account, codes_of(order for order, _cart, _moment in inbox)
        )
        warehouses = account.location_ids._warehouses(account)
        default = self.env["stock.warehouse"].search([("company_id", "=", account.company_id.id)], limit=1)
        carts = self.env["extensiv.cart"]
        waiting = []
        for order, cart, moment in inbox:
            warehouse = (
                warehouses.get(order.location)
                or warehouses.get(order.warehouse_pk)
                or carts.browse(cart).warehouse_id
                or default
            )
            waiting += [
                (warehouse.id or None, matches[line.sku].product.id, float(line.quantity), moment)
                for line in order.lines
                if not line.filtered and line.sku and line.quantity and line.quantity > 0 and matches[line.sku].product
            ]
        return waiting
