def migrate(cr, version):
    """Take the path of cancel_order off the accounts: that call is gone, and the path of another would be refused."""
    cr.execute("SELECT id, route_overrides FROM extensiv_account WHERE route_overrides ~ 'cancel_order'")
    for account, overrides in cr.fetchall():
        kept = [line for line in overrides.splitlines() if line.partition("=")[0].strip() != "cancel_order"]
        cr.execute("UPDATE extensiv_account SET route_overrides = %s WHERE id = %s", ["\n".join(kept) or None, account])
