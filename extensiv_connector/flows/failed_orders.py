"""Which orders that failed are to be imported again, without anybody asking for it."""

from odoo.fields import Domain


def find_taken_up(account):
    """Return the failed orders of ``account`` whose cause is seen gone or whose time to try again has come."""
    env = account.env
    failed = env["extensiv.order"].search_fetch(
        [("account_id", "=", account.id), ("state", "=", "failed")], ["missing_skus", "cust_ref", "cart_id"]
    )
    if not failed:
        return failed
    # Codes that came with the order may find a product too, but only a whole import reads them again.
    matches = env["product.product"]._extensiv_match(
        account, {sku: () for order in failed for sku in order.missing_skus or ()}
    )
    refs = failed.mapped("cust_ref")
    Error = env["extensiv.error"]
    due = Error._due_keys(account, "orders", refs)
    # Of these one error of their cart told, until somebody answered, perhaps while they were being imported.
    asked = failed.filtered(lambda order: not order.cart_id.renamed_from_id).mapped("cust_ref")
    due |= set(asked) - Error._keys(account, "orders", refs, False, Domain("state", "!=", "resolved"))
    return failed.filtered(
        lambda order: (
            order.cust_ref in due
            or (order.missing_skus and not any(matches[sku].problem for sku in order.missing_skus))
        ),
    )
