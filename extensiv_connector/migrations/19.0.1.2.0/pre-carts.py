import logging

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Make prefixes distinct that differ by capitals and blanks alone; ``post-carts`` tells who is responsible.

    The oldest cart of each company keeps its own. Orders that were imported keep their names.
    """
    cr.execute("ALTER TABLE extensiv_cart DROP CONSTRAINT IF EXISTS extensiv_cart_prefix_unique")
    cr.execute("ALTER TABLE extensiv_cart ALTER COLUMN prefix DROP NOT NULL")
    cr.execute("ALTER TABLE extensiv_cart ADD COLUMN IF NOT EXISTS no_prefix boolean")
    cr.execute("SELECT id, company_id, COALESCE(prefix, '') FROM extensiv_cart ORDER BY company_id, id")
    carts = cr.fetchall()
    tidy = {cart_id: "".join(filter(str.isprintable, prefix)).strip() for cart_id, _company, prefix in carts}
    taken = {(company, tidy[cart_id].lower()) for cart_id, company, _prefix in carts}
    seen = set()
    changed = []
    told = []
    for cart_id, company, old in carts:
        new = tidy[cart_id]
        if (company, new.lower()) in seen:
            new = _free(company, new, taken)
            taken.add((company, new.lower()))
            told.append((cart_id, old, new))
        seen.add((company, new.lower()))
        if new != old or not new:
            changed.append((new or None, not new, cart_id))
    for vals in changed:
        cr.execute("UPDATE extensiv_cart SET prefix = %s, no_prefix = %s WHERE id = %s", vals)
    cr.execute("CREATE TABLE IF NOT EXISTS extensiv_prefix_renamed (cart_id integer, old varchar, new varchar)")
    for vals in told:
        cr.execute("INSERT INTO extensiv_prefix_renamed VALUES (%s, %s, %s)", vals)
        _logger.info("EIM cart %s: its prefix %r was another's but for capitals or blanks, it is now %r", *vals)


def _free(company, prefix, taken):
    """Return ``prefix`` with the first number that makes it the company's only one."""
    stem = prefix.rstrip(":") or "CART"
    number = 2
    while (company, f"{stem}{number}:".lower()) in taken:
        number += 1
    return f"{stem}{number}:"
