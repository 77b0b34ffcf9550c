"""Where a location of EIM takes its stock from, and what Odoo has there."""

from dataclasses import dataclass, field

from odoo import fields
from odoo.tools import SQL


@dataclass
class StockSource:
    """Where a location of EIM takes its stock from: Odoo's internal locations, and the warehouse they belong to."""

    id: int
    warehouse_id: int | None  # None: every warehouse of the company; 0: none
    location_ids: list = field(default_factory=list)


def find_sources(account, locations=None):
    """Return the ``StockSource`` of every enabled location of ``account``.

    :param locations: these instead, enabled or not, as they stand in a form; the source of one that was never
        saved has an ID below 1
    """
    env = account.env
    env["stock.location"].flush_model(["active", "usage", "company_id", "parent_path", "warehouse_id"])
    sources = {}
    for source, warehouse, location in env.execute_query(
        SQL(
            """SELECT mapping.id, CASE mapping.source WHEN 'single' THEN COALESCE(root.warehouse_id, 0) END, place.id
                 FROM (%(mappings)s) AS mapping
                 LEFT JOIN stock_location AS root ON root.id = mapping.stock_location_id
                 LEFT JOIN stock_location AS place
                        ON place.usage = 'internal' AND (place.company_id IS NULL OR place.company_id = %(company)s)
                       AND CASE mapping.source WHEN 'single' THEN root.active
                                AND place.parent_path LIKE root.parent_path || '%%'
                           ELSE place.warehouse_id IN (
                                SELECT id FROM stock_warehouse WHERE company_id = %(company)s AND active) END
                ORDER BY mapping.id, place.id""",
            mappings=_mappings_sql(account, locations),
            company=account.company_id.id,
        )
    ):
        found = sources.setdefault(source, StockSource(source, warehouse))
        if location:
            found.location_ids.append(location)
    return list(sources.values())


def _mappings_sql(account, locations):
    """Return SQL for ``id, source, stock_location_id`` of the account's enabled locations, or of ``locations``."""
    if locations is None:
        account.env["extensiv.location"].flush_model()
        return SQL(
            """SELECT id, source, stock_location_id FROM extensiv_location
                WHERE account_id = %s AND push_enabled""",
            account.id,
        )
    return SQL(
        "SELECT * FROM unnest(%s::int[], %s::text[], %s::int[]) AS location(id, source, stock_location_id)",
        [location._origin.id or -number for number, location in enumerate(locations)],
        [location.source or None for location in locations],
        [location.stock_location_id._origin.id or None for location in locations],
    )


def fresh_sql(env):
    """Return SQL for whether a ``quant``'s lot may still be sold: its removal date is not reached."""
    if "removal_date" not in env["stock.quant"]._fields:
        return SQL("TRUE")
    return SQL("(quant.removal_date IS NULL OR quant.removal_date > %s)", fields.Datetime.now())


class OdooStock:
    """The stock of an account in its sources, from Odoo's quants and moves.

    Stock is what lies in internal locations and has not reached its removal date; of it, the account's basis decides:

    - ``free``: on hand, less what is reserved (Odoo's ``free_qty``)
    - ``on_hand``: on hand
    - ``forecast``: on hand, and everything on its way in and out (Odoo's ``virtual_available``)

    :param sources: a list of ``StockSource``
    """

    def __init__(self, account, sources):
        self.account = account
        self.env = account.env
        self.owner = account.owner_id
        self.places = SQL(
            "unnest(%s::int[], %s::int[]) AS place(source_id, location_id)",
            [source.id for source in sources for _location in source.location_ids],
            [location for source in sources for location in source.location_ids],
        )

    def quantities(self, products):
        """Return ``{(source id, product id): quantity}`` of ``products``."""
        if not products:
            return {}
        return {
            (source, product): float(quantity)
            for source, product, quantity in self.env.execute_query(self.sql(products))
        }

    def sql(self, products=None):
        """Return SQL for ``source_id, product_id, quantity``.

        A quant in several sources counts in each; one beneath two locations of a source counts once.

        :param products: only these, if given
        """
        self.env["stock.quant"].flush_model()
        fresh = fresh_sql(self.env)
        basis = self.account.quantity_basis
        quantity, only = {
            "free": (SQL("quant.quantity - quant.reserved_quantity"), fresh),
            "on_hand": (SQL("quant.quantity"), fresh),
            # What is reserved of an expired lot leaves by the very move that is forecast.
            "forecast": (SQL("CASE WHEN %s THEN quant.quantity ELSE quant.reserved_quantity END", fresh), SQL("TRUE")),
        }[basis]
        quants = SQL(
            """SELECT place.source_id, quant.product_id, SUM(%(quantity)s) AS quantity
                 FROM stock_quant AS quant JOIN %(places)s USING (location_id)
                WHERE %(only)s AND %(owner)s AND %(of_products)s
                GROUP BY place.source_id, quant.product_id""",
            quantity=quantity,
            places=self.places,
            only=only,
            owner=SQL("quant.owner_id = %s", self.owner.id) if self.owner else SQL("TRUE"),
            of_products=SQL("TRUE") if products is None else SQL("quant.product_id = ANY (%s)", products.ids),
        )
        if basis != "forecast":
            return quants
        return SQL(
            """SELECT source_id, product_id, SUM(quantity) AS quantity
                 FROM (%s UNION ALL %s) AS counted GROUP BY source_id, product_id""",
            quants,
            self._moves_sql(products),
        )

    def _moves_sql(self, products):
        """Return SQL for what moves will bring into each source and take out of it, in the product's unit.

        A move within a source does both, which comes to nothing.
        """
        self.env["stock.move"].flush_model()
        return SQL(
            """SELECT place.source_id, move.product_id, way.sign * move.product_qty AS quantity
                 FROM stock_move AS move
                CROSS JOIN LATERAL (VALUES (COALESCE(move.location_final_id, move.location_dest_id), 1),
                                           (move.location_id, -1)) AS way(location_id, sign)
                 JOIN %(places)s ON place.location_id = way.location_id
                WHERE move.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
                  AND move.company_id = %(company)s AND %(of_products)s AND %(owner)s""",
            company=self.account.company_id.id,
            places=self.places,
            of_products=SQL("TRUE") if products is None else SQL("move.product_id = ANY (%s)", products.ids),
            owner=SQL("move.restrict_partner_id = %s", self.owner.id) if self.owner else SQL("TRUE"),
        )
