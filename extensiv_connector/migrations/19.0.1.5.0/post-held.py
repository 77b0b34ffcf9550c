def migrate(cr, version):
    """Hold the quotations of before as those that come from now on; the next pass opens the errors that they lack.

    Where orders are to be confirmed, each that is still a quotation stayed one for a reason; where quotations are
    wished for, one that lacks a product or whose total is not EIM's.
    """
    cr.execute(
        """SELECT column_name FROM information_schema.columns
            WHERE table_name = 'sale_order' AND table_schema = current_schema
              AND column_name IN ('extensiv_message', 'extensiv_held_by')"""
    )
    columns = {row[0] for row in cr.fetchall()}
    if "extensiv_held_by" in columns:
        cr.execute(
            """UPDATE sale_order
                  SET extensiv_is_held = TRUE,
                      extensiv_holds = jsonb_build_object('app', jsonb_build_object('text', extensiv_held_by))
                WHERE extensiv_held_by IS NOT NULL AND state IN ('draft', 'sent') AND extensiv_is_held IS NOT TRUE"""
        )
    cr.execute(
        """UPDATE sale_order sale
              SET extensiv_is_held = TRUE
             FROM extensiv_order received
             JOIN extensiv_account account ON account.id = received.account_id
            WHERE received.sale_order_id = sale.id AND received.state = 'imported'
              AND sale.state IN ('draft', 'sent') AND sale.extensiv_is_held IS NOT TRUE
              AND (account.order_policy = 'confirm'
                   OR abs(sale.amount_total - COALESCE(sale.extensiv_expected_total, sale.amount_total)) >= 0.005
                   OR EXISTS (SELECT FROM sale_order_line line
                               WHERE line.order_id = sale.id AND line.extensiv_sku IS NOT NULL
                                 AND line.product_id = account.placeholder_product_id))"""
    )
    # They are put together from what is true now, and what they said may name a buyer.
    for column in columns:
        cr.execute(f"ALTER TABLE sale_order DROP COLUMN {column}")
