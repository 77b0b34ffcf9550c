from odoo import api, fields, models
from odoo.tools import SQL


class ExtensivStockScan(models.Model):
    """What a push of an account's stock saw when it last left nothing untold: ``flows/reconciliation.py``.

    The next one asks what changed since. Without it, or where it may not be trusted, everything is compared.
    """

    _name = "extensiv.stock.scan"
    _description = "EIM Stock Seen Last"
    _rec_name = "account_id"
    _log_access = False

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    snapshot = fields.Char(
        required=True, readonly=True, help="The oldest transaction at work then: what later ones wrote was not seen."
    )
    levels_snapshot = fields.Char(required=True, readonly=True, help="The same, of when the run had ended.")
    server = fields.Char(required=True, readonly=True, help="Of which database and server these transactions are.")
    settings = fields.Char(required=True, readonly=True, help="A digest of settings, mappings, routes and recipes.")
    scanned_at = fields.Datetime(required=True, readonly=True)
    full_at = fields.Datetime(required=True, readonly=True, help="When everything was compared last.")
    read_at = fields.Datetime(readonly=True, help="As of when the run's levels are noted as accepted.")
    quants = fields.Json(readonly=True, help="A digest of the quants there were, by groups of products.")
    others = fields.Json(readonly=True, help="A digest of what is owed and of aliases, by groups of products.")
    waiting = fields.Char(readonly=True, help="A digest of the orders that reserve nothing yet.")
    taken = fields.Json(readonly=True, help="What these orders will take: location, product, quantity.")
    watched_skus = fields.Json(readonly=True, help="SKUs that are looked at whatever changed.")

    _account_unique = models.Constraint("UNIQUE(account_id)", "This account has one already.")

    @api.model
    def _forget(self, accounts):
        """Have the next pass of ``accounts`` compare everything."""
        self.env.cr.execute(SQL("DELETE FROM extensiv_stock_scan WHERE account_id = ANY (%s)", accounts.ids))
        self.invalidate_model()
