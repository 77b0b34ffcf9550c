def migrate(cr, version):
    """Count the lines of the orders that may still be imported; of the others nobody asks.

    What was kept before may hold text that PostgreSQL does not take for JSON: such an order counts as one line.
    """
    cr.execute(
        """
        CREATE OR REPLACE FUNCTION pg_temp.extensiv_count_lines(payload text) RETURNS integer LANGUAGE plpgsql AS $$
        DECLARE
            items jsonb;
        BEGIN
            items := payload::jsonb -> 'items';
            RETURN CASE jsonb_typeof(items)
                   WHEN 'array' THEN jsonb_array_length(items)
                   WHEN 'object' THEN (SELECT count(*) FROM jsonb_object_keys(items))
                   ELSE 0
                   END;
        EXCEPTION WHEN data_exception THEN
            RETURN 1;
        END $$
        """
    )
    cr.execute(
        """
        UPDATE extensiv_order
           SET line_count = pg_temp.extensiv_count_lines(payload)
         WHERE line_count IS NULL AND payload IS NOT NULL
           AND (state IN ('received', 'failed', 'ignored', 'cancelled') OR sale_order_id IS NULL)
        """
    )
