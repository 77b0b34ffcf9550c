from odoo import models

from ..eim import errors as eim
from ..flows.languages import figure, translated
from ..flows.sku_feed import find_fed
from ..flows.stock_explanation import explain_level
from .extensiv_diagnosis import Line


class ExtensivDiagnosis(models.TransientModel):
    """Why does the cart show another quantity than Odoo?"""

    # one kind of question a file; it only adds
    _inherit = "extensiv.diagnosis"  # pylint: disable=consider-merging-classes-inherited

    def _diagnose_sku(self, client, sku):
        """Return the lines on a SKU: its product, its mapping, its quantity here, what was pushed, what EIM holds."""
        product, lines = self._lines_product(sku)
        lines += self._lines_pushing()
        wanted, found = self._lines_quantity(product, sku)
        lines += found
        lines += self._lines_pushed(sku)
        lines += self._lines_held(client, sku, wanted)
        lines += self._open_errors("inventory", [("key", "=like", f"%/{sku}")])
        return lines

    def _lines_product(self, sku):
        """Return the product of the SKU, perhaps none, and the lines on it."""
        match = self.env["product.product"]._extensiv_match(self.account_id, {sku: ()})[sku]
        if not match.problem:
            lines = [Line("good", self.env._("The SKU belongs to the product %s.", match.product.display_name))]
            return match.product, lines + self._lines_rule(match.product) + self._lines_direction(sku, match)
        todo = ""
        if match.alike:
            todo = self.env._(
                "An alias is added under Configuration, SKU Aliases, or with Add Alias on the error of an order that "
                "waits for the SKU."
            )
        return self.env["product.product"], [Line("bad", match.problem, todo)]

    def _lines_direction(self, sku, match):
        """Return the lines on a SKU by which orders find the product, though its stock is not pushed under it."""
        if find_fed(self.account_id, [sku]).get(sku) == match.product.id or not match.is_by_other_code(sku):
            return []
        archived = (
            self.env["extensiv.sku.alias"]
            .with_context(active_test=False)
            .search_count([("account_id", "=", self.account_id.id), ("sku", "=", sku), ("active", "=", False)], limit=1)
        )
        return [
            Line(
                "bad",
                self.env._(
                    "Orders only: orders find the product by %(code)s, and its stock is not pushed under %(sku)s.",
                    code=match.code,
                    sku=sku,
                ),
                self.env._("The alias for it was archived: unarchive it under Configuration, SKU Aliases.")
                if archived
                else self.env._(
                    "The first order with this SKU makes an alias of it, and so does Compare SKUs where EIM lists it."
                ),
            )
        ]

    def _lines_rule(self, product):
        """Return the lines on what the product's rule says of its stock at EIM."""
        if product.extensiv_stock_rule == "leave":
            return [
                Line(
                    "bad",
                    self.env._("The product is left alone: what EIM holds of it is not touched from here."),
                    self.env._(
                        "To have its stock pushed, choose Push for Stock at EIM on the product; to have EIM told 0, "
                        "press Set to Zero at EIM there."
                    ),
                )
            ]
        if product.extensiv_stock_rule == "fixed":
            return [
                Line(
                    "note",
                    self.env._(
                        "EIM is told the fixed quantity %s of this product, whatever its stock is.",
                        product.extensiv_fixed_qty,
                    ),
                )
            ]
        if not product.is_storable and product.type == "consu":
            return [
                Line(
                    "bad",
                    self.env._("Odoo does not track the stock of this product."),
                    self.env._("Tick Track Inventory on the product, or choose Fixed Quantity for Stock at EIM."),
                )
            ]
        return []

    def _lines_pushing(self):
        """Return the lines on whether levels are pushed at all, and from where."""
        account = self.account_id
        if account.push_inventory:
            lines = self._lines_flow("inventory")
        else:
            lines = [
                Line(
                    "bad",
                    self.env._("Pushing levels is switched off on the account."),
                    self.env._("Switch Push Stock on."),
                )
            ]
        if not account.location_ids:
            lines.append(
                Line(
                    "bad",
                    self.env._("No location of EIM is known."),
                    self.env._("Press Fetch Locations on the account."),
                )
            )
        fed = account.location_ids.filtered(self._is_fed)
        for location in account.location_ids:
            if location in fed:
                lines.append(
                    Line(
                        "good",
                        self.env._(
                            "The location %(name)s of EIM gets the stock of %(stock)s.",
                            name=location.name,
                            stock=", ".join(location._stock_roots().mapped("complete_name"))
                            or self.env._("every location of the company"),
                        ),
                    )
                )
            else:
                lines.append(
                    Line(
                        "note",
                        self.env._(
                            "Nothing is pushed to the location %s of EIM: it is mapped to none of Odoo, or "
                            "switched off.",
                            location.name,
                        ),
                    )
                )
        if account.location_ids and not fed:
            lines.append(
                Line(
                    "bad",
                    self.env._("No location of EIM gets stock."),
                    self.env._("Choose a location of Odoo for it, on the account's page of locations."),
                )
            )
        return lines

    def _is_fed(self, location):
        """Whether stock is pushed to a location of EIM."""
        if "push_enabled" in location and not location.push_enabled:
            return False
        return location._is_mapped()

    def _lines_quantity(self, product, sku):
        """Return ``{location name: quantity}`` as Odoo has it now, and the lines on how it is made up."""
        wanted = {}
        lines = []
        if not product:
            return wanted, lines
        for location in self.account_id.location_ids:
            if not self._is_fed(location):
                continue
            here = product.with_context(location=list(location._places().get(location, ())), strict=True)
            lines.append(
                Line(
                    "note",
                    self.env._(
                        "Odoo has for %(name)s: %(on_hand)s on hand, %(reserved)s of it reserved, %(free)s free, "
                        "%(forecast)s forecast.",
                        name=location.name,
                        on_hand=figure(self.env, here.qty_available),
                        reserved=figure(self.env, here.qty_available - here.free_qty),
                        free=figure(self.env, here.free_qty),
                        forecast=figure(self.env, here.virtual_available),
                    ),
                )
            )
            wanted[location.name], explained = self._wanted(location, here, sku)
            lines += explained
        return wanted, lines

    def _wanted(self, location, here, sku):
        """Return the whole quantity of a SKU that would be pushed to a location, and the lines on how it is made up.

        :param here: the product, in the context of the location's stock
        """
        explained = explain_level(location, here)
        if explained["reason"]:
            return None, [
                Line(
                    "bad",
                    self.env._(
                        "Nothing is pushed to %(location)s: %(reason)s",
                        location=location.name,
                        reason=explained["reason"],
                    ),
                )
            ]
        parts = "; ".join(
            f"{words} {'+' if quantity >= 0 else ''}{figure(self.env, quantity)}"
            for words, quantity in explained["parts"]
        )
        holders = "; ".join(
            f"{holder.name} {figure(self.env, holder.quantity)}, {holder.words}" for holder in explained["holders"]
        )
        held = [Line("note", self.env._("Held by: %s.", holders))] if holders else []
        quantity = explained["quantities"].get(sku)
        if quantity is None:
            return None, [Line("bad", self._say_other_skus(location, sku, explained["skus"]))]
        return quantity, [
            Line(
                "note",
                self.env._(
                    "What is pushed to %(location)s: %(quantity)s (%(parts)s).",
                    location=location.name,
                    quantity=figure(self.env, quantity),
                    parts=parts,
                ),
            ),
            *held,
            *(Line("note", note) for note in explained["notes"]),
        ]

    def _say_other_skus(self, location, sku, others):
        return self.env._(
            "Nothing is pushed to %(location)s under %(sku)s: the product's stock is pushed under %(others)s.",
            location=location.name,
            sku=sku,
            others=", ".join(others),
        )

    def _lines_pushed(self, sku):
        """Return the lines on the levels that EIM accepted last."""
        levels = self.env["extensiv.stock.level"].search(
            [("location_id.account_id", "=", self.account_id.id), ("sku", "=", sku)]
        )
        if not levels:
            return [Line("note", self.env._("No level of this SKU was pushed yet."))]
        return [
            Line(
                "bad",
                self.env._(
                    "%(location)s would become 0 without a change of stock, as one of many SKUs: it waits for a "
                    "person.",
                    location=level.location_id.name,
                ),
                self.env._("Look at the error of the location, with Show; press Push Them there if it is right."),
            )
            for level in levels
            if level.held_at
        ] + [
            Line(
                "note",
                self.env._(
                    "Last pushed to %(location)s: %(quantity)s on %(moment)s.",
                    location=level.location_id.name,
                    quantity=figure(self.env, level.quantity),
                    moment=self._moment(level.pushed_at),
                )
                if level.pushed_at
                else self.env._("EIM accepted no level for %s yet.", level.location_id.name),
            )
            for level in levels
        ]

    def _lines_held(self, client, sku, wanted):
        """Return the lines on what EIM holds now, compared with Odoo; where both agree, on where to look further."""
        item, error = self._ask(client, lambda asked: asked.get_inventory(sku))
        if isinstance(error, eim.Refused):
            return [
                Line(
                    "bad",
                    self.env._(
                        "EIM has no level of the SKU %(sku)s: %(words)s", sku=sku, words=translated(self.env, error)
                    ),
                    self.env._(
                        "The SKU must be the same in Odoo and in the cart, capitals included; once a level is "
                        "pushed, EIM knows it."
                    ),
                )
            ]
        if error:
            return [self._not_asked(error)]
        lines = self._lines_levels(item, wanted)
        lines.append(
            Line(
                "note",
                self.env._(
                    "In all EIM shows %s available to the carts: it subtracts recent orders from what is pushed.",
                    figure(self.env, item.qty_available) if item.qty_available is not None else "?",
                ),
            )
        )
        held = {level.location: level.qty_available for level in item.levels}
        if wanted and all(quantity is not None and held.get(name) == quantity for name, quantity in wanted.items()):
            lines += self._lines_between_eim_and_cart()
        return lines

    def _lines_levels(self, item, wanted):
        """Return a line on each location: what EIM holds there, and what Odoo would push.

        :param item: ``eim.wire.InventoryItem``; :param wanted: ``{location: quantity, None where it is not pushed}``
        """
        lines = []
        held = {level.location: level for level in item.levels}
        for name in dict.fromkeys([*wanted, *held]):
            level = held.get(name)
            quantity = level and level.qty_available
            if name not in wanted:
                if quantity:
                    lines.append(
                        Line(
                            "note",
                            self.env._(
                                "EIM holds %(held)s for %(name)s, to which nothing is pushed from here.",
                                held=figure(self.env, quantity),
                                name=name,
                            ),
                        )
                    )
                continue
            if wanted[name] is None:
                continue
            lines.append(
                Line(
                    "good" if quantity == wanted[name] else "bad",
                    self.env._(
                        "EIM holds for %(name)s: %(held)s available%(moment)s; Odoo would push %(wanted)s.",
                        name=name,
                        held=self.env._("nothing") if quantity is None else figure(self.env, quantity),
                        wanted=figure(self.env, wanted[name]),
                        moment=level and level.moment and self.env._(" since %s", self._moment(level.moment)) or "",
                    ),
                    "" if quantity == wanted[name] else self.env._("Press Push Stock Now on the account; look again."),
                )
            )
        return lines

    def _lines_between_eim_and_cart(self):
        """Return the lines on where to look where EIM and Odoo agree."""
        return [
            *self._open_alerts(),
            *self._look_at_eim(
                (
                    "locations",
                    self.env._(
                        "If the cart shows another quantity, the issue is between EIM and the cart: log in to EIM, "
                        "open Merchants, Locations & Products, the location and the SKU, and compare."
                    ),
                ),
                *self._ask_of_run("Last Inventory Run"),
                (
                    "carts",
                    self.env._(
                        "If it succeeded, press Edit Setup: is Sync Inventory with Location set as you expect, one "
                        "location or COMBINE ALL LOCATIONS?"
                    ),
                ),
            ),
        ]
