from collections import defaultdict
from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..flows.made_to_order import made_to_order_sql
from ..flows.zero_stop import TOUCHED
from .extensiv_stock_level import Change

QUANTITIES = ("qty_available", "free_qty", "virtual_available", "incoming_qty", "outgoing_qty")


@dataclass
class Mapping:
    """Where a location of EIM takes its stock from: Odoo's internal locations, and the warehouse they belong to."""

    id: int
    warehouse_id: int | None  # None: every warehouse of the company; 0: none
    places: list = field(default_factory=list)


class ExtensivStockLevel(models.Model):
    """What EIM should know: the wanted quantity of every SKU in every mapped location, from Odoo's stock now.

    Stock is what lies in internal locations and has not reached its removal date; of it, the account's basis decides:

    - ``free``: on hand, less what is reserved (Odoo's ``free_qty``)
    - ``on_hand``: on hand
    - ``forecast``: on hand, and everything on its way in and out (Odoo's ``virtual_available``)

    From that go what waiting orders will take and the buffers; the rest is rounded down to whole units, at least 0.
    """

    _inherit = "extensiv.stock.level"

    # -- the difference

    @api.model
    def _changes(self, account):
        """Compare what EIM should know with what it accepted.

        :return: the ``Change`` list, and ``[(location id, sku)]`` that several products feed
        """
        mappings = [mapping for mapping in self._mappings(account) if mapping.places]
        asked = self._zeros_asked_elsewhere(account, mappings)
        if not mappings:
            return asked, []
        again = account.push_again_at or fields.Datetime.to_datetime("1970-01-01")
        rows = self.env.execute_query(
            SQL(
                """WITH wanted AS (%(wanted)s),
                    known AS (
                        SELECT level.*, %(touched)s AS touched
                          FROM extensiv_stock_level AS level WHERE location_id = ANY (%(mappings)s::int[])),
                    left_alone AS (%(left)s)
               SELECT location_id, sku, wanted.product_id, COALESCE(wanted.quantity, 0), COALESCE(shared, FALSE)
                 FROM wanted FULL JOIN known USING (location_id, sku)
                WHERE CASE
                      WHEN wanted.shared OR known.id IS NULL THEN TRUE
                      WHEN wanted.sku IS NULL AND known.zero_asked THEN known.refused_at IS NULL OR known.unconfirmed
                      WHEN wanted.sku IS NULL AND (
                           NOT known.touched OR known.sku IN (SELECT sku FROM left_alone)
                           OR known.product_id IN (SELECT product_id FROM left_alone)) THEN FALSE
                      WHEN known.unconfirmed THEN TRUE
                      -- What a person decided of a zero that it is not any more is used up when EIM accepts another.
                      WHEN (known.zero_asked OR known.zero_allowed) AND known.refused_at IS NULL THEN TRUE
                      WHEN known.refused_at IS NULL THEN
                           known.quantity IS DISTINCT FROM COALESCE(wanted.quantity, 0)
                           OR known.product_id IS DISTINCT FROM wanted.product_id
                           OR DATE_TRUNC('second', known.pushed_at) <= %(again)s
                      ELSE known.refused_quantity IS DISTINCT FROM COALESCE(wanted.quantity, 0)
                           OR known.product_id IS DISTINCT FROM wanted.product_id
                           OR known.refused_at <= %(again)s
                           OR EXISTS (
                              SELECT FROM product_product AS product
                                JOIN product_template AS template ON template.id = product.product_tmpl_id
                               WHERE product.id = wanted.product_id
                                 AND GREATEST(product.write_date, template.write_date)
                                     > known.refused_at + INTERVAL '1 second')
                      END""",
                wanted=self._wanted_sql(account, mappings),
                touched=TOUCHED,
                left=self._left_alone_sql(account),
                mappings=[mapping.id for mapping in mappings],
                again=again,
            )
        )
        return (
            [Change(*row[:4]) for row in rows if not row[4]] + asked,
            [row[:2] for row in rows if row[4]],
        )

    @api.model
    def _zeros_asked_elsewhere(self, account, mappings):
        """Return the ``Change`` list of zeros that a person asked for in locations whose stock is not pushed."""
        rows = self.env.execute_query(
            SQL(
                """SELECT level.location_id, level.sku
                 FROM extensiv_stock_level AS level JOIN extensiv_location AS location ON location.id = location_id
                WHERE level.zero_asked AND location.account_id = %s AND NOT COALESCE(location.push_enabled, FALSE)
                  AND NOT location.id = ANY (%s::int[]) AND (level.refused_at IS NULL OR level.unconfirmed)""",
                account.id,
                [mapping.id for mapping in mappings],
            )
        )
        return [Change(location, sku, None, 0) for location, sku in rows]

    @api.model
    def _locations_to_empty(self, account):
        """Return the locations with levels that a person set to zero."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT location_id FROM extensiv_stock_level WHERE zero_asked AND location_id = ANY (%s)",
                account.location_ids.ids,
            )
        )
        return account.location_ids.browse([location for [location] in rows])

    @api.model
    def _left_alone_sql(self, account):
        """Return SQL for ``sku, product_id`` of what EIM's levels are not touched of, by the rule of the product.

        The product is known by its SKUs, and where it lost them, or is archived, by the levels that it fed.
        """
        return SQL(
            """SELECT named.sku, product.id AS product_id
                 FROM product_product AS product
                 JOIN product_template AS template ON template.id = product.product_tmpl_id
                CROSS JOIN LATERAL (
                      SELECT product.default_code AS sku
                       UNION ALL
                      SELECT sku FROM extensiv_sku_alias WHERE product_id = product.id AND account_id = %(account)s
                      ) AS named
                WHERE product.extensiv_stock_rule = 'leave' AND %(company)s""",
            account=account._origin.id or None,
            company=self._of_company_sql(account),
        )

    @api.model
    def _of_company_sql(self, account):
        """Return SQL for whether a ``template`` belongs to the account's company, one above it, or none."""
        self.env["res.company"].flush_model(["parent_path"])
        return SQL(
            """(template.company_id IS NULL OR template.company_id = ANY ((
                SELECT string_to_array(RTRIM(parent_path, '/'), '/') FROM res_company WHERE id = %s)::int[]))""",
            account.company_id.id,
        )

    @api.model
    def _wanted_sql(self, account, mappings):
        """Return SQL for ``location_id, sku, product_id, shared, quantity``: what EIM should know, in whole units.

        What needs no stock to be sold is not among it before it has some, unless somebody chose to push it.

        :param account: its settings decide, also where it is a form's record with changes that are not saved
        :param mappings: a non-empty list of ``Mapping``
        """
        kits, corrections = self._corrections(account, mappings)
        # A hundred thousand SKUs are hashed in memory; the server's own setting is made for small questions.
        # Passing rows from one worker to another costs less than its setting says, and a quarter of the time is won.
        self.env.cr.execute(
            "SELECT set_config('work_mem', '128MB', TRUE), set_config('jit', 'off', TRUE),"
            " set_config('parallel_tuple_cost', '0.005', TRUE)"
        )
        to_order = made_to_order_sql(self.env, account.company_id)
        wanted = SQL(
            """WITH stock AS (%(stock)s),
                    feed AS (%(feed)s)
               SELECT mapping.id AS location_id, feed.sku, feed.product_id, feed.shared,
                      COALESCE(feed.fixed, GREATEST(0, LEAST(2147483647, FLOOR(ROUND(
                          %(unit)s * (%(quantity)s - feed.buffer)) / %(unit)s)))::int) AS quantity, feed.to_order
                 FROM feed
                CROSS JOIN unnest(%(mappings)s::int[]) AS mapping(id)
                 LEFT JOIN stock ON stock.mapping_id = mapping.id AND stock.product_id = feed.product_id
                 %(corrections)s""",
            stock=self._stock_sql(account, mappings),
            feed=self._feed_sql(account, kits, to_order=to_order),
            **self._corrected_sql(kits, corrections),
            mappings=[mapping.id for mapping in mappings],
            unit=10.0 ** self._digits(),
        )
        if to_order is None:
            return wanted
        return SQL(
            """SELECT location_id, sku, product_id, shared, quantity FROM (%(wanted)s) AS wanted
                WHERE NOT (to_order AND quantity = 0 AND NOT EXISTS (
                      SELECT FROM extensiv_stock_level AS level
                       WHERE level.location_id = wanted.location_id AND level.sku = wanted.sku AND %(touched)s))""",
            wanted=wanted,
            touched=TOUCHED,
        )

    @api.model
    def _corrected_sql(self, kits, corrections):
        """Return SQL for the stock with ``corrections``, and for joining them; both cost time, and are seldom needed.

        A kit has no stock but its correction, whatever quants it may have.
        """
        stock = SQL("COALESCE(stock.quantity, 0)::float8")
        if kits:
            stock = SQL("CASE WHEN feed.product_id = ANY (%s) THEN 0 ELSE %s END", kits.ids, stock)
        if not corrections:
            return {"quantity": stock, "corrections": SQL("")}
        return {
            "quantity": SQL("(%s + COALESCE(correction.quantity, 0))", stock),
            "corrections": SQL(
                """LEFT JOIN unnest(%s::int[], %s::int[], %s::float8[])
                             AS correction(mapping_id, product_id, quantity)
                          ON correction.mapping_id = mapping.id AND correction.product_id = feed.product_id""",
                [mapping for mapping, _product in corrections],
                [product for _mapping, product in corrections],
                list(corrections.values()),
            ),
        }

    @api.model
    def _digits(self):
        return self.env["decimal.precision"].precision_get("Product Unit")

    # -- where from

    @api.model
    def _mappings(self, account, locations=None):
        """Return the ``Mapping`` of every enabled location of ``account``.

        :param locations: these instead, enabled or not, as they stand in a form; the mapping of one that was never
            saved has an ID below 1
        """
        if locations is None:
            source = SQL(
                """SELECT id, source, stock_location_id FROM extensiv_location
                    WHERE account_id = %s AND push_enabled""",
                account.id,
            )
            self.env["extensiv.location"].flush_model()
        else:
            source = SQL(
                """SELECT * FROM unnest(%s::int[], %s::text[], %s::int[])
                              AS location(id, source, stock_location_id)""",
                [location._origin.id or -number for number, location in enumerate(locations)],
                [location.source or None for location in locations],
                [location.stock_location_id._origin.id or None for location in locations],
            )
        self.env["stock.location"].flush_model(["active", "usage", "company_id", "parent_path", "warehouse_id"])
        company = account.company_id.id
        mappings = {}
        for mapping, warehouse, place in self.env.execute_query(
            SQL(
                """SELECT mapping.id, CASE mapping.source WHEN 'single' THEN COALESCE(root.warehouse_id, 0) END,
                      place.id
                 FROM (%s) AS mapping
                 LEFT JOIN stock_location AS root ON root.id = mapping.stock_location_id
                 LEFT JOIN stock_location AS place
                        ON place.usage = 'internal' AND (place.company_id IS NULL OR place.company_id = %s)
                       AND CASE mapping.source WHEN 'single' THEN root.active
                                AND place.parent_path LIKE root.parent_path || '%%'
                           ELSE place.warehouse_id IN (
                                SELECT id FROM stock_warehouse WHERE company_id = %s AND active) END
                ORDER BY mapping.id, place.id""",
                source,
                company,
                company,
            )
        ):
            found = mappings.setdefault(mapping, Mapping(mapping, warehouse))
            if place:
                found.places.append(place)
        return list(mappings.values())

    @api.model
    def _feed_sql(self, account, kits, skus=None, to_order=None):
        """Return SQL for every product that is pushed, once for each SKU of it.

        Its columns are ``sku, product_id, shared, buffer, fixed`` (the number told whatever the stock is, else NULL)
        and ``to_order``: it needs no stock, and nobody chose that it be pushed all the same.

        :param kits: products that are pushed though they need not be storable
        :param skus: only these, if given
        :param to_order: SQL for the templates that need no stock, see ``flows.made_to_order``; None: there are none
        """
        self.env["product.product"].flush_model()
        self.env["product.template"].flush_model(["active", "sale_ok", "is_storable", "company_id", "type"])
        self.env["extensiv.sku.alias"].flush_model()
        return SQL(
            """WITH product AS NOT MATERIALIZED (
                    SELECT product.id, product.default_code, product.extensiv_buffer_qty AS buffer,
                           CASE product.extensiv_stock_rule WHEN 'fixed' THEN COALESCE(product.extensiv_fixed_qty, 0)
                                END AS fixed, %(to_order)s AS to_order
                      FROM product_product AS product
                      JOIN product_template AS template ON template.id = product.product_tmpl_id
                     WHERE product.active AND template.active AND template.sale_ok
                       AND product.extensiv_stock_rule <> 'leave' AND BTRIM(product.default_code) <> ''
                       AND %(company)s
                       AND (template.is_storable AND template.type = 'consu' OR product.id = ANY (%(kits)s::int[])
                            OR product.extensiv_stock_rule = 'fixed'))
               SELECT sku, MIN(product_id) AS product_id, MIN(product_id) <> MAX(product_id) AS shared,
                      COALESCE(MIN(buffer), 0)::float8 + %(buffer)s AS buffer, MIN(fixed) AS fixed,
                      BOOL_AND(to_order) AS to_order
                 FROM (SELECT default_code AS sku, id AS product_id, buffer, fixed, to_order FROM product
                        UNION ALL
                       SELECT alias.sku, product.id, product.buffer, product.fixed, product.to_order
                         FROM extensiv_sku_alias AS alias JOIN product ON product.id = alias.product_id
                        WHERE alias.account_id = %(account)s) AS named
                WHERE %(only)s
                GROUP BY sku""",
            company=self._of_company_sql(account),
            kits=kits.ids,
            buffer=account.buffer_qty,
            account=account._origin.id or None,
            only=SQL("TRUE") if skus is None else SQL("sku = ANY (%s)", skus),
            to_order=SQL("FALSE")
            if to_order is None
            else SQL(
                """(product.extensiv_stock_rule = 'push' AND product.extensiv_rule_chosen IS NOT TRUE
                    AND product.product_tmpl_id IN (%s))""",
                to_order,
            ),
        )

    @api.model
    def _feeding(self, account, skus):
        """Return ``{sku: the products that feed it}``, by internal reference or alias, as far as they are in use."""
        products = self.env["product.product"]
        feeding = dict.fromkeys(skus, products)
        for product in products.search(
            Domain("default_code", "in", skus) & Domain(products._check_company_domain(account.company_id))
        ):
            feeding[product.default_code] |= product
        for alias in self.env["extensiv.sku.alias"].search([("account_id", "=", account.id), ("sku", "in", skus)]):
            feeding[alias.sku] |= alias.product_id
        return feeding

    # -- how much

    @api.model
    def _stock_sql(self, account, mappings, products=None):
        """Return SQL for ``mapping_id, product_id, quantity`` by the account's basis, from quants and moves.

        A quant in several mappings counts in each; one beneath two locations of a mapping counts once.

        :param products: only these, if given
        """
        self.env["stock.quant"].flush_model()
        places = SQL(
            "unnest(%s::int[], %s::int[]) AS place(mapping_id, location_id)",
            [mapping.id for mapping in mappings for _place in mapping.places],
            [place for mapping in mappings for place in mapping.places],
        )
        fresh = self._fresh_sql()
        basis = account.quantity_basis
        quantity, only = {
            "free": (SQL("quant.quantity - quant.reserved_quantity"), fresh),
            "on_hand": (SQL("quant.quantity"), fresh),
            # What is reserved of an expired lot leaves by the very move that is forecast.
            "forecast": (SQL("CASE WHEN %s THEN quant.quantity ELSE quant.reserved_quantity END", fresh), SQL("TRUE")),
        }[basis]
        of_products = SQL("TRUE") if products is None else SQL("quant.product_id = ANY (%s)", products.ids)
        owner = SQL("quant.owner_id = %s", account.owner_id.id) if account.owner_id else SQL("TRUE")
        quants = SQL(
            """SELECT place.mapping_id, quant.product_id, SUM(%s) AS quantity
                 FROM stock_quant AS quant JOIN %s USING (location_id)
                WHERE %s AND %s AND %s
                GROUP BY place.mapping_id, quant.product_id""",
            quantity,
            places,
            only,
            owner,
            of_products,
        )
        if basis != "forecast":
            return quants
        return SQL(
            """SELECT mapping_id, product_id, SUM(quantity) AS quantity
                 FROM (%s UNION ALL %s) AS counted GROUP BY mapping_id, product_id""",
            quants,
            self._moves_sql(account, places, products),
        )

    @api.model
    def _fresh_sql(self):
        """Return SQL for whether a quant's lot may still be sold: its removal date is not reached."""
        if "removal_date" not in self.env["stock.quant"]._fields:
            return SQL("TRUE")
        return SQL("(quant.removal_date IS NULL OR quant.removal_date > %s)", fields.Datetime.now())

    @api.model
    def _moves_sql(self, account, places, products):
        """Return SQL for what moves will bring into each mapping and take out of it, in the product's unit.

        A move within a mapping does both, which comes to nothing.
        """
        self.env["stock.move"].flush_model()
        return SQL(
            """SELECT place.mapping_id, move.product_id, way.sign * move.product_qty AS quantity
                 FROM stock_move AS move
                CROSS JOIN LATERAL (VALUES (COALESCE(move.location_final_id, move.location_dest_id), 1),
                                           (move.location_id, -1)) AS way(location_id, sign)
                 JOIN %(places)s ON place.location_id = way.location_id
                WHERE move.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
                  AND move.company_id = %(company)s AND %(of_products)s AND %(owner)s""",
            company=account.company_id.id,
            places=places,
            of_products=SQL("TRUE") if products is None else SQL("move.product_id = ANY (%s)", products.ids),
            owner=SQL("move.restrict_partner_id = %s", account.owner_id.id) if account.owner_id else SQL("TRUE"),
        )

    @api.model
    def _quantities(self, account, mappings, products):
        """Return ``{(mapping id, product id): quantity}`` of ``products``, by the account's basis."""
        if not products:
            return {}
        return {
            (mapping, product): float(quantity)
            for mapping, product, quantity in self.env.execute_query(self._stock_sql(account, mappings, products))
        }

    # -- kits, and what waiting orders will take

    @api.model
    def _corrections(self, account, mappings):
        """Return what quants do not say: the kits, and ``{(mapping id, product id): quantity}`` to add.

        Of a kit that is its availability, as Odoo computes it from what its components have; of any other product
        what waiting orders will take, as a negative quantity.
        """
        kits = self._kits(account)
        demand = self._demand(account, mappings)
        if not kits and not demand:
            return kits, {}
        # What is ordered need not be pushed itself.
        ordered = kits.union(*(product for _mapping, product in demand))
        recipes = kits.env["mrp.bom"]._bom_find(ordered, bom_type="phantom") if "mrp.bom" in self.env else {}
        components = self.env["product.product"].union(
            *(line.product_id for kit, bom in recipes.items() for line, _data in bom.explode(kit, 1)[1])
        )
        # An order for a kit takes its components.
        taken = defaultdict(float)
        for (mapping, product), quantity in demand.items():
            if bom := recipes.get(product):
                times = product.uom_id._compute_quantity(quantity, bom.product_uom_id, round=False) / bom.product_qty
                for line, data in bom.explode(product, times)[1]:
                    taken[mapping, line.product_id.id] += line.product_uom_id._compute_quantity(
                        data["qty"], line.product_id.uom_id, round=False
                    )
            else:
                taken[mapping, product.id] += quantity
        corrections = {key: -quantity for key, quantity in taken.items()}
        stock = self._quantities(account, mappings, components)
        for mapping in mappings:
            available = {
                component.id: dict.fromkeys(
                    QUANTITIES,
                    component.uom_id.round(
                        stock.get((mapping.id, component.id), 0) - taken.get((mapping.id, component.id), 0)
                    ),
                )
                for component in components
            }
            computed = kits.with_context(mrp_compute_quantities=available)._compute_quantities_dict(None, None, None)
            corrections.update(
                {(mapping.id, kit): of_kit["free_qty"] for kit, of_kit in computed.items() if kit in kits._ids}
            )
        return kits, corrections

    @api.model
    def _kits(self, account):
        """Return the products that are sold as kits in the account's company; none without ``mrp``."""
        products = self.env["product.product"]
        if "mrp.bom" not in self.env:
            return products
        # As superuser, recipes are found of all companies but for the context.
        return (
            products.with_company(account.company_id)
            .with_context(company_id=account.company_id.id)
            .search(
                Domain(
                    [
                        ("is_kits", "=", True),
                        ("sale_ok", "=", True),
                        ("default_code", "!=", False),
                        ("extensiv_stock_rule", "!=", "leave"),
                    ]
                )
                & Domain(products._check_company_domain(account.company_id))
            )
        )
