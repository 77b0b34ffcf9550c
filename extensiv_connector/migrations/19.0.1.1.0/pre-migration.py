def migrate(cr, version):
    """Close what the errors of single pages left open, and take back buffers that added to the stock."""
    cr.execute(
        "UPDATE extensiv_error SET state = 'resolved', next_try = NULL"
        " WHERE flow = 'orders' AND state = 'open' AND key LIKE 'list page %'"
    )
    cr.execute("UPDATE product_product SET extensiv_buffer_qty = 0 WHERE extensiv_buffer_qty < 0")
