"""Where Odoo creates and confirms orders one line, move or transfer at a time: a batch of the connector does it once.

Each override does nothing unless the context holds the memo of a batch, see ``flows/confirm_batch.py``.
"""

from odoo import api, models

from ..flows import batch_reservation, batch_transfers, confirm_batch


class SaleOrder(models.Model):
    _inherit = "sale.order"  # pylint: disable=consider-merging-classes-inherited  # what a batch does once

    @api.model_create_multi
    def create(self, vals_list):
        with confirm_batch.keeping_defaults(self):
            return super().create(vals_list)

    @api.model
    def default_get(self, fields):
        return confirm_batch.keep_defaults(self, fields, super().default_get)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"  # pylint: disable=consider-merging-classes-inherited  # what a batch does once

    @api.model_create_multi
    def create(self, vals_list):
        with confirm_batch.keeping_defaults(self):
            return super().create(vals_list)

    @api.model
    def default_get(self, fields):
        return confirm_batch.keep_defaults(self, fields, super().default_get)


class AccountAnalyticDistributionModel(models.Model):
    _inherit = "account.analytic.distribution.model"

    @api.model
    def _get_applicable_models(self, vals):
        if confirm_batch.has_no_analytic_models(self):
            return self.browse()
        return super()._get_applicable_models(vals)


class StockRule(models.Model):
    _inherit = "stock.rule"  # pylint: disable=consider-merging-classes-inherited  # what a batch does once

    @api.model_create_multi
    def create(self, vals_list):
        confirm_batch.forget_rules(self)
        return super().create(vals_list)

    def write(self, vals):
        confirm_batch.forget_rules(self)
        return super().write(vals)

    @api.model
    def _search_rule_for_warehouses(self, route_ids, packaging_uom_id, product_id, warehouse_ids, domain):
        values = (route_ids, packaging_uom_id, product_id, warehouse_ids, domain)
        return confirm_batch.remember_rules(self, values, super()._search_rule_for_warehouses)


class StockPicking(models.Model):
    _inherit = "stock.picking"  # pylint: disable=consider-merging-classes-inherited  # what a batch does once

    def action_confirm(self):
        if confirm_batch.has_only_to_check(self):
            return True
        return super().action_confirm()

    def message_post_with_source(self, source_ref, **kwargs):
        if batch_transfers.collect_message(self, source_ref, kwargs):
            return self.env["mail.message"]
        return super().message_post_with_source(source_ref, **kwargs)


class StockMove(models.Model):
    _inherit = "stock.move"  # pylint: disable=consider-merging-classes-inherited  # what a batch does once

    def _register_hook(self):
        super()._register_hook()
        confirm_batch.log_strange(self.env)

    @api.model_create_multi
    def create(self, vals_list):
        with confirm_batch.keeping_defaults(self):
            return super().create(vals_list)

    @api.model
    def default_get(self, fields):
        return confirm_batch.keep_defaults(self, fields, super().default_get)

    def _action_confirm(self, merge=True, merge_into=False, create_proc=True):
        with batch_transfers.collecting(self, merge):
            return super()._action_confirm(merge=merge, merge_into=merge_into, create_proc=create_proc)

    def _assign_picking(self):
        if batch_transfers.collect(self):
            return True
        return super()._assign_picking()

    def _merge_moves(self, merge_into=False):
        batch_transfers.make(self)
        return super()._merge_moves(merge_into=merge_into)

    def _trigger_scheduler(self):
        if confirm_batch.starts_no_orderpoint(self):
            return None
        return super()._trigger_scheduler()

    def _action_assign(self, force_qty=False):
        with batch_reservation.assigning(self, force_qty):
            return super()._action_assign(force_qty=force_qty)

    def _update_reserved_quantity(self, need, location_id, lot_id=None, package_id=None, owner_id=None, strict=True):
        with batch_reservation.reserving(self):
            return super()._update_reserved_quantity(need, location_id, lot_id, package_id, owner_id, strict)


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        if batch_reservation.keep_lines(self, vals_list):
            return self.browse()
        with confirm_batch.keeping_defaults(self):
            return super().create(vals_list)

    @api.model
    def default_get(self, fields):
        return confirm_batch.keep_defaults(self, fields, super().default_get)


class StockQuant(models.Model):
    _inherit = "stock.quant"  # pylint: disable=consider-merging-classes-inherited  # what a batch does once

    def _gather(self, product_id, location_id, lot_id=None, package_id=None, owner_id=None, strict=False, qty=0):
        found = batch_reservation.find(self, product_id, location_id, lot_id, package_id, owner_id, strict)
        if found is not None:
            return found
        return super()._gather(product_id, location_id, lot_id, package_id, owner_id, strict, qty)

    def _update_reserved_quantity(
        self, product_id, location_id, quantity, lot_id=None, package_id=None, owner_id=None, strict=True
    ):
        if batch_reservation.is_reserved(self):
            return None
        return super()._update_reserved_quantity(
            product_id, location_id, quantity, lot_id=lot_id, package_id=package_id, owner_id=owner_id, strict=strict
        )

    def try_lock_for_update(self, *, allow_referencing=False, limit=None):
        if batch_reservation.is_locked(self, allow_referencing, limit):
            return self[:1]
        return super().try_lock_for_update(allow_referencing=allow_referencing, limit=limit)

    @api.model_create_multi
    def create(self, vals_list):
        quants = super().create(vals_list)
        batch_reservation.forget(quants)
        return quants

    def write(self, vals):
        result = super().write(vals)
        if "product_id" in vals or "location_id" in vals:
            batch_reservation.forget(self)
        return result

    def unlink(self):
        batch_reservation.forget(self)
        return super().unlink()
