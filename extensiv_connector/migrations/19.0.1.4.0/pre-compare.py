def migrate(cr, version):
    """Forget what people compared before: each level may be compared once only now."""
    cr.execute("DELETE FROM extensiv_compare_line")
    cr.execute("DELETE FROM extensiv_compare")
