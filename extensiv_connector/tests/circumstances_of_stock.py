"""Where stock lies, which way it leaves and what fills it up, see `circumstance`."""

from datetime import datetime, timedelta

from odoo.fields import Command

from .circumstance import circumstance

# -- where stock lies


@circumstance
def shelves(world):
    """Stock on two shelves and a bin besides, older and newer."""
    shelf, rack = world.make_location("Shelf"), world.make_location("Rack")
    top = world.make_location("Bin", shelf)
    for sku, quantity in (("PLENTY-1", 3), ("PLENTY-2", 2), ("SCARCE", 1)):
        world.put(sku, quantity, shelf, day=9)
        world.put(sku, quantity + 1, rack, day=2)
        world.put(sku, 1, top, day=2)
    world.put("LOT", 2, shelf, lot=world.lots["L-1"], day=1)


@circumstance
def lifo(world):
    _by_removal(world, "lifo", "PLENTY-2", "LOT")


@circumstance
def closest(world):
    _by_removal(world, "closest", "PLENTY-1", "SCARCE")


@circumstance
def least_packages(world):
    _by_removal(world, "least_packages", "PLENTY-3", "PLENTY-0")


def _by_removal(world, method, *skus):
    removal = world.env["product.removal"].search([("method", "=", method)], limit=1)
    category = world.category(f"By {method}", removal_strategy_id=removal.id)
    for sku in skus:
        world.products[sku].categ_id = category
    shelf = world.make_location(f"For {method}")
    for sku in skus:
        if world.products[sku].tracking == "none":
            world.put(sku, 2, shelf, day=20)


@circumstance
def lifo_of_the_place(world):
    removal = world.env["product.removal"].search([("method", "=", "lifo")], limit=1)
    world.stock.removal_strategy_id = removal


@circumstance
def packages(world):
    box, pallet = world.env["stock.package"].create([{"name": "BOX-1"}, {"name": "PAL-1"}])
    world.put("PLENTY-3", 6, package=box, day=1)
    world.put("PLENTY-3", 12, package=pallet, day=1)
    world.put("PLENTY-0", 2, package=box, day=1)
    world.put("SCARCE", 1, package=pallet)


@circumstance
def owners(world):
    """Stock of others lies among ours."""
    owner = world.env["res.partner"].create({"name": "Consignor"})
    world.put("PLENTY-1", 4, owner=owner, day=1)
    world.put("NONE", 4, owner=owner)


@circumstance
def merchant(world):
    """The account's orders are delivered from its owner's stock alone."""
    owner = world.env["res.partner"].create({"name": "Merchant"})
    world.account.owner_id = owner
    world.put("PLENTY-1", 4, owner=owner, day=1)
    world.put("SCARCE", 2, owner=owner, day=1)


@circumstance
def untracked_among_lots(world):
    world.put("LOT", 2, day=1)


@circumstance
def no_tracked_lots_left(world):
    world.put("LOT", -4, lot=world.lots["L-1"])
    world.put("LOT", -9, lot=world.lots["L-2"])
    world.put("LOT", 6)


@circumstance
def negative_among_others(world):
    shelf = world.make_location("Owing")
    world.put("PLENTY-0", -3, shelf)
    world.put("NEGATIVE", 12, shelf)


@circumstance
def reserved_by_others(world):
    for sku in ("PLENTY-0", "SCARCE", "LOT"):
        world.sell(sku, 2)


@circumstance
def quants_twice(world):
    """Two quants of one product and place, which Odoo has not merged yet."""
    world.env["stock.quant"].create(
        {
            "product_id": world.products["PLENTY-2"].id,
            "location_id": world.stock.id,
            "quantity": 3,
            "in_date": datetime(2024, 1, 1),
        }
    )


@circumstance
def counted_just_now(world):
    quants = world.env["stock.quant"].search([("location_id", "=", world.stock.id), ("quantity", ">", 0)], limit=4)
    quants.write({"inventory_date": "2026-12-31", "user_id": world.env.ref("base.user_admin").id})


@circumstance(needs=("stock.lot", "expiration_date"))
def expired_lots(world):
    product = world.products["LOT"]
    removal = world.env["product.removal"].search([("method", "=", "fefo")], limit=1)
    product.write(
        {"use_expiration_date": True, "expiration_time": 30, "removal_time": 3, "alert_time": 9, "use_time": 5}
    )
    product.categ_id = world.category("First expired", removal_strategy_id=removal.id)
    for name, days in (("L-1", 40), ("L-2", -2)):
        day = datetime.now().replace(microsecond=0) + timedelta(days=days)
        world.lots[name].write({"expiration_date": day, "removal_date": day - timedelta(days=3)})


@circumstance
def costed_first_in(world):
    """Products are valued by what came first, and some by their lots."""
    category = world.category("Costed", property_cost_method="fifo")
    for sku in ("PLENTY-0", "SCARCE"):
        world.products[sku].categ_id = category
    if "lot_valuated" in world.products["LOT"]._fields:
        world.products["LOT"].categ_id = category


# -- how it leaves


@circumstance
def two_steps(world):
    world.warehouse.delivery_steps = "pick_ship"


@circumstance
def three_steps(world):
    world.warehouse.delivery_steps = "pick_pack_ship"


@circumstance
def all_at_once(world):
    world.env["ir.default"].set("sale.order", "picking_policy", "one")


@circumstance
def reserved_by_hand(world):
    world.warehouse.out_type_id.reservation_method = "manual"


@circumstance
def reserved_by_date(world):
    world.warehouse.out_type_id.write({"reservation_method": "by_date", "reservation_days_before": 2})


@circumstance
def lead_times(world):
    world.company.security_lead = 2
    world.products["PLENTY-1"].sale_delay = 5
    world.warehouse.delivery_route_id.rule_ids.write({"delay": 1})


@circumstance
def made_to_order(world):
    route = world.env.ref("stock.route_warehouse0_mto")
    route.active = True
    _give_supply(world, "PLENTY-2", route)
    _give_supply(world, "NONE", route)


def _give_supply(world, sku, *routes):
    """Let a product come from a vendor, where the database knows of buying, else from a second warehouse."""
    product = world.products[sku]
    supply = world.env.ref("purchase_stock.route_warehouse0_buy", raise_if_not_found=False)
    if supply:
        vendor = world.env["res.partner"].create({"name": f"Vendor of {sku}"})
        product.seller_ids = [Command.create({"partner_id": vendor.id, "price": 1, "delay": 3})]
    else:
        supply = _second(world).resupply_route_ids or _second(world).delivery_route_id
        supply = world.warehouse.resupply_route_ids or supply
    product.route_ids = [Command.link(route.id) for route in (*routes, *supply)]


@circumstance
def made_to_order_where_short(world):
    """What is not in stock is asked for by the pick's own rule."""
    rules = world.warehouse.delivery_route_id.rule_ids.filtered(lambda rule: rule.action == "pull")
    rules.write({"procure_method": "mts_else_mto"})
    for sku in world.products:
        _give_supply(world, sku)


@circumstance
def no_rule(world):
    """One product cannot leave: Odoo refuses to confirm its order."""
    nowhere = world.env["stock.route"].create({"name": "Nowhere", "product_selectable": True, "sequence": 0})
    world.env["stock.rule"].create(
        {
            "name": "From nowhere",
            "route_id": nowhere.id,
            "action": "pull",
            "procure_method": "make_to_order",
            "picking_type_id": world.warehouse.out_type_id.id,
            "location_src_id": world.make_location("Unreachable", world.warehouse.view_location_id).id,
            "location_dest_id": world.env.ref("stock.stock_location_customers").id,
        }
    )
    world.products["PLENTY-3"].route_ids = [Command.link(nowhere.id)]


@circumstance
def own_route(world):
    """A product leaves from a shelf of its own, by a route of its own."""
    shelf = world.make_location("Cold store", world.warehouse.view_location_id)
    world.put("PLENTY-0", 5, shelf, day=4)
    route = world.env["stock.route"].create(
        {"name": "Cold", "product_selectable": True, "product_categ_selectable": True, "sequence": 1}
    )
    world.env["stock.rule"].create(
        {
            "name": "From the cold store",
            "route_id": route.id,
            "action": "pull",
            "picking_type_id": world.warehouse.out_type_id.id,
            "location_src_id": shelf.id,
            "location_dest_id": world.env.ref("stock.stock_location_customers").id,
            "delay": 1,
            "propagate_cancel": True,
        }
    )
    world.products["PLENTY-0"].route_ids = [Command.link(route.id)]
    world.products["CONSU"].categ_id = world.category("Cold", route_ids=[Command.link(route.id)])


@circumstance
def put_away(world):
    """What is picked goes to a lane of the output."""
    world.warehouse.delivery_steps = "pick_ship"
    lane = world.make_location("Lane", world.warehouse.wh_output_stock_loc_id)
    world.env["stock.putaway.rule"].create(
        {
            "product_id": world.products["PLENTY-1"].id,
            "location_in_id": world.warehouse.wh_output_stock_loc_id.id,
            "location_out_id": lane.id,
        }
    )


@circumstance
def pushed_on(world):
    """What is delivered moves on by a push rule."""
    customers = world.env.ref("stock.stock_location_customers")
    beyond = world.env["stock.location"].create(
        {"name": "Agent", "usage": "customer", "location_id": customers.id, "company_id": False}
    )
    world.env["stock.rule"].create(
        {
            "name": "On to the agent",
            "route_id": world.warehouse.delivery_route_id.id,
            "action": "push",
            "auto": "manual",
            "picking_type_id": world.warehouse.int_type_id.id,
            "location_src_id": customers.id,
            "location_dest_id": beyond.id,
        }
    )


# -- what fills it up


@circumstance
def order_points(world):
    """One that the orders trigger and that finds a way, one that finds none, one by hand, and one elsewhere."""
    _give_supply(world, "PLENTY-0")
    shelf = world.make_location("Refilled")
    minimum = {"location_id": world.stock.id, "product_min_qty": 200, "product_max_qty": 300}
    world.env["stock.warehouse.orderpoint"].create(
        [
            {"product_id": world.products["PLENTY-0"].id, "trigger": "auto", **minimum},
            {"product_id": world.products["SCARCE"].id, "trigger": "auto", **minimum},
            {"product_id": world.products["PLENTY-1"].id, "trigger": "manual", **minimum},
            {"product_id": world.products["PLENTY-2"].id, "trigger": "auto", **minimum, "location_id": shelf.id},
        ]
    )


@circumstance
def order_points_satisfied(world):
    world.env["stock.warehouse.orderpoint"].create(
        [
            {"product_id": world.products[sku].id, "trigger": trigger, "location_id": world.stock.id}
            for sku, trigger in (("PLENTY-3", "auto"), ("NONE", "auto"), ("CONSU", "manual"))
        ]
    )


# -- several


def _second(world):
    """Return the second warehouse, which supplies the first."""
    second = world.env["stock.warehouse"].search(
        [("company_id", "=", world.company.id), ("code", "=", "SECND")], limit=1
    )
    if not second:
        second = world.env["stock.warehouse"].create(
            {"name": "Second", "code": "SECND", "company_id": world.company.id}
        )
        world.warehouse.resupply_wh_ids = [Command.link(second.id)]
        for sku in ("PLENTY-0", "SCARCE", "NONE"):
            world.put(sku, 7, second.lot_stock_id, day=6)
    return second


@circumstance
def several_warehouses(world):
    """EIM assigns some orders, and some lines, to another warehouse."""
    second = _second(world)
    world.env["extensiv.location"].create(
        {"account_id": world.account.id, "name": "SECOND", "stock_location_id": second.lot_stock_id.id}
    )


@circumstance
def archived_warehouse(world):
    closed = world.env["stock.warehouse"].create({"name": "Closed", "code": "CLOSD", "company_id": world.company.id})
    world.put("PLENTY-0", 8, closed.lot_stock_id)
    world.put("PLENTY-0", -8, closed.lot_stock_id)
    world.env.flush_all()
    closed.active = False


@circumstance
def another_company(world):
    """Somebody else's stock and rules for the same products."""
    other = world.env["res.company"].create({"name": "Neighbour"})
    env = world.env(context={**world.env.context, "allowed_company_ids": [*world.company.ids, other.id]})
    warehouse = env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
    for sku in ("PLENTY-0", "SCARCE", "NONE"):
        env["stock.quant"]._update_available_quantity(
            world.products[sku].with_env(env), warehouse.lot_stock_id, 50, in_date=datetime(2024, 1, 1)
        )
    env["stock.warehouse.orderpoint"].with_company(other).create(
        {
            "product_id": world.products["PLENTY-1"].id,
            "location_id": warehouse.lot_stock_id.id,
            "product_min_qty": 10,
            "product_max_qty": 20,
            "trigger": "auto",
            "company_id": other.id,
        }
    )
