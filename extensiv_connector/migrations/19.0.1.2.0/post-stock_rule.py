def migrate(cr, version):
    """Have EIM told zero, once, of what was switched off and not told yet; later on, what is off is left alone.

    A level that another product feeds by now is told that product's stock.
    """
    cr.execute(
        """UPDATE extensiv_stock_level AS level SET zero_asked = TRUE
             FROM extensiv_location AS location
            WHERE location.id = level.location_id AND location.push_enabled
              AND (level.quantity > 0 OR level.unconfirmed)
              AND EXISTS (
                  SELECT FROM product_product AS product
                   WHERE product.extensiv_stock_rule = 'leave'
                     AND (product.id = level.product_id OR product.default_code = level.sku
                          OR EXISTS (SELECT FROM extensiv_sku_alias AS alias
                                      WHERE alias.product_id = product.id AND alias.sku = level.sku
                                        AND alias.account_id = location.account_id)))"""
    )
