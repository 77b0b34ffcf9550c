from odoo import models

from ..flows.buyers import remember_merged


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_values(self, src_partners, dst_partner):
        """Remember what the merged contacts were known by, before they go: their next order names one of them."""
        survivor = dst_partner.sudo()
        remember_merged(survivor, src_partners.sudo())
        address_of = survivor.extensiv_address_of
        result = super()._update_values(src_partners, dst_partner)
        survivor.extensiv_address_of = address_of  # a contact becomes no address by taking one in
        return result
