# Kinds of carts whose marketplace is known to forbid its sellers' mails to buyers.
FORBIDDING = (
    "cart_type_walmart",
    "cart_type_amazon",
    "cart_type_amazonvendor",
    "cart_type_amazondf",
    "cart_type_commercehub",
    "cart_type_dsco",
    "cart_type_groupon",
    "cart_type_bestbuycanada",
)


def migrate(cr, version):
    """Note which kinds of carts forbid mails, before their carts' setting starts from it.

    The catalogue is not updated with the addon.
    """
    cr.execute("ALTER TABLE extensiv_cart_type ADD COLUMN IF NOT EXISTS forbids_mails boolean")
    cr.execute(
        """UPDATE extensiv_cart_type SET forbids_mails = TRUE
            WHERE id IN (SELECT res_id FROM ir_model_data
                          WHERE module = 'extensiv_connector' AND model = 'extensiv.cart.type' AND name IN %s)""",
        [FORBIDDING],
    )
