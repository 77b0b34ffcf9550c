def migrate(cr, version):
    """Let the database that an account went live in be kept in parts, where it was a text: ``name uuid``."""
    cr.execute(
        """SELECT 1 FROM information_schema.columns
            WHERE table_name = 'extensiv_account' AND table_schema = current_schema
              AND column_name = 'live_database' AND data_type = 'character varying'"""
    )
    if not cr.fetchone():
        return
    # A name may hold blanks, an identifier none; where the database had none, its text says so in Python's words.
    cr.execute(
        r"""ALTER TABLE extensiv_account ALTER COLUMN live_database TYPE jsonb USING
            CASE WHEN live_database ~ '^.+ \S+$' THEN jsonb_strip_nulls(jsonb_build_object(
                     'name', regexp_replace(live_database, ' \S+$', ''),
                     'uuid', NULLIF(NULLIF(substring(live_database FROM '\S+$'), 'False'), 'None')))
            END"""
    )
