from odoo import api, fields, models


class ExtensivCart(models.Model):
    """What kind of cart it is, and so what can be expected of it."""

    _inherit = "extensiv.cart"

    type_id = fields.Many2one(
        "extensiv.cart.type",
        "Kind",
        compute="_compute_type_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        ondelete="set null",
        help="Found by the name of the order source; change it where that is not what it is.",
    )
    type_image = fields.Image(related="type_id.image_128", string="Picture")
    order_download = fields.Selection(related="type_id.order_download")
    inventory_sync = fields.Selection(related="type_id.inventory_sync")
    shipment_confirmation = fields.Selection(related="type_id.shipment_confirmation")
    cancellation = fields.Selection(related="type_id.cancellation")
    requirements = fields.Text(related="type_id.requirements")
    limits = fields.Text(related="type_id.limits")
    unsupported = fields.Char("Not Supported", compute="_compute_unsupported")

    @api.depends("order_source")
    def _compute_type_id(self):
        found = self.env["extensiv.cart.type"]._find(set(self.mapped("order_source")))
        for cart in self:
            cart.type_id = found[cart.order_source]

    @api.depends(
        "active",
        "push_shipments",
        "type_id.name",
        "type_id.order_download",
        "type_id.inventory_sync",
        "type_id.shipment_confirmation",
        "account_id.pull_orders",
        "account_id.push_inventory",
        "account_id.push_shipments",
        "account_id.live_orders",
        "account_id.live_inventory",
        "account_id.live_shipments",
        "account_id.setup_step",
    )
    def _compute_unsupported(self):
        for cart in self:
            flows = cart.account_id._flows_to_run() if cart.account_id else set()
            lacking = (
                [
                    label
                    for flow, support, label in (
                        ("orders", cart.order_download, self.env._("pulling orders")),
                        ("inventory", cart.inventory_sync, self.env._("pushing stock")),
                        ("shipments", cart.shipment_confirmation, self.env._("pushing shipments")),
                    )
                    if support == "none" and flow in flows and (flow != "shipments" or cart.push_shipments)
                ]
                if cart.active
                else []
            )
            cart.unsupported = bool(lacking) and self.env._(
                "%(kind)s does not support %(functions)s.", kind=cart.type_id.name, functions=", ".join(lacking)
            )

    @api.model
    def _kinds(self, vals_list):
        """Return ``{order source: kind}`` of carts about to be made."""
        found = self.env["extensiv.cart.type"]._find({vals["order_source"] for vals in vals_list})
        for vals in vals_list:
            if vals.get("type_id"):
                found[vals["order_source"]] = self.env["extensiv.cart.type"].browse(vals["type_id"])
        return found

    def _adopt_kind(self, kind):
        """Note what kind of cart it is, where its order source does not tell; until it has orders its prefix follows.

        :param kind: the ``extensiv.cart.type`` that somebody was asked to connect
        """
        self.ensure_one()
        if self.type_id:
            return
        vals = {"type_id": kind.id}
        if self.prefix and not self.order_count:
            others = self.with_context(active_test=False).search(
                [("company_id", "=", self.company_id.id), ("id", "!=", self.id)]
            )
            taken = {(prefix or "").lower() for prefix in others.mapped("prefix")}
            vals["prefix"] = self._propose_prefix(kind.name, taken)
        self.write(vals)
