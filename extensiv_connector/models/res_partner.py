from odoo import api, models

from ..flows.contacts import ContactBatch


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Every batch of orders looks its buyers up by these; Odoo has no index on them.
    _extensiv_email_index = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")
    _extensiv_phone_index = models.Index("(phone_sanitized) WHERE phone_sanitized IS NOT NULL")
    _extensiv_name_index = models.Index("(lower(name))")

    @api.model
    def _extensiv_resolve(self, account, orders, fixed=None):
        """Find or create the contacts of a batch of orders.

        :param account: the ``extensiv.account``
        :param orders: list of ``eim.wire.Order``
        :param fixed: ``{index in orders: partner}`` of carts whose orders all have one customer
        :return: list of ``flows.contacts.Contacts``, one for each order
        :raise ConcurrencyError: when another process has just made one of the contacts; the next transaction
            finds it
        """
        return ContactBatch(self.env, account.company_id, fixed or {}).resolve(orders)
