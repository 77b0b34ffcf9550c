"""What Odoo asks once a line, a move or a transfer while orders are created and confirmed, asked once a batch.

A ``Memo`` in the context holds what was asked and what is collected; it lives as long as one batch of the connector.
The overrides that look for it are in ``models/stock_confirm_batch.py``: without it, each is as if it was not there.
What comes of it is, to the last column, what Odoo's own path makes. A part that meets something that it does not
understand leaves that to Odoo, and a part whose methods are not those it was made for is off (``known_methods``).
"""

import logging
from contextlib import contextmanager

from odoo.tools import float_is_zero

from . import known_methods

_logger = logging.getLogger(__name__)

KEY = "extensiv_confirm_batch"
SWITCH = "extensiv_connector.confirm_batch"
OFF = frozenset({"0", "false", "no", "off"})


class Memo:
    """What one batch has asked so far, and what it collects to do it together.

    :param parts: names of the parts that are on, see ``known_methods.PARTS``
    """

    def __init__(self, parts):
        self.parts = parts
        self.rules = {}
        """``{what rules depend on: what _search_rule_for_warehouses returned}``"""
        self.orderpoints = {}
        """``{product id: whether an order point of it starts by itself}``"""
        self.has_analytic_models = None
        self.defaults = {}
        """``{model: {(environment, names): _Defaults}}`` of the models that are being created"""
        self.references = {}
        """``{id of a reference made in this batch: places that its moves were given transfers for}``"""
        self.lines = None
        """Order lines whose delivery is being launched, while it is"""
        self.to_check = None
        """Transfers that were confirmed and whose companies are still to be checked"""
        self.collected = None
        """Groups of moves that want a transfer, while moves are being confirmed"""
        self.messages = None
        """``[(new transfer, what to post)]``, while new transfers are being told of"""
        self.reservation = None
        """The ``batch_reservation.Reservation`` of the moves that are being reserved"""

    def close(self):
        """End the batch: whatever still has the memo in its context does as Odoo does."""
        self.parts = frozenset()


def memo_of(records, part):
    """Return the memo of the batch that ``records`` belong to, None where there is none or this part of it is off."""
    memo = records.env.context.get(KEY)
    return memo if memo and part in memo.parts else None


@contextmanager
def together(records):
    """Give ``records`` so that what is done with them, and with what comes of them, is asked and done once a batch.

    They may be anything in whose environment the batch is created, confirmed or reserved. What is rolled back to a
    savepoint within may be tried again within: what is kept of records that were made there fits no others.
    """
    memo = Memo(find_parts(records.env))
    try:
        yield records.with_context(**{KEY: memo}) if memo.parts else records
    finally:
        memo.close()


def is_switched_on(env):
    """Whether a system parameter has not switched it off."""
    value = env["ir.config_parameter"].sudo().get_param(SWITCH)
    return str(value or "on").strip().lower() not in OFF


def find_parts(env):
    """Return the names of the parts that are on."""
    if not is_switched_on(env):
        return frozenset()
    return frozenset(known_methods.PARTS) - known_methods.find_strange(env.registry).keys()


def describe(env):
    """Return ``[(part, text)]`` of the parts that are off by themselves: what other code they met, for a person."""
    return sorted((part, ", ".join(found)) for part, found in known_methods.find_strange(env.registry).items())


def log_strange(env):
    """Say in the log which parts are off."""
    for part, found in describe(env):
        _logger.info("Orders are imported without the part %r of confirming in batches, for unknown %s", part, found)


# -- rules


def remember_rules(rules, values, ask):
    """Return the rules that ``_search_rule_for_warehouses`` finds, asked once for all products that are alike to it.

    :param values: its arguments
    :param ask: asks Odoo
    """
    memo = memo_of(rules, "rules")
    if not memo:
        return ask(*values)
    routes, packaging_uom, product, warehouses, domain = values
    valid = product.route_ids | product.categ_id.total_route_ids
    if routes:
        valid |= routes
    if packaging_uom:
        valid |= packaging_uom.package_type_id.route_ids
    if warehouses:
        valid |= warehouses.route_ids.filtered(lambda route: rules._filter_warehouse_routes(product, warehouses, route))
    key = rules.env, frozenset(valid.ids), tuple(warehouses.ids) if warehouses else (), repr(domain)
    if key not in memo.rules:
        memo.rules[key] = ask(*values)
    return memo.rules[key]


def forget_rules(rules):
    """Ask for rules anew: some changed."""
    if memo := memo_of(rules, "rules"):
        memo.rules.clear()


# -- analytic distribution


def has_no_analytic_models(models):
    """Whether there is no analytic distribution model at all, so that none needs to be searched for each line."""
    memo = memo_of(models, "analytic")
    if not memo:
        return False
    if memo.has_analytic_models is None:
        every = models.sudo().with_context(active_test=False)
        memo.has_analytic_models = bool(every.search_count([], limit=1))
    return not memo.has_analytic_models


# -- order points


def starts_no_orderpoint(moves):
    """Whether no product of ``moves`` has an order point that starts by itself, wherever it is."""
    memo = memo_of(moves, "orderpoints")
    if not memo:
        return False
    products = moves.sudo().product_id
    unknown = products.filtered(lambda product: product.id not in memo.orderpoints)
    if unknown:
        # All moves of the orders are there when the first is asked about.
        if memo.lines:
            unknown |= memo.lines.sudo().move_ids.product_id
        found = (
            moves.env["stock.warehouse.orderpoint"]
            .sudo()
            .with_context(active_test=False)
            .search([("product_id", "in", unknown.ids), ("trigger", "=", "auto")])
        )
        memo.orderpoints.update(dict.fromkeys(unknown.ids, False) | dict.fromkeys(found.product_id.ids, True))
    return not any(memo.orderpoints[product.id] for product in products)


# -- references, and confirming the transfers


@contextmanager
def delivering(lines, previous_product_uom_qty=False):
    """Launch the delivery of new order lines within: their references are made before, transfers are checked after."""
    memo = memo_of(lines, "references")
    if not memo or memo.lines is not None or previous_product_uom_qty or lines.env.context.get("skip_procurement"):
        yield
        return
    memo.references.update((reference.id, set()) for reference in _create_references(lines))
    memo.lines = lines
    memo.to_check = lines.env["stock.picking"]
    try:
        yield
        memo.to_check._check_company()
    finally:
        memo.lines = memo.to_check = None


def _create_references(lines):
    """Create the references of orders that have none; Odoo makes them in this order as it comes to their lines."""
    Reference = lines.env["stock.reference"]
    if lines.move_ids or ("purchase_line_ids" in lines._fields and lines.sudo().purchase_line_ids):
        return Reference
    precision = lines.env["decimal.precision"].precision_get("Product Unit")
    first = {}
    for line in lines:
        order = line.order_id
        is_delivered = line.state == "sale" and not order.locked and line.product_id.type == "consu"
        if is_delivered and not float_is_zero(line.product_uom_qty, precision_digits=precision):
            first.setdefault(order, line.with_company(line.company_id))
    return Reference.create(
        [line._prepare_reference_vals() for order, line in first.items() if not order.stock_reference_ids]
    )


def has_only_to_check(pickings):
    """Take note that confirmed ``pickings`` are confirmed again, where only their companies are checked by it."""
    memo = memo_of(pickings, "references")
    if not memo or memo.to_check is None:
        return False
    moves = pickings.move_ids
    if any(move.state == "draft" for move in moves) or joins_batches(pickings.picking_type_id):
        return False
    if not starts_no_orderpoint(moves):
        return False
    memo.to_check |= pickings
    return True


def joins_batches(kinds):
    """Whether transfers of one of these types are put into a batch or a wave by themselves."""
    return "auto_batch" in kinds._fields and any(kinds.mapped("auto_batch"))


# -- defaults


class _Defaults:
    """The defaults of some fields of a model: what two askings found the same is kept, but for times."""

    def __init__(self, model, names, values):
        self.values = values
        self.is_known = False
        self.varying = [name for name in names if _is_time(model, name)]

    def compare(self, names, values):
        self.varying = [name for name in names if name in self.varying or self.values.get(name) != values.get(name)]
        self.values = {name: value for name, value in values.items() if name not in self.varying}
        self.is_known = True

    def give(self):
        return {name: list(value) if isinstance(value, list) else value for name, value in self.values.items()}


def _is_time(model, name):
    field = model._fields.get(name)
    return bool(field) and field.type in ("date", "datetime")


@contextmanager
def keeping_defaults(model):
    """Keep the constant defaults of ``model`` for the records that are created within."""
    memo = memo_of(model, "defaults")
    if not memo:
        yield
        return
    before = memo.defaults.get(model._name)
    memo.defaults[model._name] = {}
    try:
        yield
    finally:
        memo.defaults[model._name] = before


def keep_defaults(model, names, ask):
    """Return the defaults of ``names`` as ``ask`` does, see ``keeping_defaults``."""
    memo = memo_of(model, "defaults")
    kept = memo and memo.defaults.get(model._name)
    if kept is None:
        return ask(names)
    key = model.env, tuple(names)
    defaults = kept.get(key)
    if defaults is None:
        values = ask(names)
        kept[key] = _Defaults(model, names, dict(values))
        return values
    if not defaults.is_known:
        values = ask(names)
        defaults.compare(names, values)
        return values
    return defaults.give() | (ask(defaults.varying) if defaults.varying else {})
