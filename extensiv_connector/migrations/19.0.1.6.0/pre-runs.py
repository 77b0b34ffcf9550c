def migrate(cr, version):
    """Have each run say when its last pass began, which is the only one of runs of before; in one statement."""
    cr.execute("ALTER TABLE extensiv_run ADD COLUMN IF NOT EXISTS last_at timestamp")
    cr.execute("ALTER TABLE extensiv_run ADD COLUMN IF NOT EXISTS times integer")
    cr.execute("UPDATE extensiv_run SET last_at = started_at, times = 1 WHERE last_at IS NULL")
