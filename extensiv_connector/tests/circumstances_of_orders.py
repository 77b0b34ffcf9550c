"""What orders are sold, numbered, told of and dealt with by, see `circumstance`."""

from odoo.fields import Command

from .circumstance import circumstance

# -- the order's own


@circumstance
def carriers(world):
    """Orders with a delivery method; with its product, its route and a mapped ship code."""
    freight = world.env["product.product"].create({"name": "Freight", "type": "service", "default_code": "FREIGHT"})
    carrier = world.env["delivery.carrier"].create({"name": "Parcel", "product_id": freight.id, "fixed_price": 4})
    world.cart.delivery_carrier_id = carrier
    express = carrier.copy({"name": "Express"})
    world.env["extensiv.ship.method"].create(
        {"account_id": world.account.id, "ship_code": "EXPRESS", "delivery_carrier_id": express.id}
    )


@circumstance
def fulfilled_elsewhere(world):
    """A marketplace delivers from a warehouse of its own."""
    world.cart.fulfilled_elsewhere = True


@circumstance
def analytic_models(world):
    plan = world.env["account.analytic.plan"].create({"name": "Channels"})
    one, other = world.env["account.analytic.account"].create(
        [{"name": name, "plan_id": plan.id} for name in ("Web", "Cold")]
    )
    world.env["account.analytic.distribution.model"].create(
        [
            {"product_id": world.products["PLENTY-1"].id, "analytic_distribution": {str(one.id): 100}},
            {
                "product_categ_id": world.products["SERVICE"].categ_id.id,
                "analytic_distribution": {str(one.id): 30, str(other.id): 70},
            },
        ]
    )


@circumstance
def other_currency(world):
    euro = world.env.ref("base.EUR")
    euro.active = True
    world.env["res.currency.rate"].create({"currency_id": euro.id, "rate": 0.9, "name": "2026-01-01"})


@circumstance
def packing_words(world):
    for sku in ("PLENTY-0", "LOT"):
        world.products[sku].description_pickingout = f"Handle {sku} with care"


@circumstance
def sales_people(world):
    """Orders of a salesperson, a team and tags."""
    seller = world.env["res.users"].create(
        {
            "name": "Seller",
            "login": "identical-seller",
            "company_id": world.company.id,
            "company_ids": world.company.ids,
            "group_ids": [Command.link(world.env.ref("sales_team.group_sale_salesman").id)],
        }
    )
    world.cart.user_id = seller
    world.cart.team_id = world.env["crm.team"].create({"name": "Web", "company_id": world.company.id})
    world.cart.tag_ids = world.env["crm.tag"].create({"name": "Web"})


# -- numbers, defaults, messages


@circumstance
def numbers_without_gaps(world):
    world.warehouse.out_type_id.sequence_id.implementation = "no_gap"


@circumstance
def numbers_by_date(world):
    sequence = world.warehouse.out_type_id.sequence_id
    sequence.write({"use_date_range": True, "prefix": "OUT/%(range_year)s/%(month)s/", "padding": 3})


@circumstance
def numbers_with_the_day(world):
    world.warehouse.out_type_id.sequence_id.write(
        {"prefix": "OUT-%(y)s%(doy)s-", "suffix": "/%(h24)s", "number_increment": 5, "padding": 6}
    )


@circumstance
def defaults_of_people(world):
    """Values that somebody set as defaults of forms."""
    defaults = world.env["ir.default"]
    admin = world.env.ref("base.user_admin")
    for model, name, value in (
        ("sale.order", "note", "Thank you"),
        ("stock.picking", "note", "By default"),
        ("stock.picking", "priority", "1"),
        ("stock.picking", "user_id", admin.id),
        ("stock.move", "priority", "1"),
        ("stock.move", "additional", True),
        ("stock.move.line", "picked", True),
        ("sale.order.line", "customer_lead", 3.0),
        ("res.partner", "comment", "New"),
    ):
        if name in world.env[model]._fields:
            defaults.set(model, name, value, company_id=world.company.id)


@circumstance
def notified(world):
    """Importing tells whoever would be told of an order entered by hand."""
    world.account.notify_on_import = True


@circumstance
def followed(world):
    """Somebody follows the customers, who are there already, and the cart's own customer."""
    follower = world.env["res.partner"].create({"name": "Follower", "email": "follower@example.com"})
    buyer = world.env["res.partner"].create({"name": "Marketplace", "company_id": world.company.id})
    buyer.message_subscribe(follower.ids)
    world.cart.partner_id = buyer
    world.env["mail.message.subtype"].search([("res_model", "in", ("stock.picking", "sale.order"))]).write(
        {"default": True}
    )


@circumstance
def known_buyers(world):
    """Some buyers have bought before: they are contacts with an order that is still open."""
    world.receive([{"lines": [("PLENTY-0", 1)], "cust_ref": f"OLD-{n}", "cust_po_no": f"OLD{n}"} for n in range(2)])
    world.import_orders()
    world.orders = world.orders.browse()


@circumstance(needs=("base.automation", "trigger"))
def automation(world):
    """Somebody's rules write on orders, transfers and moves as they come and change."""
    _automate(world, "stock.picking", "on_create_or_write", "printed", "record.write({'priority': '1'})")
    _automate(world, "stock.move", "on_create", "additional", "record.write({'description_picking': record.origin})")
    _automate(world, "sale.order", "on_create_or_write", "locked", "record.message_post(body=record.state)", "state")
    _automate(world, "stock.move.line", "on_create", "picked", "record.move_id.write({'date': '2030-01-01'})")


def _automate(world, model, trigger, _field, code, watched=None):
    model_id = world.env["ir.model"]._get_id(model)
    watched_ids = world.env["ir.model.fields"]._get_ids(model)[watched] if watched else None
    rule = world.env["base.automation"].create(
        {
            "name": f"Of {model}",
            "model_id": model_id,
            "trigger": trigger,
            **({"trigger_field_ids": [Command.set([watched_ids])]} if watched_ids else {}),
        }
    )
    world.env["ir.actions.server"].create(
        {
            "name": f"Of {model}",
            "model_id": model_id,
            "state": "code",
            "code": code,
            "usage": "base_automation",
            "base_automation_id": rule.id,
        }
    )


# -- other apps


@circumstance(needs=("mrp.bom", "type"))
def kits(world):
    """Kits of stored parts, of each other, and of what is in lots."""
    products = world.products
    bom = {"type": "phantom", "product_qty": 1}

    def parts(**quantities):
        return [
            Command.create({"product_id": products[sku.replace("_", "-")].id, "product_qty": quantity})
            for sku, quantity in quantities.items()
        ]

    world.env["mrp.bom"].create(
        [
            {"product_tmpl_id": products["CONSU"].product_tmpl_id.id, "bom_line_ids": parts(PLENTY_0=2, LOT=1), **bom},
            {"product_tmpl_id": products["NONE"].product_tmpl_id.id, "bom_line_ids": parts(CONSU=1, SCARCE=1), **bom},
        ]
    )


@circumstance(needs=("mrp.bom", "type"))
def manufactured(world):
    """A product is made to order, from parts that are there."""
    mto = world.env.ref("stock.route_warehouse0_mto")
    mto.active = True
    product = world.products["PLENTY-3"]
    product.route_ids = [Command.link(mto.id), Command.link(world.warehouse.manufacture_pull_id.route_id.id)]
    part = Command.create({"product_id": world.products["PLENTY-1"].id, "product_qty": 1})
    world.env["mrp.bom"].create({"product_tmpl_id": product.product_tmpl_id.id, "bom_line_ids": [part]})


@circumstance(needs=("stock.picking", "is_dropship"))
def dropshipped(world):
    route = world.env.ref("stock_dropshipping.route_drop_shipping")
    vendor = world.env["res.partner"].create({"name": "Drop shipper"})
    for sku in ("PLENTY-1", "NONE"):
        world.products[sku].write(
            {
                "route_ids": [Command.link(route.id)],
                "seller_ids": [Command.create({"partner_id": vendor.id, "price": 2, "delay": 1})],
            }
        )


@circumstance(needs=("stock.picking.type", "auto_batch"))
def batched(world):
    world.warehouse.out_type_id.write(
        {"auto_batch": True, "batch_group_by_partner": False, "batch_group_by_carrier": True, "batch_max_lines": 4}
    )


@circumstance(needs=("stock.picking.type", "auto_batch"))
def batched_by_waves(world):
    world.warehouse.out_type_id.write({"auto_batch": True, "wave_group_by_product": True})


@circumstance(needs=("loyalty.program", "program_type"))
def loyalty(world):
    world.env["loyalty.program"].create(
        [
            {
                "name": "Next order",
                "program_type": "next_order_coupons",
                "applies_on": "future",
                "trigger": "auto",
                "rule_ids": [Command.create({"minimum_qty": 1})],
                "reward_ids": [Command.create({"discount": 10})],
            },
            {
                "name": "Points",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "rule_ids": [Command.create({"reward_point_mode": "money", "reward_point_amount": 1})],
                "reward_ids": [Command.create({"discount": 5, "required_points": 1000})],
            },
        ]
    )
