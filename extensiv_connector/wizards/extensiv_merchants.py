from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows.deadline import deadline_of, one_deadline


class ExtensivMerchants(models.TransientModel):
    """Choose merchants of a warehouse's key: each gets an account of its own."""

    _name = "extensiv.merchants"
    _description = "Accounts of a Warehouse's Merchants"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    line_ids = fields.One2many("extensiv.merchants.line", "wizard_id")

    @api.model
    def _make(self, account):
        """Ask EIM for the merchants and return the action that offers them; those known already are marked.

        :raise UserError: in EIM's words; a merchant's own key may list none
        """
        with account._asking_eim() as client:
            merchants = client.list_merchants()
        if not merchants:
            raise UserError(self.env._("EIM lists no merchants for this key. Only a warehouse's key has them."))
        known = {other.merchant_pk: other for other in account._same_key() if other.merchant_pk}
        wizard = self.create(
            {
                "account_id": account.id,
                "line_ids": [
                    fields.Command.create(
                        {
                            "merchant_pk": merchant.merchant_pk,
                            "name": merchant.name or merchant.merchant_pk,
                            "known_account_id": known[merchant.merchant_pk].id
                            if merchant.merchant_pk in known
                            else False,
                            "chosen": False,
                        }
                    )
                    for merchant in merchants
                ],
            }
        )
        return wizard._get_records_action(name=self.env._("Merchants of This Key"), target="new")

    @one_deadline
    def action_create_accounts(self):
        """Create an account for each chosen merchant, with this key and these settings, and connect them.

        A merchant that EIM refuses, or that a request has no time for, has its account all the same, not connected
        and saying why.
        """
        self.ensure_one()
        self.env["extensiv.account"]._check_manager()
        lines = self.line_ids.filtered(lambda line: line.chosen and not line.known_account_id)
        if not lines:
            raise UserError(self.env._("Choose at least one merchant."))
        origin = self.account_id
        accounts = origin.browse()
        for line in lines:
            accounts += origin.copy(
                {
                    "name": line.name,
                    "merchant_pk": line.merchant_pk,
                    "owner_id": line.owner_id.id,
                    "api_user": origin.api_user,
                    "api_key": origin.sudo().api_key,
                    "route_overrides": origin.route_overrides,
                }
            )
        deadline = deadline_of(self.env)
        for account in accounts:
            try:
                if not deadline.has_time():
                    raise UserError(self.env._("There was no time left to connect it. Press Connect."))
                account.action_connect()
            except UserError as error:
                account.state_message = str(error)
        action = self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_account_action")
        return {**action, "domain": [("id", "in", accounts.ids)]}


class ExtensivMerchantsLine(models.TransientModel):
    """One merchant of the key."""

    _name = "extensiv.merchants.line"
    _description = "Merchant of a Warehouse's Key"

    wizard_id = fields.Many2one("extensiv.merchants", required=True, ondelete="cascade")
    merchant_pk = fields.Char("Merchant ID", readonly=True)
    name = fields.Char("Merchant", readonly=True)
    known_account_id = fields.Many2one("extensiv.account", "Account", readonly=True)
    chosen = fields.Boolean(help="Create an account for this merchant.")
    owner_id = fields.Many2one(
        "res.partner",
        "Owner of the Stock",
        help="The contact whose stock here this merchant sells. Empty: stock of any owner.",
    )
