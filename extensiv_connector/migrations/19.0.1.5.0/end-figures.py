from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Make the products of lines that are no goods, where accounts lack them, and take off them taxes nobody chose."""
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    products = env["product.product"]._extensiv_service_products()
    accounts = env["extensiv.account"].search([])
    for account in accounts:
        if account.charge_product_id == account.discount_product_id:
            account.charge_product_id = products["charge"]
        for kind in ("shipping", "discount", "tax"):
            if not account[f"{kind}_product_id"]:
                account[f"{kind}_product_id"] = products[kind]
    _take_off_taxes(env, products.values(), accounts)


def _take_off_taxes(env, products, accounts):
    """Take off the companies' default taxes, which Odoo gave to what all companies share.

    Not where orders have Odoo's taxes: there somebody may have chosen the same.
    """
    taxing = accounts.filtered(
        lambda account: "odoo" in {account.tax_policy, *account.cart_ids.mapped("tax_policy")}
    ).company_id
    companies = env["res.company"].search([]) - taxing
    for product in products:
        product.taxes_id -= companies.account_sale_tax_id
        product.supplier_taxes_id -= companies.account_purchase_tax_id
