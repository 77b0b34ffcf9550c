from odoo import api, fields, models
from odoo.tools import plaintext2html

from ..flows import lots_asked_for, packing_notes, reservation, technical_fields


class StockMove(models.Model):
    """Moves of imported orders: what the buyer asked for, and from whose stock.

    A warehouse's merchant is delivered from that merchant's stock alone: Odoo keeps ``restrict_partner_id`` on a move
    but reserves from any owner.

    What moves lack is owed, so that a change of one wakes the push of stock levels as a change of a quantity does.
    """

    _name = "stock.move"
    _inherit = ["stock.move", "extensiv.stock.trigger.mixin"]
    _stock_trigger_fields = frozenset(
        {
            "state",
            "product_id",
            "product_uom",
            "product_uom_qty",
            "quantity",
            "date",
            "location_id",
            "location_dest_id",
            "location_final_id",
            "procure_method",
            "restrict_partner_id",
            "move_orig_ids",
            "move_dest_ids",
        }
    )

    extensiv_reserve_later = fields.Boolean(
        "To Be Reserved",
        readonly=True,
        copy=False,
        help="Confirmed by a worker that imports beside others, and reserved by it, or else by the next run, in a "
        "moment.",
    )
    _extensiv_reserve_later_index = models.Index("(company_id) WHERE extensiv_reserve_later")

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        return technical_fields.hide(self, super().fields_get(allfields, attributes))

    def _get_new_picking_values(self):
        """Put what the buyer asked for where it is packed."""
        values = super()._get_new_picking_values()
        if wishes := packing_notes.print_on_transfer(self.sudo().sale_line_id.order_id):
            values["note"] = plaintext2html("\n".join(wishes))
        return values

    def _extensiv_owner(self):
        """Return the owner from whose stock alone this move of an imported order may take, or none."""
        if self.sudo().sale_line_id.order_id.extensiv_account_id:
            return self.restrict_partner_id
        return self.restrict_partner_id.browse()

    def _prepare_procurement_values(self):
        values = super()._prepare_procurement_values()
        if owner := self._extensiv_owner():
            values["restrict_partner_id"] = owner.id
        return values

    def _should_assign_at_confirm(self):
        return super()._should_assign_at_confirm() and not reservation.is_put_off(self)

    def _action_assign(self, force_qty=False):
        """Let those take first of which the buyer asked for a lot, and close what was told of one that is there now."""
        asked = self.filtered(lambda move: move.sudo().sale_line_id.extensiv_lot)
        result = super(StockMove, asked + (self - asked))._action_assign(force_qty=force_qty)
        lots_asked_for.settle(asked)
        return result

    def _update_reserved_quantity_vals(
        self,
        need,
        location_id,
        lot_id=None,
        package_id=None,
        owner_id=None,
        strict=True,
    ):
        if not strict and not owner_id:
            owner_id = self._extensiv_owner()
        asked = lots_asked_for.find_lots(self)
        if self in asked and lot_id != asked[self]:
            if lot_id or not asked[self]:
                return [], 0  # another lot than the buyer asked for
            lot_id = asked[self]
        return super()._update_reserved_quantity_vals(need, location_id, lot_id, package_id, owner_id, strict)

    def _prepare_move_line_vals(self, quantity=None, reserved_quant=None):
        vals = super()._prepare_move_line_vals(quantity=quantity, reserved_quant=reserved_quant)
        if not reserved_quant and (owner := self._extensiv_owner()):
            vals["owner_id"] = owner.id
        return vals
