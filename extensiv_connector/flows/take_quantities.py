"""EIM's levels of one location as a proposed count in Odoo: what a shop starts with that never counted here.

Nothing is applied: a proposal is a counted quantity on Odoo's list of the physical inventory, where a person looks
at it and applies it, SKU by SKU. Proposing again what is proposed already changes nothing.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from odoo.fields import Domain

from .languages import figure


@dataclass(frozen=True)
class Held:
    """What EIM holds of a SKU in one location.

    :param quantity: whole units that EIM shows for the location
    :param deducted: whole units that EIM takes off the sum of all locations, for recent orders
    :param codes: what else EIM knows the SKU by
    """

    quantity: int
    deducted: int = 0
    codes: tuple = ()


@dataclass
class Proposal:
    """What becomes of one SKU.

    :param in_odoo: on hand in the location of Odoo and beneath it; None without a product
    :param counted: the quantity to count in the location itself; None where nothing is proposed
    :param reason: why nothing is proposed, or what to look at
    :param is_doubtful: a person has to say that this is meant
    """

    sku: str
    at_eim: int
    deducted: int = 0
    product: object = None
    in_odoo: float | None = None
    counted: float | None = None
    reason: str = ""
    is_doubtful: bool = False


@dataclass
class _Stock:
    """The stock of one product in the location: its quant that a count is written on, and all that lies elsewhere."""

    quants: list = field(default_factory=list)
    total: float = 0.0

    @property
    def elsewhere(self):
        return self.total - sum(quant.quantity for quant in self.quants)


def held_at(location_name, items):
    """Return ``{SKU: Held}`` of ``eim.wire.InventoryItem`` objects that have a level in the location."""
    held = {}
    for item in items:
        here = [level.qty_available for level in item.levels if level.location == location_name]
        if not here:
            continue
        total = sum(level.qty_available or 0 for level in item.levels)
        deducted = total - item.qty_available if item.qty_available is not None else 0
        held[item.sku] = Held(
            max(0, int(sum(quantity or 0 for quantity in here))),
            max(0, int(deducted)),
            tuple(alias.code for alias in item.aliases),
        )
    return held


class QuantitiesToTake:
    """EIM's levels of one location beside Odoo's stock.

    :param location: an ``extensiv.location`` that stands for one location of Odoo
    """

    def __init__(self, location):
        company = location.account_id.company_id
        self.env = location.with_company(company).with_context(allowed_company_ids=company.ids).env
        self.location = location.with_env(self.env)
        self.account = self.location.account_id
        self.place = self.location.stock_location_id
        self.owner = self.account.owner_id

    # -- what would be proposed

    def compare(self, held):
        """Return the ``Proposal`` of every SKU that differs or whose product is not sure; not of those that agree.

        :param held: ``{SKU: Held}``
        """
        matches = self.env["product.product"]._extensiv_match(
            self.account, {sku: there.codes for sku, there in held.items()}
        )
        skus_of = defaultdict(list)
        for sku, match in matches.items():
            if match.product:
                skus_of[match.product.id].append(sku)
        products = self.env["product.product"].browse(skus_of)
        kits = set(products.filtered("is_kits").ids) if "is_kits" in products._fields else set()
        stock = self._stock(products)
        proposals = []
        for sku, there in held.items():
            match = matches[sku]
            proposal = Proposal(sku, there.quantity, there.deducted, match.product)
            if not match.product:
                proposal.reason = match.problem
            else:
                of_product = stock[match.product.id]
                proposal.in_odoo = of_product.total
                proposal.reason = self._reason(match, skus_of[match.product.id], kits)
                if not proposal.reason:
                    self._propose(proposal, of_product)
            if proposal.reason or proposal.counted is not None:
                proposals.append(proposal)
        return proposals

    def _reason(self, match, skus, kits):
        """Return why no count can be proposed for the product of a SKU, or an empty text."""
        product = match.product
        if len(skus) > 1:
            return self.env._(
                "EIM lists %(product)s under several SKUs: %(skus)s. Count it by hand.",
                product=product.display_name,
                skus=", ".join(sorted(skus)),
            )
        if match.units != 1:
            return self.env._(
                "The SKU is a pack of %(units)s %(unit)s, and how many lie loose EIM does not know: count it by hand.",
                units=figure(self.env, match.units),
                unit=product.uom_id.name,
            )
        if product.id in kits:
            return self.env._("%s is a kit: its components are counted, not the kit.", product.display_name)
        if not product.is_storable:
            return self.env._(
                "Odoo does not track the stock of %s: tick Track Inventory on the product.", product.display_name
            )
        if product.tracking != "none":
            return self.env._(
                "%s is tracked by lots or serial numbers, which EIM does not know: count it by hand.",
                product.display_name,
            )
        return ""

    def _propose(self, proposal, stock):
        """Fill in what is to be counted, or why not; nothing where EIM and Odoo agree."""
        product = proposal.product
        if not product.uom_id.compare(stock.total, proposal.at_eim):
            return
        counted = product.uom_id.round(proposal.at_eim - stock.elsewhere)
        waiting = [quant for quant in stock.quants if quant.inventory_quantity_set]
        if len(stock.quants) > 1:
            proposal.reason = self.env._(
                "Odoo holds it twice in the same place; open Physical Inventory once, and try again."
            )
        elif waiting:
            same = not product.uom_id.compare(waiting[0].inventory_quantity, counted)
            proposal.reason = (
                self.env._("Proposed already: apply it under Inventory, Physical Inventory.")
                if same
                else self.env._(
                    "A count of %s waits already under Inventory, Physical Inventory: apply or clear it first.",
                    figure(self.env, waiting[0].inventory_quantity),
                )
            )
        elif product.uom_id.compare(counted, 0) < 0:
            proposal.reason = self.env._(
                "%(quantity)s lie below %(place)s, in packages or with another owner: more than EIM has. Count there.",
                quantity=figure(self.env, stock.elsewhere),
                place=self.place.display_name,
            )
        else:
            proposal.counted = counted
            if not proposal.at_eim:
                proposal.is_doubtful = True
                proposal.reason = self.env._("EIM has none and Odoo has some. Choose it only if EIM is right.")

    def _stock(self, products):
        """Return ``{product id: _Stock}`` of the location and all beneath it, of the account's owner if it has one.

        The quants that a count is written on lie in the location itself, in no package and without a lot.
        """
        domain = Domain("product_id", "in", products.ids) & Domain("location_id", "child_of", self.place.id)
        if self.owner:
            domain &= Domain("owner_id", "=", self.owner.id)
        stock = defaultdict(_Stock)
        Quant = self.env["stock.quant"].sudo()
        for product, total in Quant._read_group(domain, ["product_id"], ["quantity:sum"]):
            stock[product.id].total = total
        for quant in Quant.search(
            Domain("product_id", "in", products.ids)
            & Domain("location_id", "=", self.place.id)
            & Domain("owner_id", "=", self.owner.id or False)
            & Domain("package_id", "=", False)
            & Domain("lot_id", "=", False)
        ):
            stock[quant.product_id.id].quants.append(quant)
        return stock

    # -- proposing

    def propose(self, proposals):
        """Write the counts where Odoo's physical inventory lists them; as the user, whose rights Odoo asks for.

        :param proposals: ``Proposal`` objects with a count
        :return: the quants, in the mode in which a count may be entered
        """
        products = self.env["product.product"].union(*(proposal.product for proposal in proposals))
        Quant = self.env["stock.quant"].with_context(inventory_mode=True)
        # Odoo writes on the quant of the same place where there is one; with these it need not look one by one.
        found = Quant._get_quants_by_products_locations(products, self.place)
        quants = Quant.with_context(quants_cache=found).create(
            [
                {
                    "product_id": proposal.product.id,
                    "location_id": self.place.id,
                    "owner_id": self.owner.id,
                    "inventory_quantity": proposal.counted,
                    "user_id": self.env.uid,
                }
                for proposal in proposals
            ]
        )
        return quants.with_env(Quant.env)
