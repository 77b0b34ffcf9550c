"""From where in Odoo the goods of an order will be taken once it is confirmed, as Odoo's rules have it."""

from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

# Chains of rules are short; one that leads in a circle ends here.
MOST_STEPS = 10


class Rule(NamedTuple):
    """What brings goods to a location: from where (id), and whether they have to be brought there first."""

    action: str
    procure_method: str
    source_id: int | None
    supplier_id: int | None  # the warehouse that supplies another by this rule's route


class DeliverySource:
    """Where the goods of orders are taken from, for a set of products: asked in a few queries, whatever their number.

    As ``stock.rule`` decides: the routes of the order's line, then those of the product and its categories, then those
    of the warehouse; of the rules of a route that of the warehouse. A rule that makes to order leads on to another.

    :param company: whose rules
    :param product_ids: the products that are asked about
    """

    def __init__(self, env, company, product_ids):
        self.env = env
        self.rules = defaultdict(dict)  # {(destination id, route id): {warehouse id or None: Rule}}
        self.sequences = {}
        self.paths = {}
        self.found = {}
        self._read_rules(company)
        self._read_routes(list(product_ids))
        customers = env.ref("stock.stock_location_customers", raise_if_not_found=False)
        self.customers_id = customers and customers.id

    def _read_rules(self, company):
        env = self.env
        for name in ("stock.rule", "stock.route", "stock.warehouse", "stock.location"):
            env[name].flush_model()
        for target, route, sequence, warehouse, *rule in env.execute_query(
            SQL(
                """SELECT rule.location_dest_id, route.id, route.sequence, rule.warehouse_id, rule.action,
                          rule.procure_method, rule.location_src_id, route.supplier_wh_id
                     FROM stock_rule AS rule JOIN stock_route AS route ON route.id = rule.route_id
                    WHERE rule.active AND route.active AND rule.action <> 'push'
                      AND (rule.company_id IS NULL OR rule.company_id = %s)
                    ORDER BY route.sequence, rule.sequence, rule.id""",
                company.id,
            )
        ):
            self.rules[target, route].setdefault(warehouse, Rule(*rule))
            self.sequences[route] = sequence
        self.paths = {
            location: list(map(int, reversed(path.strip("/").split("/"))))
            for location, path in env.execute_query(
                SQL("SELECT id, parent_path FROM stock_location WHERE parent_path IS NOT NULL")
            )
        }
        self.stock_ids = dict(env.execute_query(SQL("SELECT id, lot_stock_id FROM stock_warehouse")))

    def _read_routes(self, product_ids):
        """Read the routes of the products, their categories' and the warehouses'."""
        env = self.env
        env["product.template"].flush_model(["categ_id", "route_ids"])
        env["product.category"].flush_model(["parent_path", "route_ids"])
        self.of_product = defaultdict(set)
        self.of_categories = defaultdict(set)
        for product, route, is_own in env.execute_query(
            SQL(
                """SELECT product.id, link.route_id, TRUE
                     FROM product_product AS product
                     JOIN stock_route_product AS link ON link.product_id = product.product_tmpl_id
                    WHERE product.id = ANY (%(products)s)
                    UNION ALL
                   SELECT product.id, link.route_id, FALSE
                     FROM product_product AS product
                     JOIN product_template AS template ON template.id = product.product_tmpl_id
                     JOIN product_category AS category ON category.id = template.categ_id
                     JOIN product_category AS above ON STARTS_WITH(category.parent_path, above.parent_path)
                     JOIN stock_route_categ AS link ON link.categ_id = above.id
                    WHERE product.id = ANY (%(products)s)""",
                products=product_ids,
            )
        ):
            (self.of_product if is_own else self.of_categories)[product].add(route)
        self.of_warehouse = defaultdict(set)
        for warehouse, route in env.execute_query(SQL("SELECT warehouse_id, route_id FROM stock_route_warehouse")):
            self.of_warehouse[warehouse].add(route)

    def find(self, product_id, warehouse_id, route_ids=()):
        """Return the location (id) from which a product would be taken, or None where no stock will be.

        :param warehouse_id: the order's, or None
        :param route_ids: those of the order's line
        """
        own = frozenset(self.of_product.get(product_id, ()))
        others = frozenset(self.of_categories.get(product_id, ()))
        key = (own, others, warehouse_id, frozenset(route_ids))
        if key not in self.found:
            self.found[key] = self._follow(own, others, warehouse_id, frozenset(route_ids))
        return self.found[key]

    def _follow(self, own, others, warehouse_id, route_ids):
        target = self.customers_id
        for step in range(MOST_STEPS):
            ways = (route_ids, own | others, self.of_warehouse.get(warehouse_id, frozenset()))
            rule = self._find_rule(target, ways, own, warehouse_id)
            if not rule:
                # An order that cannot be confirmed as Odoo is set up holds its goods until a person sets it right.
                return None if step else self.stock_ids.get(warehouse_id)
            if rule.action not in ("pull", "pull_push"):
                return None
            if rule.procure_method != "make_to_order":
                return rule.source_id
            target = rule.source_id
            warehouse_id = rule.supplier_id or warehouse_id
        return None

    def _find_rule(self, target, ways, own, warehouse_id):
        """Return the ``Rule`` that brings goods to a location or to what it lies in, or None.

        :param ways: sets of routes, those that go before first
        """
        for location in self.paths.get(target, ()):
            for routes in ways:
                for route in sorted(routes, key=lambda each: (each not in own, self.sequences.get(each, 0), each)):
                    rules = self.rules.get((location, route), {})
                    rule = (
                        rules.get(warehouse_id, rules.get(None)) if warehouse_id else next(iter(rules.values()), None)
                    )
                    if rule:
                        return rule
        return None
