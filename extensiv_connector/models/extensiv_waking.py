from odoo import api, models


class ExtensivWaking(models.AbstractModel):
    """Something that stock levels are made of: a change of what counts in it wakes their push, once a transaction."""

    _name = "extensiv.waking"
    _description = "Wakes the Push of Stock Levels to EIM"

    # The fields that count; writing anything else wakes nobody.
    _wakes_push = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        if not all(self._wakes_push.isdisjoint(vals) for vals in vals_list):
            self.env["extensiv.account"]._wake_inventory()
        return super().create(vals_list)

    def write(self, vals):
        if not self._wakes_push.isdisjoint(vals):
            self.env["extensiv.account"]._wake_inventory()
        return super().write(vals)

    def unlink(self):
        self.env["extensiv.account"]._wake_inventory()
        return super().unlink()
