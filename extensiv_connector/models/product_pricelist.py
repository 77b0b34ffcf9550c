from odoo import api, models
from odoo.fields import Domain


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    @api.model
    def _extensiv_of_currencies(self, company, currencies):
        """Return ``{currency: pricelist}`` for currencies other than the company's; missing ones are created.

        An order of Odoo has the currency of its pricelist, and the company's without one.
        """
        foreign = currencies - company.currency_id
        if not foreign:
            return {}
        found = {
            pricelist.currency_id: pricelist
            for pricelist in self.search(
                Domain("currency_id", "in", foreign.ids) & Domain(self._check_company_domain(company)), order="id desc"
            )
        }
        missing = foreign.filtered(lambda currency: currency not in found)
        for pricelist in self.create(
            [
                {
                    "name": self.env._("EIM orders in %s", currency.name),
                    "currency_id": currency.id,
                    "company_id": company.id,
                    "sequence": 1000,
                }
                for currency in missing
            ]
        ):
            found[pricelist.currency_id] = pricelist
        return found
