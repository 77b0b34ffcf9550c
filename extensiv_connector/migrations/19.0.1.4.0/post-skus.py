def migrate(cr, version):
    """Say of aliases that a person made them, for nobody else did; know the SKUs that imported orders came with."""
    cr.execute("UPDATE extensiv_sku_alias SET origin = 'person' WHERE origin IS NULL")
    cr.execute(
        """INSERT INTO extensiv_known_sku (account_id, company_id, sku, origin, seen_at)
           SELECT account.id, account.company_id, line.extensiv_sku, 'order', MIN(line.create_date)
             FROM sale_order_line AS line
             JOIN sale_order AS sale ON sale.id = line.order_id
             JOIN extensiv_account AS account ON account.id = sale.extensiv_account_id
            WHERE line.extensiv_sku <> ''
            GROUP BY account.id, account.company_id, line.extensiv_sku
               ON CONFLICT (account_id, sku) DO NOTHING"""
    )
