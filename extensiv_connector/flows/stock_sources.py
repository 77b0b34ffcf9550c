"""Where a location of EIM takes its stock from, and what Odoo has there."""

from dataclasses import dataclass, field

from odoo import fields
from odoo.tools import SQL

from .owed import due_until, of_products_sql, owed_sql
from .reservation import put_off_sql


@dataclass
class StockSource:
    """Where a location of EIM takes its stock from: Odoo's internal locations, and the warehouses they belong to.

    ``buffer`` is kept back of every SKU there, in the product's unit.
    """

    id: int
    warehouse_ids: frozenset | None  # None: every warehouse of the company
    buffer: float = 0.0
    location_ids: list = field(default_factory=list)

    def is_delivered_by(self, warehouse_id):
        """Whether what a warehouse (id, or None) delivers is taken from here."""
        return self.warehouse_ids is None or warehouse_id in self.warehouse_ids


def find_sources(account, locations=None):
    """Return the ``StockSource`` of every enabled location of ``account``.

    :param locations: these instead, enabled or not, as they stand in a form; the sources come in the same order, and
        that of one that was never saved has an ID below 1
    """
    env = account.env
    if locations is None:
        locations = env["extensiv.location"].search_fetch(
            [("account_id", "=", account.id), ("push_enabled", "=", True)], order="id"
        )
    locations = locations.sudo()
    roots = [location._stock_roots()._origin.ids for location in locations]
    # What can be promised is less by what Odoo's rules will take, whichever warehouse it is.
    asked = account.quantity_basis != "promise"
    warehouses = find_warehouses(env, {root for of_one in roots for root in of_one} if asked else ())
    sources = {}
    for number, location in enumerate(locations):
        source = location._origin.id or -number
        sources[source] = StockSource(
            source,
            None
            if location.source == "all"
            else frozenset(warehouses[root] for root in roots[number] if root in warehouses),
            location.buffer_qty,
        )
    for source, place in _find_places(account, list(sources), locations, roots):
        sources[source].location_ids.append(place)
    return list(sources.values())


def _find_places(account, ids, locations, roots):
    """Return ``[(source id, location id)]`` of the internal locations that count in each of ``locations``.

    What lies where is decided by the path alone: beneath a zone that was moved, Odoo keeps the old warehouse.

    :param ids: the sources' IDs, as long as ``locations``
    :param roots: the IDs of the locations that each is mapped to, children included
    """
    env = account.env
    env["stock.location"].flush_model(["active", "usage", "company_id", "parent_path"])
    env["stock.warehouse"].flush_model(["active", "company_id", "view_location_id"])
    below = SQL(
        """EXISTS (SELECT FROM stock_warehouse AS warehouse JOIN stock_location AS root ON root.id = view_location_id
                    WHERE warehouse.company_id = %s AND warehouse.active
                      AND STARTS_WITH(place.parent_path, root.parent_path))""",
        account.company_id.id,
    )
    excluded = [location.excluded_location_ids._origin.ids for location in locations]
    return env.execute_query(
        SQL(
            """SELECT mapping.id, place.id
                 FROM unnest(%(ids)s::int[], %(all)s::bool[]) AS mapping(id, is_all)
                 JOIN stock_location AS place
                      ON place.usage = 'internal' AND (place.company_id IS NULL OR place.company_id = %(company)s)
                WHERE CASE WHEN mapping.is_all THEN %(below)s
                      ELSE EXISTS (
                           SELECT FROM unnest(%(root_of)s::int[], %(roots)s::int[]) AS chosen(source_id, id)
                             JOIN stock_location AS root ON root.id = chosen.id AND root.active
                            WHERE chosen.source_id = mapping.id AND STARTS_WITH(place.parent_path, root.parent_path))
                      END
                  AND NOT EXISTS (
                      SELECT FROM unnest(%(excluded_of)s::int[], %(excluded)s::int[]) AS excluded(source_id, id)
                        JOIN stock_location AS root ON root.id = excluded.id
                       WHERE excluded.source_id = mapping.id AND STARTS_WITH(place.parent_path, root.parent_path))
                ORDER BY mapping.id, place.id""",
            ids=ids,
            all=[location.source == "all" for location in locations],
            company=account.company_id.id,
            below=below,
            **_columns("root_of", "roots", ids, roots),
            **_columns("excluded_of", "excluded", ids, excluded),
        )
    )


def _columns(of, what, ids, lists):
    """Return, named ``of`` and ``what``, the two columns of pairs of each ID with what its list holds."""
    pairs = [(id_, value) for id_, values in zip(ids, lists, strict=True) for value in values]
    return {of: [id_ for id_, _value in pairs], what: [value for _id, value in pairs]}


def find_warehouses(env, location_ids):
    """Return ``{location id: warehouse id}`` by the locations' paths, for those that lie in a warehouse.

    The stored warehouse of what lies beneath a zone that was moved is that of before.
    """
    if not location_ids:
        return {}
    env["stock.location"].flush_model(["parent_path"])
    env["stock.warehouse"].flush_model(["active", "view_location_id"])
    return dict(
        env.execute_query(
            SQL(
                """SELECT DISTINCT ON (place.id) place.id, warehouse.id
                     FROM stock_location AS place
                     JOIN stock_location AS root ON STARTS_WITH(place.parent_path, root.parent_path)
                     JOIN stock_warehouse AS warehouse ON warehouse.view_location_id = root.id AND warehouse.active
                    WHERE place.id = ANY (%s)
                    ORDER BY place.id, LENGTH(root.parent_path) DESC""",
                list(location_ids),
            )
        )
    )


def fresh_sql(env):
    """Return SQL for whether a ``quant``'s lot may still be sold: its removal date is not reached."""
    if "removal_date" not in env["stock.quant"]._fields:
        return SQL("TRUE")
    return SQL("(quant.removal_date IS NULL OR quant.removal_date > %s)", fields.Datetime.now())


class OdooStock:
    """The stock of an account in its sources, from Odoo's quants and moves.

    Stock is what lies in internal locations and has not reached its removal date; of it, the account's basis decides:

    - ``promise``: on hand, less what is reserved, less what is owed (see ``owed``)
    - ``free``: on hand, less what is reserved (Odoo's ``free_qty``)
    - ``on_hand``: on hand
    - ``forecast``: on hand, and everything on its way in and out (Odoo's ``virtual_available``)

    :param sources: a list of ``StockSource``
    :param until: what is due later is not owed (naive UTC); by default the account's own limit
    :param others: what ``others_sql`` says of all products, where it was asked already
    """

    def __init__(self, account, sources, until=None, others=None):
        self.account = account
        self.env = account.env
        self.owner = account.owner_id
        self.until = until or due_until(account)
        self.others = others
        self.places = SQL(
            "unnest(%s::int[], %s::int[]) AS place(source_id, location_id)",
            [source.id for source in sources for _location in source.location_ids],
            [location for source in sources for location in source.location_ids],
        )

    def quantities(self, products):
        """Return ``{(source id, product id): quantity}`` of ``products``."""
        return {key: quantity for key, (quantity, _on_hand) in self.both(products).items()}

    def both(self, products):
        """Return ``{(source id, product id): (quantity, on hand)}`` of ``products``."""
        if not products:
            return {}
        return {
            (source, product): (float(quantity), float(on_hand))
            for source, product, quantity, on_hand in self.env.execute_query(self.sql(products))
        }

    def sql(self, products=None):
        """Return SQL for ``source_id, product_id, quantity, on_hand``: by the account's basis, and all that is there.

        A quant in several sources counts in each; one beneath two locations of a source counts once.

        :param products: only these, if given: records, or SQL that selects their ids
        """
        quants = SQL(
            """SELECT place.source_id, quant.product_id, COALESCE(SUM(%(quantity)s), 0) AS quantity,
                      SUM(quant.quantity) AS on_hand
                 FROM %(quants)s
                WHERE %(owner)s AND %(of_products)s
                GROUP BY place.source_id, quant.product_id""",
            quantity=self.quantity_sql(),
            quants=self.quants_sql(),
            owner=self.owner_sql(),
            of_products=of_products_sql(SQL("quant.product_id"), products, is_indexed=True),
        )
        others = self.others_sql(products)
        if others is None:
            return quants
        return SQL(
            """SELECT source_id, product_id, COALESCE(here.quantity, 0) + COALESCE(other.quantity, 0) AS quantity,
                      COALESCE(here.on_hand, 0) AS on_hand
                 FROM (%s) AS here FULL JOIN (%s) AS other USING (source_id, product_id)""",
            quants,
            others,
        )

    def quants_sql(self):
        """Return SQL for each ``quant`` in each ``place`` of a source."""
        self.env["stock.quant"].flush_model()
        return SQL("stock_quant AS quant JOIN %s USING (location_id)", self.places)

    def owner_sql(self):
        """Return SQL for whether a ``quant`` is of the owner whose goods alone count, if there is one."""
        return SQL("quant.owner_id = %s", self.owner.id) if self.owner else SQL("TRUE")

    def quantity_sql(self):
        """Return SQL for what a ``quant`` counts by the account's basis, NULL where it does not."""
        basis = self.account.quantity_basis
        is_all_fresh = "removal_date" not in self.env["stock.quant"]._fields
        counted = (
            SQL("quant.quantity")
            if basis in ("on_hand", "forecast")
            else SQL("quant.quantity - quant.reserved_quantity")
        )
        if is_all_fresh:
            return counted
        # What is reserved of an expired lot leaves by the very move that is forecast.
        expired = SQL("quant.reserved_quantity") if basis == "forecast" else SQL("NULL")
        return SQL("CASE WHEN %s THEN %s ELSE %s END", fresh_sql(self.env), counted, expired)

    def others_sql(self, products=None):
        """Return SQL for ``source_id, product_id, quantity`` of what counts beside the quants, or None: nothing does.

        :param products: only these, if given
        """
        if self.others is not None:
            return SQL(
                """SELECT source_id, product_id, quantity
                     FROM unnest(%s::int[], %s::int[], %s::float8[]) AS other(source_id, product_id, quantity)
                    WHERE %s""",
                [source for source, _product, _quantity in self.others],
                [product for _source, product, _quantity in self.others],
                [quantity for _source, _product, quantity in self.others],
                of_products_sql(SQL("product_id"), products),
            )
        basis = self.account.quantity_basis
        if basis == "promise":
            return SQL(
                "SELECT source_id, product_id, -SUM(quantity) AS quantity FROM (%s) AS owed GROUP BY 1, 2",
                self.owed_sql(products),
            )
        if basis == "free":
            put_off = put_off_sql(self.env, self.places, self.owner, of_products_sql(SQL("move.product_id"), products))
            return SQL("SELECT source_id, product_id, -quantity AS quantity FROM (%s) AS put_off", put_off)
        return self._moves_sql(products) if basis == "forecast" else None

    def owed_sql(self, products=None):
        """Return SQL for ``source_id, move_id, product_id, quantity``: what is owed of each source, see ``owed``."""
        return owed_sql(self.env, self.places, self.owner, self.until, products)

    def _moves_sql(self, products):
        """Return SQL for what moves will bring into each source and take out of it, in the product's unit.

        A move within a source does both, which comes to nothing.
        """
        self.env["stock.move"].flush_model()
        return SQL(
            """SELECT place.source_id, move.product_id, SUM(way.sign * move.product_qty) AS quantity
                 FROM stock_move AS move
                CROSS JOIN LATERAL (VALUES (COALESCE(move.location_final_id, move.location_dest_id), 1),
                                           (move.location_id, -1)) AS way(location_id, sign)
                 JOIN %(places)s ON place.location_id = way.location_id
                WHERE move.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
                  AND move.company_id = %(company)s AND %(of_products)s AND %(owner)s
                GROUP BY place.source_id, move.product_id""",
            company=self.account.company_id.id,
            places=self.places,
            of_products=of_products_sql(SQL("move.product_id"), products),
            owner=SQL("move.restrict_partner_id = %s", self.owner.id) if self.owner else SQL("TRUE"),
        )
