from odoo import api, models, tools
from odoo.exceptions import UserError

from ..flows import in_use


class Base(models.AbstractModel):
    """Every model: whoever deletes what the addon uses is told what uses it, and what to do instead."""

    _inherit = "base"

    @api.model
    @tools.ormcache(cache="stable")
    def _extensiv_links(self):
        """Return ``{model: what stands in the way of deleting its records}``, see ``flows.in_use.find_links``."""
        return in_use.find_links(self.pool)

    @api.model
    def name_create(self, name):
        """Refuse to make an account, a cart or a location of its name alone, as a slip where one is chosen would."""
        if self._name.startswith("extensiv."):
            raise UserError(
                self.env._(
                    "%(kind)s “%(name)s” does not exist. Choose one of the list.",
                    kind=self.env["ir.model"]._get(self._name).name,
                    name=name,
                )
            )
        return super().name_create(name)

    @api.ondelete(at_uninstall=False)
    def _unlink_extensiv_except_in_use(self):
        links = self.env["base"]._extensiv_links()
        if self._name in links:
            in_use.check_unused(self, links)
