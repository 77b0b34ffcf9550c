from odoo.tools.sql import column_exists, rename_column


def migrate(cr, version):
    """Keep the webhook's key as the API key is kept: in the field of that name, which nobody reads."""
    if column_exists(cr, "extensiv_account", "webhook_secret") and not column_exists(
        cr, "extensiv_account", "webhook_key"
    ):
        rename_column(cr, "extensiv_account", "webhook_secret", "webhook_key")
