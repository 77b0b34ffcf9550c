from odoo import api, models

# Settings outside the account itself by which money or data can be lost, where they exist.
TRACKED = {
    "extensiv.cart": (
        "prefix",
        "no_prefix",
        "active",
        "type_id",
        "warehouse_id",
        "partner_id",
        "tax_policy",
        "push_shipments",
        "wait_tracking",
        "wait_tracking_days",
        "delivery_carrier_id",
    ),
    "extensiv.location": ("stock_location_id", "source", "push_enabled"),
    "extensiv.ship.method": ("ship_code", "delivery_carrier_id"),
    "extensiv.sku.alias": ("sku", "product_id"),
}


class ExtensivTracked(models.AbstractModel):
    """A mapping of an account, whose changes are told in the account's chatter: who, when, from what to what."""

    _name = "extensiv.tracked"
    _description = "Mapping Tracked on the EIM Account"

    def write(self, vals):
        names = [name for name in TRACKED[self._name] if name in vals]
        before = {record: {name: record[name] for name in names} for record in self} if names else {}
        result = super().write(vals)
        if "account_id" in vals:
            self.check_access("write")  # where it is now: before writing, Odoo asks the rules of where it was
        infos = self.fields_get(names) if before else {}
        for record, values in before.items():
            _changed, tracking = record._mail_track(infos, values)
            if tracking:
                record.account_id.sudo()._message_log(
                    body=record.display_name, author_id=self.env.user.partner_id.id, tracking_value_ids=tracking
                )
        return result

    @api.ondelete(at_uninstall=False)
    def _tell_deleted(self):
        for record in self:
            record.account_id.sudo()._message_log(
                body=self.env._("%s was deleted.", record.display_name), author_id=self.env.user.partner_id.id
            )


class ExtensivCart(models.Model):
    _name = "extensiv.cart"
    _inherit = ["extensiv.cart", "extensiv.tracked"]


class ExtensivLocation(models.Model):
    _name = "extensiv.location"
    _inherit = ["extensiv.location", "extensiv.tracked"]


class ExtensivShipMethod(models.Model):
    _name = "extensiv.ship.method"
    _inherit = ["extensiv.ship.method", "extensiv.tracked"]


class ExtensivSkuAlias(models.Model):
    _name = "extensiv.sku.alias"
    _inherit = ["extensiv.sku.alias", "extensiv.tracked"]

    @api.model_create_multi
    def create(self, vals_list):
        """Tell of new aliases too: unlike carts and locations they do not come from EIM, a person decides them."""
        aliases = super().create(vals_list)
        for account, of_account in aliases.grouped("account_id").items():
            account.sudo()._message_log(
                body=self.env._(
                    "New aliases: %s.",
                    ", ".join(f"{alias.sku} = {alias.product_id.display_name}" for alias in of_account),
                ),
                author_id=self.env.user.partner_id.id,
            )
        return aliases
