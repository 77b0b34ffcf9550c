def migrate(cr, version):
    """Add the column of what has to be looked at empty: of orders from before nothing is made by itself.

    Else Odoo would compute it of every order there is.
    """
    cr.execute("ALTER TABLE sale_order ADD COLUMN IF NOT EXISTS extensiv_books_at timestamp")
