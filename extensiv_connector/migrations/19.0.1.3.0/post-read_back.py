def migrate(cr, version):
    """Have locations that EIM accepted levels of looked at by the next pass; pushing goes on until that is known."""
    cr.execute(
        """UPDATE extensiv_location AS location SET read_back_state = 'assumed'
            WHERE read_back_state = 'to_check'
              AND EXISTS (SELECT FROM extensiv_stock_level AS level
                           WHERE level.location_id = location.id AND level.pushed_at IS NOT NULL)"""
    )
