"""What is checked before an account goes live. Reads only."""

from itertools import combinations

from . import books, tax_account

SHOWN = 10  # names listed in one sentence
SAMPLE = 100  # of the next orders are looked at


class LiveCheck:
    """The checks of one account, whose results a person reads before going live.

    :param account: one ``extensiv.account``
    :param orders: the next orders that would be pulled, ``eim.wire.Order``
    """

    def __init__(self, account, orders):
        self.env = account.env
        self.account = account
        self.orders = orders
        self.flows = account._flows_to_run()

    def results(self):
        """Make every check; return a list of ``{"mark": "ok", "warn" or "stop", "title", "text"}``."""
        checks = [self._check_connection(), self._check_functions(), self._check_carts()]
        if "orders" in self.flows:
            checks += [self._check_skus(), self._check_taxes(), self._check_tax_account(), self._check_books()]
        if self.flows & {"orders", "shipments"}:
            checks += [self._check_delivery()]
        if "shipments" in self.flows:
            checks += [self._check_carriers(), self._check_silent_carts()]
        if "inventory" in self.flows:
            checks += [self._check_locations(), self._check_double()]
        return [{"mark": mark, "title": title, "text": text} for mark, title, text in filter(None, checks)]

    def _listed(self, names):
        names = list(names)
        more = len(names) - SHOWN
        listed = ", ".join(names[:SHOWN])
        return self.env._("%(names)s and %(more)s more", names=listed, more=more) if more > 0 else listed

    def _check_connection(self):
        title = self.env._("Connection")
        if self.account._is_copy():
            return "stop", title, self.account._message_copy()
        if self.account.state != "connected":
            return "stop", title, self.env._("The account is not connected. Press Connect.")
        return "ok", title, self.env._("EIM accepts the API user and key.")

    def _check_functions(self):
        title = self.env._("Functions")
        if not self.flows:
            return "stop", title, self.env._("Nothing would run. Choose at least one function in the step Settings.")
        if self.account.unsupported:
            return "warn", title, self.account.unsupported
        return "ok", title, self.env._("No cart is known to lack a function that is to run.")

    def _check_carts(self):
        """Look at the carts and their prefixes: ``SH`` and ``SHO`` would give two orders one name."""
        title = self.env._("Carts and prefixes")
        carts = self.account.cart_ids.filtered("active")
        if not carts:
            return "warn", title, self.env._("No cart takes orders yet. Set one up at EIM and check for carts.")
        others = self.env["extensiv.cart"].search([("company_id", "=", self.account.company_id.id)])
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

    def _check_skus(self):
        """Find the products of the orders that would be pulled next."""
        title = self.env._("SKUs of the next orders")
        codes = {}
        for order in self.orders:
            for line in order.lines:
                if line.sku and not line.is_left_out:
                    codes.setdefault(line.sku, set()).update(
                        filter(None, (line.alt_sku, *(alias.code for alias in line.aliases)))
                    )
        matches = self.env["product.product"]._extensiv_match(self.account, codes)
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
                orders=len(self.orders),
            ),
        )

    def _check_taxes(self):
        """Look at the taxes of the shipping charge, where Odoo computes the taxes; nothing where it does not."""
        if not self.account._uses_odoo_taxes():
            return None
        title = self.env._("Tax on shipping")
        if taxes := self.account.shipping_tax_ids:
            return (
                "ok",
                title,
                self.env._("With Odoo's taxes, shipping is taxed by %s.", self._listed(taxes.mapped("display_name"))),
            )
        charged = sum(bool(order.shipping_handling) for order in self.orders)
        return (
            "warn",
            title,
            self.env._(
                "With Odoo's taxes, shipping is not taxed: the shipping product has no tax of this company. Orders "
                "whose cart taxes the shipping stay quotations (%(count)s of those waiting at EIM charge for it). "
                "Choose it on the account, under Orders, Tax on Shipping.",
                count=charged,
            ),
        )

    def _check_books(self):
        """Look at the invoices and payments of the carts that make them by themselves; nothing where none does."""
        title = self.env._("Invoices and payments")
        carts = self.account.cart_ids.filtered(books.is_on)
        if not carts:
            return None
        problems = [problem for cart in carts.sudo() for problem in books.find_problems(cart)]
        company = self.account.company_id
        domain = [*self.env["account.journal"]._check_company_domain(company), ("type", "=", "sale")]
        if not self.env["account.journal"].sudo().search_count(domain, limit=1):
            problems.append(
                self.env._(
                    "%s has no journal for its invoices. Choose a fiscal localization under Invoicing, Configuration, "
                    "Settings.",
                    company.name,
                )
            )
        if problems:
            return "stop", title, "\n".join(dict.fromkeys(problems))
        return (
            "ok",
            title,
            self.env._(
                "Made by themselves for %s; the outstanding accounts are set.", self._listed(carts.mapped("name"))
            ),
        )

    def _check_tax_account(self):
        """Look where the tax that carts collect is booked; nothing where none is on an order."""
        if not self.account._collects_tax():
            return None
        mark, text = tax_account.check(self.account)
        return mark, self.env._("Collected tax"), text

    def _check_delivery(self):
        """Look for what buyers ask to be shipped with and no delivery method stands for."""
        title = self.env._("Delivery methods")
        account = self.account
        Method = self.env["extensiv.ship.method"]
        methods = Method.search([("account_id", "=", account.id)])
        carriers = Method._carriers(account)
        carts = account.cart_ids.grouped("order_source")
        lacking = {
            order.requested_shipping
            for order in self.orders
            if not Method._chosen(
                carriers, carts.get(order.order_source, account.cart_ids.browse()), order.requested_shipping
            )
        }
        mapped = set(methods.filtered("delivery_carrier_id").mapped("ship_code"))
        unmapped = sorted((lacking | set(methods.mapped("ship_code")) - mapped) - {"", False})
        asking_nothing = {order.order_source for order in self.orders if not order.requested_shipping}
        without = account.cart_ids.filtered(
            lambda cart: cart.active and cart.order_source in asking_nothing and not cart.delivery_carrier_id
        )
        messages = []
        if unmapped:
            messages.append(
                self.env._(
                    "No delivery method stands for %s, so a person chooses one for these orders. See Configuration, "
                    "Shipping Methods.",
                    self._listed(unmapped),
                )
            )
        if without:
            messages.append(
                self.env._(
                    "Orders of %s ask for no shipping method, and the cart has no delivery method for them, so a "
                    "person chooses one. See the cart's Delivery Method.",
                    self._listed(without.mapped("name")),
                )
            )
        if not messages:
            return "ok", title, self.env._("Everything buyers ask for has its delivery method.")
        if "shipments" in self.flows:
            messages.append(
                self.env._(
                    "Until one is chosen, EIM is not told that such an order was shipped, unless EIM names its carrier "
                    "itself."
                )
            )
        return "warn", title, "\n".join(messages)

    def _check_carriers(self):
        """Look for delivery methods of which EIM would be told a carrier that is only guessed from their name."""
        title = self.env._("Carriers")
        methods = self.env["extensiv.ship.method"].search([("account_id", "=", self.account.id)])
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

    def _check_silent_carts(self):
        """Name the carts that are not told of shipments, or nothing."""
        carts = self.account.cart_ids.filtered(lambda cart: cart.active and not cart.push_shipments)
        return bool(carts) and (
            "ok",
            self.env._("Carts that are not told"),
            self.env._(
                "Tell of Shipments is off for %s: their orders end as Skipped.", self._listed(carts.mapped("name"))
            ),
        )

    def _check_locations(self):
        title = self.env._("Locations")
        if not self.account.location_ids:
            return "warn", title, self.env._("EIM has no location to push stock to. Create one there, then fetch.")
        unmapped = self.account.location_ids.filtered(lambda location: not location._is_mapped())
        off = self.account.location_ids.filtered(lambda location: not location.push_enabled) - unmapped
        messages = []
        if unmapped:
            messages.append(
                self.env._(
                    "No location of Odoo stands for %s, so no stock is pushed there.",
                    self._listed(unmapped.mapped("name")),
                )
            )
        if off:
            messages.append(self.env._("Push Stock is off for %s.", self._listed(off.mapped("name"))))
        if messages:
            return "warn", title, "\n".join(messages)
        return "ok", title, self.env._("Every location of EIM has its location here.")

    def _check_double(self):
        """Find stock that two of EIM's locations would both claim: a cart that sums locations counts it twice."""
        title = self.env._("Double counting")
        if warnings := self.account.location_ids._warnings():
            return "warn", title, "\n".join(warnings)
        return "ok", title, self.env._("No stock is pushed to two locations of EIM.")
