from odoo import api, fields, models

from ..flows import lengths
from ..flows.couriers import courier_of_method
from ..flows.trigger import trigger

# Odoo's own integrations and the brand that EIM knows them by.
BRANDS = {
    "ups": "UPS",
    "ups_rest": "UPS",
    "usps": "USPS",
    "usps_rest": "USPS",
    "fedex": "FEDEX",
    "fedex_rest": "FEDEX",
    "dhl": "DHL",
    "dhl_rest": "DHL",
    "bpost": "BPOST",
}


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    @api.model
    def _extensiv_brands(self):
        """Return the carriers' own names, as EIM spells them."""
        return set(BRANDS.values())

    extensiv_carrier = fields.Char(
        "EIM Carrier",
        copy=False,
        help="The carrier's brand in upper case as EIM expects it, such as UPS, USPS, FEDEX or DHL; for freight its "
        "SCAC. Empty: proposed with the first shipment, from EIM's list of ship methods or the name.",
    )
    extensiv_method = fields.Char(
        "EIM Method", copy=False, help="The shipping method that EIM is told, a code or text such as UPS Ground."
    )
    extensiv_method_ids = fields.One2many(
        "extensiv.carrier.method",
        "delivery_carrier_id",
        "EIM's Ship Methods",
        help="What EIM is told instead, for an account or one of its carts: a method of EIM's own list, by its code.",
    )

    extensiv_no_tracking = fields.Boolean(
        "Gives No Number",
        copy=False,
        help="What leaves with this delivery method has no tracking number, such as what the buyer collects or your "
        "own van brings: EIM is told without one, even where the cart waits for tracking numbers.",
    )

    @api.constrains(lengths.find_fields)
    def _check_lengths(self):
        lengths.check(self)

    def write(self, vals):
        result = super().write(vals)
        if vals.get("extensiv_no_tracking"):
            trigger(self.env, "shipments")  # orders may wait for nothing else
        if {"extensiv_carrier", "extensiv_method"} & vals.keys():
            if not self.env.context.get("extensiv_proposing"):
                # Who writes what EIM is told wants that, and not what was found by the name.
                self.sudo().extensiv_method_ids.filtered("is_proposed").unlink()
            self.sudo()._extensiv_retry_refused()
        return result

    def _extensiv_retry_refused(self):
        """Take up the orders that failed because EIM refused the carrier of these delivery methods."""
        self._extensiv_open_errors()._mark_resolved()
        refused = self.env["sale.order"].search([("extensiv_refused_carrier_id", "in", self.ids)])
        if refused:
            refused._extensiv_retry_shipments()

    def _extensiv_open_errors(self):
        return self.env["extensiv.error"].search(
            [
                ("flow", "=", "shipments"),
                ("state", "=", "open"),
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
            ]
        )

    def _extensiv_names(self, order=None):
        """Return carrier and method as EIM is told them, of a sale ``order`` as its account and cart call them."""
        self.ensure_one()
        if order and (method := self.env["extensiv.carrier.method"].sudo()._method_of(self, order)):
            carrier = (method.carrier or self.extensiv_carrier or self._extensiv_proposal(())[0]).upper()
            return carrier, method.code
        if self.extensiv_carrier:
            return self.extensiv_carrier, self.extensiv_method or ""
        return self._extensiv_proposal(())

    def _extensiv_proposal(self, methods):
        """Return the carrier and method to propose: as EIM lists them, else by the carrier's own kind, else by name.

        :param methods: ``eim.wire.ShipMethod`` objects
        """
        name = self.with_context(lang="en_US").name
        found = self._extensiv_find([method for method in methods if method.carrier])
        if found:
            return found.carrier.upper(), found.description
        brand = BRANDS.get(self.delivery_type) or courier_of_method(self)
        return brand or name.strip().upper(), name.strip()

    def _extensiv_find(self, methods):
        """Return the first of ``methods``, which EIM lists, that has the name of this delivery method, or None."""
        self.ensure_one()
        name = self.with_context(lang="en_US").name
        for method in methods:
            carrier = method.carrier or ""
            listed = {_plain(method.description), _plain(f"{carrier} {method.description}")}
            if _plain(method.description) and listed & {_plain(name), _plain(f"{carrier} {name}")}:
                return method
        return None


def _plain(text):
    return "".join(character for character in (text or "").casefold() if character.isalnum())
