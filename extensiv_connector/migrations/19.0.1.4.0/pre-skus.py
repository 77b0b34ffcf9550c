def migrate(cr, version):
    """Let go of the rule that a SKU is an alias once, archived or not: among those in use it is, by an index."""
    cr.execute("ALTER TABLE extensiv_sku_alias DROP CONSTRAINT IF EXISTS extensiv_sku_alias_sku_unique")
