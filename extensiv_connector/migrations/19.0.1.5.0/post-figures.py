def migrate(cr, version):
    """Note on orders what their tax was taken for, and what stood for unknown SKUs: later settings change neither."""
    cr.execute(
        """UPDATE sale_order AS sale
              SET extensiv_tax_policy = COALESCE(sale.extensiv_tax_policy, cart.tax_policy, account.tax_policy),
                  extensiv_placeholder_id = COALESCE(sale.extensiv_placeholder_id, account.placeholder_product_id)
             FROM extensiv_account AS account, sale_order AS same
             LEFT JOIN extensiv_cart AS cart ON cart.id = same.extensiv_cart_id
            WHERE same.id = sale.id AND account.id = sale.extensiv_account_id AND sale.extensiv_cust_ref IS NOT NULL
              AND sale.extensiv_tax_policy IS NULL"""
    )
