def migrate(cr, version):
    """Mark the addresses that were made for orders, and take the fixed customer off the names of its recipients.

    Flows make them as superuser; what somebody entered by hand is not marked.
    """
    for role, kind in (("partner_invoice_id", "invoice"), ("partner_shipping_id", "delivery")):
        cr.execute(
            f"""UPDATE res_partner p SET extensiv_address_of = 'buyer'
                 WHERE p.type = %s AND p.parent_id IS NOT NULL AND p.create_uid = 1 AND p.extensiv_address_of IS NULL
                   AND EXISTS (SELECT FROM sale_order o WHERE o.{role} = p.id AND o.extensiv_cust_ref IS NOT NULL)""",
            [kind],
        )
    cr.execute(
        """UPDATE res_partner p
              SET extensiv_address_of = 'recipient',
                  commercial_company_name = NULLIF(p.company_name, ''),
                  complete_name = CASE WHEN COALESCE(p.company_name, '') = '' THEN trim(p.name) ELSE p.complete_name END
            WHERE p.extensiv_address_of = 'buyer' AND p.type = 'delivery' AND COALESCE(p.name, '') != ''
              AND EXISTS (SELECT FROM extensiv_cart cart WHERE cart.partner_id = p.parent_id)"""
    )
