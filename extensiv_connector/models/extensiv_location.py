from odoo import api, fields, models


class ExtensivLocation(models.Model):
    """A location of EIM ("warehouse" in its API), to which stock can be pushed."""

    _name = "extensiv.location"
    _description = "EIM Location"
    _order = "account_id, name, id"
    _check_company_auto = True

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    name = fields.Char(required=True, help="Exactly as EIM spells it: stock is pushed by this name.")
    remote_pk = fields.Char("EIM ID", readonly=True)
    stock_location_id = fields.Many2one(
        "stock.location", check_company=True, domain="[('usage', '=', 'internal')]",
        help="The location of Odoo, children included, that this location of EIM stands for. Orders that EIM "
        "assigns to it are delivered from its warehouse.")

    _name_unique = models.Constraint("UNIQUE(account_id, name)", "This location exists already.")

    def _warehouses(self, account):
        """Return ``{name or EIM ID: warehouse}`` of the locations whose orders belong to one warehouse."""
        warehouses = {}
        for location in self:
            warehouse = location.stock_location_id.warehouse_id
            if warehouse.company_id == account.company_id:
                warehouses.update({key: warehouse for key in (location.name, location.remote_pk) if key})
        return warehouses

    @api.model
    def _take_over(self, account, locations):
        """Add EIM's locations that are not known yet; known ones keep their mapping.

        :param locations: ``eim.wire.Location`` objects
        :return: the new locations
        """
        Location = self.env["extensiv.location"].sudo()
        known = {location.name: location for location in Location.search([("account_id", "=", account.id)])}
        vals_list = []
        for location in locations:
            if location.name in known:
                if location.remote_pk and known[location.name].remote_pk != location.remote_pk:
                    known[location.name].remote_pk = location.remote_pk
            else:
                known[location.name] = Location
                vals_list.append(
                    {"account_id": account.id, "name": location.name, "remote_pk": location.remote_pk})
        return Location.create(vals_list)
