from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..flows.trigger import trigger

CODE_KINDS = [
    ("reference", "Internal reference"),
    ("barcode", "Barcode"),
    ("packaging", "Barcode of a packaging"),
]
# Of a long list the account's chatter names so many.
NAMED = 20


class ExtensivSkuAlias(models.Model):
    """Another SKU under which the carts of an account sell a product: a person says so, or EIM was seen to use it.

    What was learned is not a person's word: it follows the code that it was found by to another product. Archived, it
    is a person's word again: it is not learned anew.
    """

    _name = "extensiv.sku.alias"
    _inherit = ["extensiv.stock.trigger.mixin", "extensiv.mapping.mixin"]
    _description = "EIM SKU Alias"
    _order = "account_id, sku, id"
    _rec_name = "sku"
    _check_company_auto = True
    _stock_trigger_fields = frozenset({"account_id", "active", "sku", "product_id", "uom_id"})

    active = fields.Boolean(
        default=True,
        tracking=True,
        help="Archived: the product is not offered under this SKU any more, and EIM is told 0 of it once. It is not "
        "learned again.",
    )
    account_id = fields.Many2one("extensiv.account", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    sku = fields.Char("SKU", required=True, tracking=True, help="Exactly as the carts spell it; capitals matter.")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        tracking=True,
        check_company=True,
        index=True,
        ondelete="cascade",
        help="What is sold under this SKU.",
    )
    uom_id = fields.Many2one(
        "uom.uom",
        "Sold In",
        tracking=True,
        ondelete="restrict",
        help="What one of this SKU is where it is not the product's own unit: of a pack of six EIM is told how many "
        "whole packs the stock makes. Empty: the product's unit.",
    )
    origin = fields.Selection(
        [("person", "A person"), ("order", "An order line"), ("list", "EIM's SKU list")],
        "Comes From",
        required=True,
        default="person",
        readonly=True,
        help="Who says that EIM uses this SKU. What was learned from an order or from EIM's list is archived where it "
        "is wrong; then it is not learned again.",
    )
    code = fields.Char("Found By", readonly=True, help="The code by which the product was found.")
    code_kind = fields.Selection(CODE_KINDS, "Kind of Code", readonly=True)

    is_left_alone = fields.Boolean(compute="_compute_is_left_alone")

    _active_sku_unique = models.UniqueIndex(
        "(account_id, sku) WHERE active", "This SKU is the alias of a product already."
    )

    @api.depends("product_id.extensiv_stock_rule", "product_id.active")
    def _compute_is_left_alone(self):
        for alias in self:
            product = alias.product_id
            alias.is_left_alone = bool(product) and (product.extensiv_stock_rule == "leave" or not product.active)

    @api.constrains("uom_id", "product_id")
    def _check_unit(self):
        for alias in self.filtered("uom_id"):
            if not alias.uom_id._has_common_reference(alias.product_id.uom_id):
                raise ValidationError(
                    self.env._(
                        "%(product)s is counted in %(unit)s, which cannot be counted in %(pack)s. Choose another unit "
                        "for %(sku)s.",
                        product=alias.product_id.display_name,
                        unit=alias.product_id.uom_id.name,
                        pack=alias.uom_id.name,
                        sku=alias.sku,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Tell of new aliases too: unlike carts and locations they do not come from EIM, a person decides them."""
        self.flush_model(["account_id", "sku", "active"])  # what was archived stands in nobody's way
        aliases = super().create(vals_list)
        for account, account_aliases in aliases.grouped("account_id").items():
            account.sudo()._message_log(
                body=self.env._(
                    "New aliases: %s.",
                    ", ".join(f"{alias.sku} = {alias.product_id.display_name}" for alias in account_aliases),
                ),
                author_id=self.env.user.partner_id.id,
            )
        return aliases

    def write(self, vals):
        """Take over what was learned as the person's word who changes it."""
        if {"sku", "product_id", "uom_id"} & vals.keys() and "origin" not in vals:
            vals = {**vals, "origin": "person", "code": False, "code_kind": False}
        return super().write(vals)

    def unlink(self):
        """Archive what was learned, or the next order would teach it again; what is archived already goes."""
        learned = self.filtered(lambda alias: alias.active and alias.origin != "person")
        learned.action_archive()
        return super(ExtensivSkuAlias, self - learned).unlink()

    # -- who says so

    @api.model
    def _set_product(self, account, sku, product):
        """Let later orders of ``account`` find ``product`` under ``sku``.

        :raise UserError: it is the alias of another product, and the user may not change aliases
        """
        known = self.sudo().search([("account_id", "=", account.id), ("sku", "=", sku)])
        if not known:
            self.sudo().create({"account_id": account.id, "sku": sku, "product_id": product.id})
        elif known.product_id != product:
            if not known.with_env(self.env).has_access("write"):
                raise UserError(
                    self.env._(
                        "“%(sku)s” is the alias of %(product)s already, and only an Extensiv manager may change that. "
                        "Ask one, or go on without remembering the alias.",
                        sku=sku,
                        product=known.product_id.display_name,
                    )
                )
            known.write({"product_id": product.id, "uom_id": False})

    @api.model
    def _learn(self, account, matches, origin):
        """Keep an alias of each SKU that EIM uses and that was found by another code of its product.

        What a person said, or archived, stays; what was learned follows its code to another product.

        :param matches: ``{SKU: Match}``
        :param origin: ``order`` or ``list``
        """
        found = {sku: match for sku, match in matches.items() if match.is_by_other_code(sku)}
        if not found:
            return
        aliases = self.sudo().with_context(active_test=False)
        known = aliases.search([("account_id", "=", account.id), ("sku", "in", list(found))])
        for alias in known.filtered(lambda alias: alias.active and alias.origin != "person"):
            alias.write(self._prepare_learned_vals(found[alias.sku], origin))
        new = {sku: match for sku, match in found.items() if sku not in set(known.mapped("sku"))}
        if new:
            aliases._insert_learned(account, new, origin)

    @api.model
    def _prepare_learned_vals(self, match, origin):
        """Return what an alias says that was learned by a ``Match``."""
        return {
            "product_id": match.product.id,
            "uom_id": match.uom.id if match.uom else False,
            "origin": origin,
            "code": match.code,
            "code_kind": match.kind,
        }

    @api.model
    def _insert_learned(self, account, matches, origin):
        """Insert what was learned; where another transaction learns the same, this one is repeated."""
        self.flush_model()
        vals_list = [{"sku": sku, **self._prepare_learned_vals(match, origin)} for sku, match in matches.items()]
        columns = ("sku", "product_id", "uom_id", "code", "code_kind")
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_sku_alias
                          (account_id, company_id, active, origin, create_uid, create_date, write_uid, write_date,
                           sku, product_id, uom_id, code, code_kind)
                   SELECT %(account)s, %(company)s, TRUE, %(origin)s, %(user)s, %(now)s, %(user)s, %(now)s, new.*
                     FROM unnest(%(sku)s::text[], %(product_id)s::int[], %(uom_id)s::int[], %(code)s::text[],
                                 %(code_kind)s::text[]) AS new
                    ORDER BY 9
                       ON CONFLICT (account_id, sku) WHERE active DO NOTHING""",
                account=account.id,
                company=account.company_id.id,
                origin=origin,
                user=self.env.uid,
                now=fields.Datetime.now(),
                **{column: [vals[column] or None for vals in vals_list] for column in columns},
            )
        )
        self.invalidate_model()
        trigger(self.env, "inventory", account)
        self._log_learned(account, matches, origin)

    @api.model
    def _log_learned(self, account, matches, origin):
        kinds = dict(self._fields["code_kind"]._description_selection(self.env))
        origins = dict(self._fields["origin"]._description_selection(self.env))
        named = [
            f"{sku} = {match.product.display_name} ({kinds[match.kind]} {match.code})"
            for sku, match in list(matches.items())[:NAMED]
        ]
        if len(matches) > NAMED:
            named.append(self.env._("%s more", len(matches) - NAMED))
        account.sudo()._message_log(
            body=self.env._(
                "New aliases, learned (%(origin)s): %(aliases)s.", origin=origins[origin], aliases=", ".join(named)
            )
        )

    # -- actions

    def action_set_zero(self):
        """Have EIM told zero of these SKUs once, in every location to which stock is pushed.

        :raise UserError: a product is pushed, so that the zero would not stay
        """
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        self.product_id._extensiv_check_left_alone()
        return (
            self.env["extensiv.stock.level"]
            .sudo()
            ._set_zero(
                {
                    account: [
                        (location.id, sku)
                        for location in account.location_ids.filtered("push_enabled")
                        for sku in aliases.mapped("sku")
                    ]
                    for account, aliases in self.sudo().grouped("account_id").items()
                }
            )
        )
