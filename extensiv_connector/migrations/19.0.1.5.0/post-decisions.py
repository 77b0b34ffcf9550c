def migrate(cr, version):
    """Let a person decide about shipments that were not told because EIM has their orders as cancelled."""
    cr.execute(
        """UPDATE sale_order SET extensiv_decision = 'cancelled'
             FROM extensiv_order AS received
            WHERE received.id = sale_order.extensiv_order_id AND received.cancelled_at IS NOT NULL
              AND sale_order.extensiv_shipment_state = 'failed' AND sale_order.extensiv_decision IS NULL"""
    )
