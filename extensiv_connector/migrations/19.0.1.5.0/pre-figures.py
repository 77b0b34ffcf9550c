from odoo.tools.sql import column_exists, create_column

# {field of the account that is required from now on: internal reference of the product it has by default}
PRODUCTS = {
    "shipping_product_id": "EIM-SHIPPING",
    "discount_product_id": "EIM-DISCOUNT",
    "tax_product_id": "EIM-TAX",
}


def migrate(cr, version):
    """Give accounts the products without which an order may fail.

    Those that are there already; what has yet to be made is made once all apps are loaded, see ``end-figures``. Until
    then the product of the discount stands for it.
    """
    for field, reference in PRODUCTS.items():
        cr.execute(
            f"""UPDATE extensiv_account SET {field} = (
                       SELECT product.id
                         FROM product_product AS product
                         JOIN product_template AS template ON template.id = product.product_tmpl_id
                        WHERE product.default_code = %s AND template.company_id IS NULL
                        ORDER BY product.id LIMIT 1)
                 WHERE {field} IS NULL""",
            [reference],
        )
    if not column_exists(cr, "extensiv_account", "charge_product_id"):
        create_column(cr, "extensiv_account", "charge_product_id", "int4")
        cr.execute("UPDATE extensiv_account SET charge_product_id = discount_product_id")
