from odoo.tools import SQL
from odoo.tools.sql import column_exists

# What the tables now refuse beyond: column, from, to.
NUMBERS = {
    "extensiv_account": [
        ("import_batch_size", 1, 1000),
        ("push_batch_size", 1, 1000),
        ("shipments_per_call", 1, 50),
        ("silence_hours", 0, 8760),
        ("untold_hours", 0, 8760),
        ("owed_days", 0, 3650),
        ("payload_days", 0, 36500),
    ],
    "extensiv_cart": [("wait_tracking_days", 0, 365)],
}
LONGEST = 100  # characters of a name
END = 30  # of which at the end: by it one copy differs from another


def migrate(cr, version):
    """Bring what is beyond the new bounds to the nearest that is within, else PostgreSQL would refuse the constraint.

    A column that comes with a later version than the database's is not there yet.
    """
    for table, columns in NUMBERS.items():
        for column, least, most in columns:
            if column_exists(cr, table, column):
                cr.execute(
                    SQL(
                        "UPDATE %(table)s SET %(column)s = LEAST(GREATEST(%(column)s, %(least)s), %(most)s) "
                        "WHERE %(column)s NOT BETWEEN %(least)s AND %(most)s",
                        table=SQL.identifier(table),
                        column=SQL.identifier(column),
                        least=least,
                        most=most,
                    )
                )
    for table in ("extensiv_account", "extensiv_cart", "extensiv_cart_type"):
        cr.execute(
            SQL(
                """UPDATE %(table)s SET name = rtrim(left(name, %(start)s)) || '…' || ltrim(right(name, %(end)s))
                    WHERE char_length(name) > %(longest)s""",
                table=SQL.identifier(table),
                start=LONGEST - END - 1,
                end=END,
                longest=LONGEST,
            )
        )
