from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.sql import escape_psql

from ..flows import technical_fields
from ..flows.contacts import ContactBatch


class ResPartner(models.Model):
    _inherit = "res.partner"

    extensiv_is_buyer = fields.Boolean(
        compute="_compute_extensiv_is_buyer",
        groups="extensiv_connector.group_manager",
        help="Whether orders from EIM are here of this contact.",
    )

    extensiv_former = fields.Json(
        "Merged Contacts",
        readonly=True,
        copy=False,
        groups="extensiv_connector.group_manager",
        help="What contacts that were merged into this one were known by: orders that name one of them find this one.",
    )
    extensiv_address_of = fields.Selection(
        [("buyer", "Its Buyer"), ("recipient", "A Recipient")],
        "Address of an Order",
        readonly=True,
        copy=False,
        help="Made for an order from EIM. A recipient of what a fixed customer sells is not of that customer's "
        "company, which stands neither in the name nor on the label.",
    )

    # Every batch of orders looks its buyers up by these; Odoo has no index on them.
    _extensiv_email_index = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")
    _extensiv_phone_index = models.Index("(phone_sanitized) WHERE phone_sanitized IS NOT NULL")
    # A name that says nothing ("Amazon Customer") is told apart by the zip.
    _extensiv_name_index = models.Index(
        r"(lower(regexp_replace(name, '\s+', ' ', 'g')),"
        r" left(lower(regexp_replace(COALESCE(zip, ''), '\s+', '', 'g')), 5))"
    )
    _extensiv_former_index = models.Index("USING gin (extensiv_former) WHERE extensiv_former IS NOT NULL")

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        return technical_fields.hide(self, super().fields_get(allfields, attributes))

    @api.model
    def _extensiv_resolve(self, account, orders, fixed=None):
        """Find or create the contacts of a batch of orders.

        :param account: the ``extensiv.account``
        :param orders: list of ``eim.wire.Order``
        :param fixed: ``{index in orders: partner}`` of carts whose orders all have one customer
        :return: list of ``flows.contacts.Contacts``, one for each order
        :raise ConcurrencyError: when another process has just made one of the contacts; the next transaction
            finds it
        """
        return ContactBatch(self.env, account.company_id, fixed or {}).resolve(orders)

    # -- recipients of what a fixed customer sells

    @api.depends("extensiv_address_of")
    def _compute_commercial_company_name(self):
        """Leave out the fixed customer: each of its recipients would have it printed as the company they are of."""
        recipients = self.filtered(lambda partner: partner.extensiv_address_of == "recipient")
        for partner in recipients:
            partner.commercial_company_name = partner.company_name
        return super(ResPartner, self - recipients)._compute_commercial_company_name()

    @api.depends("extensiv_address_of")
    def _compute_complete_name(self):
        return super()._compute_complete_name()

    def _get_complete_name(self):
        if self.extensiv_address_of == "recipient" and self.name and not self.commercial_company_name:
            return self.name.strip()
        return super()._get_complete_name()

    # -- erasing

    def _compute_extensiv_is_buyer(self):
        for partner in self:
            sales = partner._origin and self.env["sale.order"].sudo().search_count(
                partner._origin._extensiv_sales_domain(), limit=1
            )
            partner.extensiv_is_buyer = bool(sales)

    def _extensiv_family(self):
        """Return these contacts and those below them, their addresses."""
        return self.sudo().with_context(active_test=False).search([("id", "child_of", self.ids)])

    def _extensiv_sales_domain(self):
        """Return the domain of the orders from EIM of these contacts, in the companies that are chosen."""
        family = self._extensiv_family().ids
        roles = ("partner_id", "partner_invoice_id", "partner_shipping_id")
        return (
            Domain("extensiv_cust_ref", "!=", False)
            & Domain("company_id", "in", self.env.companies.ids)
            & Domain.OR([(role, "in", family)] for role in roles)
        )

    def _extensiv_unsold_domain(self):
        """Return the domain of the inbox's orders that became no sale order and name an e-mail address of theirs."""
        addresses = set(filter(None, self._extensiv_family().mapped("email_normalized")))
        return (
            Domain("sale_order_id", "=", False)
            & Domain("state", "!=", "received")
            & Domain("company_id", "in", self.env.companies.ids)
            & Domain.OR([("payload", "ilike", f'"{escape_psql(address)}"')] for address in addresses)
        )

    def action_extensiv_erase_buyer(self):
        """Empty what the connector holds of these contacts: their orders as received, their wishes, what was said.

        The contacts and their sale orders are Odoo's own, and stay.

        :raise UserError: there is nothing of theirs
        """
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        sales = self.env["sale.order"].sudo().search(self._extensiv_sales_domain())
        orders = sales.extensiv_order_id | self.env["extensiv.order"].sudo().search(self._extensiv_unsold_domain())
        merged = self._extensiv_family().filtered("extensiv_former")
        if not orders and not merged:
            raise UserError(self.env._("The connector holds nothing of %s.", ", ".join(self.mapped("display_name"))))
        merged.extensiv_former = False
        orders._erase()
        sales.with_context(tracking_disable=True).write(
            {
                "extensiv_instructions": False,
                "extensiv_packing_notes": False,
                "extensiv_holds": False,
                "extensiv_lasting_notes": False,
            }
        )
        return self.env["extensiv.account"]._notification(
            self.env._("Erased"), self.env._("What the connector held of %s orders was emptied.", len(orders))
        )
