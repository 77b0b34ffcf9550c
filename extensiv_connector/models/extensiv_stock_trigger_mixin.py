from odoo import api, models

from ..flows.trigger import trigger


class ExtensivStockTriggerMixin(models.AbstractModel):
    """Something that stock levels are made of: a change of what counts in it wakes their push, once a transaction."""

    _name = "extensiv.stock.trigger.mixin"
    _description = "Wakes the Push of Stock Levels to EIM"

    # The fields that count; writing anything else wakes nobody.
    _stock_trigger_fields = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        if not all(self._stock_trigger_fields.isdisjoint(vals) for vals in vals_list):
            trigger(self.env, "inventory")
        return super().create(vals_list)

    def write(self, vals):
        if not self._stock_trigger_fields.isdisjoint(vals):
            trigger(self.env, "inventory")
        return super().write(vals)

    def unlink(self):
        trigger(self.env, "inventory")
        return super().unlink()
