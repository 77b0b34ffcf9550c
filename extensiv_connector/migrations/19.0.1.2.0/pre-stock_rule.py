from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    """Make of “Push Stock to EIM” off the rule that leaves a product alone; somebody chose that."""
    if column_exists(cr, "product_product", "extensiv_stock_rule"):
        return
    create_column(cr, "product_product", "extensiv_stock_rule", "varchar")
    create_column(cr, "product_product", "extensiv_rule_chosen", "boolean")
    cr.execute(
        "UPDATE product_product"
        "   SET extensiv_stock_rule = CASE WHEN extensiv_push IS FALSE THEN 'leave' ELSE 'push' END,"
        "       extensiv_rule_chosen = extensiv_push IS FALSE,"
        "       extensiv_push = extensiv_push IS NOT FALSE"
    )
