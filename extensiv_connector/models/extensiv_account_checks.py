from itertools import combinations

from odoo import fields, models

SHOWN = 10  # names listed in one sentence
SAMPLE = 100  # of the next orders are looked at


class ExtensivAccount(models.Model):
    """What is checked before an account goes live. Reads only, here and at EIM."""

    _inherit = "extensiv.account"

    def _check_live(self):
        """Make every check and keep the results: a list of ``{"mark": "ok", "warn" or "stop", "title", "text"}``.

        Asks EIM for the next orders, holding no lock; an unreachable EIM is one of the results.
        """
        self.ensure_one()
        if self.state == "connected" and not self._is_copy():
            with self._asking_eim() as client:
                orders = client.list_orders("new", limit=SAMPLE, from_date=self.import_from or None).items
                if not orders and self.import_from:
                    # None yet since the first Connect: older ones show what the carts sell just as well.
                    orders = client.list_orders("new", limit=SAMPLE).items
        else:
            orders = ()
        wanted = self._functions_wanted()
        checks = [self._check_live_connection(), self._check_live_functions(wanted), self._check_live_carts()]
        if "orders" in wanted:
            checks += [self._check_live_skus(orders)]
        if wanted & {"orders", "shipments"}:
            checks += [self._check_live_delivery(orders, "shipments" in wanted)]
        if "shipments" in wanted:
            checks += [self._check_live_carriers(), self._check_live_silent()]
        if "inventory" in wanted:
            checks += [self._check_live_locations(), self._check_live_double()]
        self.write(
            {
                "live_checks": [
                    {"mark": mark, "title": title, "text": text} for mark, title, text in filter(None, checks)
                ],
                "live_checked_at": fields.Datetime.now(),
            }
        )

    def _listed(self, names):
        names = list(names)
        more = len(names) - SHOWN
        listed = ", ".join(names[:SHOWN])
        return self.env._("%(names)s and %(more)s more", names=listed, more=more) if more > 0 else listed

    def _check_live_connection(self):
        title = self.env._("Connection")
        if self.state != "connected":
            return "stop", title, self.env._("The account is not connected. Press Connect.")
        if self._is_copy():
            return "stop", title, self.env._("This database is a copy of the one that was connected. Press Connect.")
        return "ok", title, self.env._("EIM accepts the API user and key.")

    def _check_live_functions(self, wanted):
        title = self.env._("Functions")
        if not wanted:
            return "stop", title, self.env._("Nothing would run. Choose at least one function in the step Settings.")
        if self.unsupported:
            return "warn", title, self.unsupported
        return "ok", title, self.env._("No cart is known to lack a function that is to run.")

    def _check_live_carts(self):
        """Look at the carts and their prefixes: ``SH`` and ``SHO`` would give two orders one name."""
        title = self.env._("Carts and prefixes")
        carts = self.cart_ids.filtered("active")
        if not carts:
            return "warn", title, self.env._("No cart takes orders yet. Set one up at EIM and check for carts.")
        others = self.env["extensiv.cart"].search([("company_id", "=", self.company_id.id)])
        # A cart without a prefix is so by a person's choice.
        alike = [
            f"{one.prefix} / {other.prefix}"
            for one, other in combinations((carts | others).filtered("prefix"), 2)
            if one.prefix.lower().startswith(other.prefix.lower())
            or other.prefix.lower().startswith(one.prefix.lower())
        ]
        if alike:
            return (
                "warn",
                title,
                self.env._(
                    "One prefix begins with another, so that two orders could get one name: %s.", self._listed(alike)
                ),
            )
        return (
            "ok",
            title,
            self.env._(
                "%(count)s carts, each with a prefix of its own: %(prefixes)s.",
                count=len(carts),
                prefixes=self._listed(cart.prefix or self.env._("none for %s", cart.name) for cart in carts),
            ),
        )

    def _check_live_skus(self, orders):
        """Find the products of the orders that would be pulled next."""
        title = self.env._("SKUs of the next orders")
        codes = {}
        for order in orders:
            for line in order.lines:
                if line.sku and not line.filtered:
                    codes.setdefault(line.sku, set()).update(
                        filter(None, (line.alt_sku, *(alias.code for alias in line.aliases)))
                    )
        matches = self.env["product.product"]._extensiv_match(self, codes)
        unknown = sorted(sku for sku, match in matches.items() if match.problem)
        if unknown:
            return (
                "warn",
                title,
                self.env._(
                    "No single product to sell has the SKU %(skus)s. Compare SKUs shows them all.",
                    skus=self._listed(unknown),
                ),
            )
        if not codes:
            return "ok", title, self.env._("No order is waiting at EIM.")
        return (
            "ok",
            title,
            self.env._(
                "All %(skus)s SKUs of %(orders)s orders waiting at EIM have their product.",
                skus=len(codes),
                orders=len(orders),
            ),
        )

    def _check_live_delivery(self, orders, is_told):
        """Look for what buyers ask to be shipped with and no delivery method stands for.

        :param orders: the next ones; :param is_told: whether EIM is to be told of shipments
        """
        title = self.env._("Delivery methods")
        Method = self.env["extensiv.ship.method"]
        methods, carriers = Method.search([("account_id", "=", self.id)]), Method._carriers(self)
        carts = self.cart_ids.grouped("order_source")
        lacking = {
            order.requested_shipping
            for order in orders
            if not Method._chosen(
                carriers, carts.get(order.order_source, self.cart_ids.browse()), order.requested_shipping
            )
        }
        mapped = set(methods.filtered("delivery_carrier_id").mapped("ship_code"))
        unmapped = sorted((lacking | set(methods.mapped("ship_code")) - mapped) - {"", False})
        asking_nothing = {order.order_source for order in orders if not order.requested_shipping}
        without = self.cart_ids.filtered(
            lambda cart: cart.active and cart.order_source in asking_nothing and not cart.delivery_carrier_id
        )
        told = []
        if unmapped:
            told.append(
                self.env._(
                    "No delivery method stands for %s, so a person chooses one for these orders. See Configuration, "
                    "Shipping Methods.",
                    self._listed(unmapped),
                )
            )
        if without:
            told.append(
                self.env._(
                    "Orders of %s ask for no shipping method, and the cart has no delivery method for them, so a "
                    "person chooses one. See the cart's Delivery Method.",
                    self._listed(without.mapped("name")),
                )
            )
        if not told:
            return "ok", title, self.env._("Everything buyers ask for has its delivery method.")
        if is_told:
            told.append(self.env._("Until one is chosen, EIM is not told that such an order was shipped."))
        return "warn", title, "\n".join(told)

    def _check_live_carriers(self):
        """Look for delivery methods of which EIM would be told a carrier that is only guessed from their name."""
        title = self.env._("Carriers")
        methods = self.env["extensiv.ship.method"].search([("account_id", "=", self.id)])
        unnamed = methods.delivery_carrier_id.filtered(lambda carrier: not carrier.extensiv_carrier)
        if unnamed:
            return (
                "warn",
                title,
                self.env._(
                    "EIM's name of the carrier is not set on %s; it is proposed with the first shipment. "
                    "See the delivery "
                    "method's EIM Carrier.",
                    self._listed(unnamed.mapped("name")),
                ),
            )
        return "ok", title, self.env._("Every mapped delivery method names its carrier.")

    def _check_live_silent(self):
        """Name the carts that are not told of shipments, or nothing."""
        carts = self.cart_ids.filtered(lambda cart: cart.active and not cart.push_shipments)
        return bool(carts) and (
            "ok",
            self.env._("Carts that are not told"),
            self.env._(
                "Tell of Shipments is off for %s: their orders end as Skipped.", self._listed(carts.mapped("name"))
            ),
        )

    def _check_live_locations(self):
        title = self.env._("Locations")
        if not self.location_ids:
            return "warn", title, self.env._("EIM has no location to push stock to. Create one there, then fetch.")
        unmapped = self.location_ids.filtered(
            lambda location: location.source == "single" and not location.stock_location_id
        )
        off = self.location_ids.filtered(lambda location: not location.push_enabled) - unmapped
        told = []
        if unmapped:
            told.append(
                self.env._(
                    "No location of Odoo stands for %s, so no stock is pushed there.",
                    self._listed(unmapped.mapped("name")),
                )
            )
        if off:
            told.append(self.env._("Push Stock is off for %s.", self._listed(off.mapped("name"))))
        if told:
            return "warn", title, "\n".join(told)
        return "ok", title, self.env._("Every location of EIM has its location here.")

    def _check_live_double(self):
        """Find stock that two of EIM's locations would both claim: a cart that sums locations counts it twice."""
        title = self.env._("Double counting")
        if warnings := self.location_ids._warnings():
            return "warn", title, "\n".join(warnings)
        return "ok", title, self.env._("No stock is pushed to two locations of EIM.")
