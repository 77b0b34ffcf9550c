def migrate(cr, version):
    """Let every share end, and take the links of shares out of the chatter."""
    cr.execute(
        """UPDATE extensiv_cart_share
              SET expires_on = (CURRENT_DATE + CASE WHEN state IN ('draft', 'sent', 'opened') THEN 14 ELSE 0 END)
            WHERE expires_on IS NULL"""
    )
    cr.execute(
        """DELETE FROM mail_tracking_value AS value USING ir_model_fields AS field
            WHERE field.id = value.field_id AND field.model = 'extensiv.cart.share' AND field.name = 'setup_url'"""
    )
    cr.execute(
        """UPDATE mail_message
              SET body = regexp_replace(body, '/extensiv/share/[A-Za-z0-9_-]+', '/extensiv/share/', 'g')
            WHERE model = 'extensiv.cart.share' AND body LIKE '%/extensiv/share/%'"""
    )
