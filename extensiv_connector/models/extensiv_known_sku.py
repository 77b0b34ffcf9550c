from odoo import api, fields, models
from odoo.tools import SQL

from ..flows.trigger import trigger


class ExtensivKnownSku(models.Model):
    """A SKU that EIM uses: its list of SKUs has it, or an order came with it.

    SKUs of which EIM accepted a level are known, too, see ``flows/sku_choice.py``; they stand among the levels.
    """

    _name = "extensiv.known.sku"
    _description = "SKU That EIM Knows"
    _order = "sku, id"
    _rec_name = "sku"
    _log_access = False  # a list is written by the ten thousand

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    sku = fields.Char("SKU", required=True, readonly=True)
    origin = fields.Selection(
        [("order", "An order line"), ("list", "EIM's SKU list")],
        "Known From",
        required=True,
        readonly=True,
        help="Where the SKU was seen first.",
    )
    seen_at = fields.Datetime("First Seen", readonly=True)

    _sku_unique = models.Constraint("UNIQUE(account_id, sku)", "This SKU is known already.")

    @api.model
    def _note(self, account, skus, origin):
        """Note that EIM uses ``skus``; what is known already stays as it is."""
        if not skus:
            return
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_known_sku (account_id, company_id, sku, origin, seen_at)
               SELECT %(account)s, %(company)s, given.sku, %(origin)s, %(now)s
                 FROM unnest(%(skus)s::text[]) AS given(sku)
                WHERE NOT EXISTS (
                      SELECT FROM extensiv_known_sku AS known
                       WHERE known.account_id = %(account)s AND known.sku = given.sku)
                ORDER BY given.sku
                   ON CONFLICT (account_id, sku) DO NOTHING""",
                account=account.id,
                company=account.company_id.id,
                origin=origin,
                now=fields.Datetime.now(),
                skus=list(skus),
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model()
            if account.push_choice == "known":
                trigger(self.env, "inventory", account)
