"""How many kits can be made: one statement for all of them against Odoo's own numbers, over recipes drawn at random."""

import json

# Worlds of goods, and of kits of every kind; Odoo's numbers of each kit in each place beside those of the statement.
WORLDS = """
import itertools, json, random
from datetime import timedelta
from odoo import Command, fields
from odoo.addons.extensiv_connector.flows.kit_levels import find_kits
from odoo.addons.extensiv_connector.flows.kits import explode, find_components, find_recipes
from odoo.addons.extensiv_connector.flows.stock_demand import compute_corrections
from odoo.addons.extensiv_connector.flows.stock_sources import OdooStock, find_sources

# On hand is what may still be sold, and what can be promised is less what is owed: of both Odoo has no number.
BASES = {"free": "free_qty", "forecast": "virtual_available", "on_hand": None, "promise": None}
company = env.company
other = env["res.company"].create({"name": "Other"})
env = env(context={"allowed_company_ids": company.ids, "tracking_disable": True})
units = env.ref("uom.product_uom_unit"), env.ref("uom.product_uom_dozen"), env["uom.uom"].create(
    {"name": "Pack of 7", "relative_factor": 7, "relative_uom_id": env.ref("uom.product_uom_unit").id})
warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
second = env["stock.warehouse"].create({"name": "Second", "code": "SEC", "company_id": company.id})
shelf = env["stock.location"].create({"name": "Shelf", "location_id": warehouse.lot_stock_id.id})
places = [warehouse.lot_stock_id, shelf, second.lot_stock_id]
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": "http://127.0.0.1:1", "api_user": "b", "api_key": "k", "subtract_waiting": False})
env["extensiv.location"].create([
    {"account_id": account.id, "name": "MAIN", "push_enabled": True, "stock_location_id": places[0].id},
    {"account_id": account.id, "name": "SHELF", "push_enabled": True, "stock_location_id": shelf.id},
    {"account_id": account.id, "name": "SECOND", "push_enabled": True, "stock_location_id": places[2].id}])
owner = env["res.partner"].create({"name": "Owner"})
types = env["stock.picking.type"].search([("code", "=", "mrp_operation"), ("company_id", "=", company.id)])
size, color, note = env["product.attribute"].create([
    {"name": "Size", "create_variant": "always"}, {"name": "Color", "create_variant": "always"},
    {"name": "Note", "create_variant": "no_variant"}])
for attribute in (size, color, note):
    env["product.attribute.value"].create([{"name": name, "attribute_id": attribute.id} for name in "ABC"])
counter = itertools.count()


def make_goods(rng):
    goods = env["product.product"].create([
        {"name": f"Good {number}", "default_code": f"G-{next(counter)}", "uom_id": rng.choice(units).id,
         **rng.choice(({"is_storable": True},) * 8 + ({"is_storable": False}, {"type": "service"}))}
        for number in range(8)])
    for product in goods.filtered("is_storable"):
        for place in places:
            if quantity := rng.choice((0, 1, 3, 7, 12, 40, 100, 2.5, 33.33)):
                env["stock.quant"]._update_available_quantity(
                    product, place, quantity, owner_id=rng.choice((None, None, owner)))
        move = env["stock.move"].create({
            "product_id": product.id, "product_uom_qty": rng.randint(1, 6), "location_id": places[0].id,
            "location_dest_id": env.ref("stock.stock_location_customers").id, "product_uom": product.uom_id.id})
        move._action_confirm()
        if rng.random() < 0.5:
            move._action_assign()
    lots = env["product.product"].create({
        "name": "Milk", "default_code": f"M-{next(counter)}", "is_storable": True, "tracking": "lot",
        "use_expiration_date": True})
    for hours in (-1, 24):
        lot = env["stock.lot"].create({
            "name": str(hours), "product_id": lots.id, "removal_date": fields.Datetime.now() + timedelta(hours=hours)})
        env["stock.quant"]._update_available_quantity(lots, places[0], rng.randint(1, 20), lot_id=lot)
    return goods + lots


def make_variants(rng):
    template = env["product.template"].create({
        "name": "Variants", "is_storable": rng.random() < 0.5, "attribute_line_ids": [
            Command.create({"attribute_id": attribute.id, "value_ids": [
                Command.set(attribute.value_ids[:rng.randint(1, 3)].ids)]}) for attribute in (size, color, note)]})
    for product in template.product_variant_ids:
        product.default_code = f"V-{next(counter)}"
    return template


def make_lines(rng, template, parts):
    values = template.attribute_line_ids.product_template_value_ids
    return [Command.create({
        "product_id": part.id, "product_qty": rng.choice((0, 1, 1, 1, 2, 3, 0.5, 0.33, 1.5, 12)),
        "product_uom_id": rng.choice((part.uom_id, *units)).id,
        "bom_product_template_attribute_value_ids": [Command.set(
            rng.sample(values.ids, min(len(values), rng.choice((0, 0, 1, 2)))))],
    }) for part in rng.choices(parts, k=rng.randint(1, 4))]


def make_world(rng):
    # Of each layer kits may hold those of the layers below.
    goods = make_goods(rng)
    below = list(goods)
    every = env["product.product"]
    for layer in range(3):
        templates = env["product.template"].create([
            {"name": f"Kit {layer}", "default_code": f"K-{next(counter)}", "uom_id": rng.choice(units).id,
             **rng.choice(({"is_storable": False},) * 7 + ({"is_storable": True}, {"type": "service"}))}
            for _number in range(4)])
        for template in templates + make_variants(rng):
            for _recipe in range(rng.choice((1, 1, 1, 2, 3))):
                variant = rng.choice(template.product_variant_ids) if rng.random() < 0.2 else None
                lines = make_lines(rng, template, below)
                ours = rng.random() < 0.4
                if variant:
                    for line in lines:
                        line[2].pop("bom_product_template_attribute_value_ids")
                env["mrp.bom"].create({
                    "product_tmpl_id": template.id, "product_id": variant and variant.id,
                    "type": rng.choice(("phantom",) * 6 + ("normal",)), "sequence": rng.choice((0, 1, 2, 2)),
                    "product_qty": rng.choice((1, 1, 1, 2, 3, 0.5)), "active": rng.random() < 0.9,
                    "product_uom_id": rng.choice((template.uom_id,) * 4 + units).id,
                    "company_id": ours and company.id, "bom_line_ids": lines,
                    "picking_type_id": ours and rng.choice((False, *types.ids)),
                    "byproduct_ids": [Command.create({"product_id": goods[0].id, "product_qty": 1})]
                    if not variant and rng.random() < 0.2 else []})
            if rng.random() < 0.2:
                env["mrp.bom"].with_company(other).create({
                    "product_tmpl_id": template.id, "type": "phantom", "company_id": other.id, "sequence": 0,
                    "bom_line_ids": [Command.create({"product_id": goods[1].id, "product_qty": 1})]})
            every += template.product_variant_ids
        below += list(every)
    # What was archived after it became a part.
    for product in rng.sample(list(goods), 1) + rng.sample(list(every), 1):
        product.active = False
    return every.filtered("active")


def numbers_of_odoo(kits, sources, name):
    # Each kit by itself, in Odoo's own way: with Odoo's own stock, or else with ours of its components.
    recipes = find_recipes(account, kits)
    numbers = {}
    for source, place in zip(sources, places):
        for kit, bom in recipes.items():
            asked = kit.with_company(company).with_context(company_id=company.id)
            lines = bom.explode(asked, 1)[1]
            if not any(line.product_id.is_storable and data["qty"] for line, data in lines):
                continue
            parts = env["product.product"].union(*(line.product_id for line, _data in lines))
            if name:
                number = asked.with_context(
                    location=place.id, **({"owner_id": owner.id} if account.owner_id else {}))[name]
            else:
                stock = OdooStock(account, [source]).quantities(parts)
                number = asked.with_context(mrp_compute_quantities={
                    part.id: dict.fromkeys(
                        ("qty_available", "free_qty", "virtual_available", "incoming_qty", "outgoing_qty"),
                        part.uom_id.round(stock.get((source.id, part.id), 0)))
                    for part in parts})._compute_quantities_dict(None, None, None)[kit.id]["free_qty"]
            numbers[source.id, kit.id] = number
    return numbers, recipes


checked = {basis: 0 for basis in BASES}
wrong = []
by_odoo = 0
nested = 0
for seed in range(args["seeds"]):
    rng = random.Random(seed)
    with env.cr.savepoint() as savepoint:
        kits = make_world(rng)
        account.owner_id = rng.choice((False, False, owner))
        sources = find_sources(account)
        for basis, name in BASES.items():
            account.quantity_basis = basis
            env.flush_all()
            env.invalidate_all()
            found = find_kits(account, sources)
            by_odoo += len(found.by_odoo)
            expected, recipes = numbers_of_odoo(kits, sources, name)
            assert not set(found.products._ids) & found.untracked_ids
            if basis == "free":
                for key, number in numbers_of_odoo(kits, sources, "qty_available")[0].items():
                    bom = recipes[kits.browse(key[1])]
                    if bom.product_uom_id == kits.browse(key[1]).uom_id and found.on_hand[key] != number:
                        wrong.append([seed, "there", key, number, found.on_hand[key]])
            if set(found.quantities) != set(expected):
                wrong.append([seed, basis, "keys", str(set(found.quantities) ^ set(expected))])
            for key, number in expected.items():
                kit = kits.browse(key[1])
                bom = recipes[kit]
                if bom.product_uom_id != kit.uom_id:
                    # Odoo counts in the recipe's unit, and drops what is less than one.
                    factor = bom.product_uom_id.factor / kit.uom_id.factor
                    if not number * factor // 1 <= found.quantities.get(key, -1) + 1e-6 <= (number + 1) * factor + 1:
                        wrong.append([seed, basis, key, number, factor, found.quantities.get(key)])
                elif found.quantities.get(key) != number:
                    wrong.append([seed, basis, key, number, found.quantities.get(key)])
                checked[basis] += 1
                nested += any(line.child_line_ids for line in bom.bom_line_ids)
        # A question about some goods has the same numbers for the kits that are made of these, and no others.
        some = rng.sample(kits.ids, 3) + rng.sample(env["product.product"].search([]).ids, 3)
        of_some = find_kits(account, sources, products=some)
        made = {kit.id for kit, parts in find_components(account, kits).items() if set(parts._ids) & set(some)}
        if not made & set(found.products._ids) <= set(of_some.products._ids) | of_some.untracked_ids:
            wrong.append([seed, "some", "too few"])
        for key, number in of_some.quantities.items():
            if found.quantities[key] != number:
                wrong.append([seed, "some", key, number, found.quantities[key]])
        # What an order takes of the parts of kits, as Odoo's transfers do.
        wanted = [(kit.id, rng.choice((1, 2, 7, 0.5, 13))) for kit in kits]
        taken = explode(account, wanted)
        recipes = find_recipes(account, kits)
        for product, quantity in wanted:
            kit = kits.browse(product)
            bom = recipes.get(kit)
            parts = {product: quantity}
            if bom:
                parts = {}
                times = kit.uom_id._compute_quantity(quantity, bom.product_uom_id) / bom.product_qty
                for line, data in bom.explode(kit, times)[1]:
                    part = line.product_id
                    if data["qty"]:
                        parts[part.id] = parts.get(part.id, 0) + line.product_uom_id._compute_quantity(
                            data["qty"], part.uom_id, round=False)
            mine = dict(taken[product, quantity])
            if set(mine) != set(parts) or any(abs(mine[part] - parts[part]) > 1e-9 for part in parts):
                wrong.append([seed, "explode", product, quantity, str(parts), str(mine)])
        savepoint.rollback()
        env.invalidate_all()
print(json.dumps({"checked": checked, "wrong": wrong[:20], "by_odoo": by_odoo, "nested": nested}, default=str))
"""

# What the statement leaves to Odoo, and what Odoo has no number of.
ODDITIES = """
import json
from unittest.mock import patch
from odoo import Command
from odoo.addons.extensiv_connector.flows.kit_levels import find_kits
from odoo.addons.extensiv_connector.flows.kits import components_sql, explode, find_changing_apps
from odoo.addons.extensiv_connector.flows.stock_demand import compute_corrections
from odoo.addons.extensiv_connector.flows.stock_explanation import explain_level
from odoo.addons.extensiv_connector.flows.stock_levels import ExpectedLevels
from odoo.addons.extensiv_connector.flows.stock_sources import find_sources

env["product.product"].search([("default_code", "!=", False)]).extensiv_push = False
stock = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1).lot_stock_id
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": "http://127.0.0.1:1", "api_user": "b", "api_key": "k"})
location = env["extensiv.location"].create(
    {"account_id": account.id, "name": "MAIN", "push_enabled": True, "stock_location_id": stock.id})
unit, dozen = env.ref("uom.product_uom_unit"), env.ref("uom.product_uom_dozen")


def good(name, quantity=0, **values):
    product = env["product.product"].create({"name": name, "default_code": name, "is_storable": True, **values})
    if quantity:
        env["stock.quant"]._update_available_quantity(product, stock, quantity)
    return product


def kit(name, *parts, **values):
    product = values.pop("product", None) or env["product.product"].create({"name": name, "default_code": name})
    env["mrp.bom"].create({
        "product_tmpl_id": product.product_tmpl_id.id, "type": "phantom", "bom_line_ids": [
            Command.create({"product_id": part.id, "product_qty": quantity}) for part, quantity in parts], **values})
    return product


def numbers(**values):
    env.flush_all()
    env.invalidate_all()
    found = find_kits(account, find_sources(account), **values)
    return {found.products.browse(id_).default_code: number for (_source, id_), number in found.quantities.items()}


def expected():
    env.flush_all()
    return {change.sku: change.quantity for change in ExpectedLevels(account).find_changes()[0]}


said = {}
cup, pen = good("CUP", 40), good("PEN", 7)
wrap = good("WRAP", is_storable=False)
kit("PLAIN", (cup, 1), (pen, 2), (wrap, 5))
kit("NESTED", (env["product.product"].search([("default_code", "=", "PLAIN")]), 2), (cup, 1))
# Two dozen cups make a dozen: 40 make 19 of them, for Odoo takes hundredths of a dozen from stock.
kit("DOZEN", (cup, 24), product_uom_id=dozen.id)
kit("WRAPS", (wrap, 2))
kit("WRAPS-STORED", (wrap, 2), product=good("WRAPS-STORED", 9))
said["numbers"] = numbers()
said["expected"] = expected()
explained = explain_level(location, env["product.product"].search([("default_code", "=", "PLAIN")]))
said["explained"] = [explained["quantity"], explained["notes"]]

# Combos of kits, whose items need the same cups.
def combo(name, *items):
    choices = env["product.combo"].create([
        {"name": item.name, "combo_item_ids": [Command.create({"product_id": item.id})]} for item in items])
    return env["product.product"].create(
        {"name": name, "default_code": name, "type": "combo", "combo_ids": choices.ids})


combo("FOUR", cup, kit("THREE", (cup, 3)))
combo = combo("COMBO", cup, env["product.product"].search([("default_code", "=", "PLAIN")]))
said["combos"] = [numbers()["FOUR"], numbers()["COMBO"]]
said["parts of combo"] = sorted(
    [env["product.product"].browse(part).default_code, quantity]
    for _kit, part, quantity in env.execute_query(components_sql(account, combo.ids)))
said["taken by combo"] = sorted(
    [env["product.product"].browse(part).default_code, quantity]
    for part, quantity in explode(account, [(combo.id, 2.0)])[combo.id, 2.0])

# As many queries for many kits as for one.
def queries(products):
    env.flush_all()
    env.invalidate_all()
    before = env.cr.sql_log_count
    corrections = compute_corrections(account, find_sources(account), products=products)
    explode(account, {(product, 3.0) for product in corrections.kits._ids})
    return env.cr.sql_log_count - before

before = [queries(None), queries(cup.ids)]
many = [kit(f"MANY-{number}", (cup, 1 + number), (pen, 1)) for number in range(30)]
said["queries"] = [queries(None) <= before[0], queries(cup.ids) <= before[1]]
said["narrow"] = len(compute_corrections(account, find_sources(account), products=wrap.ids).kits)

# An archived variant whose template is a kit: Odoo takes it apart or not, depending on what else it is asked about.
size = env["product.attribute"].create({"name": "Size", "create_variant": "always"})
values = env["product.attribute.value"].create([{"name": name, "attribute_id": size.id} for name in "SM"])
template = env["product.template"].create({"name": "Sized", "attribute_line_ids": [
    Command.create({"attribute_id": size.id, "value_ids": [Command.set(values.ids)]})]})
env["mrp.bom"].create({"product_tmpl_id": template.id, "type": "phantom", "bom_line_ids": [
    Command.create({"product_id": cup.id, "product_qty": 10})]})
odd = kit("ODD", (template.product_variant_ids[0], 1))
template.product_variant_ids[0].active = False
found = find_kits(account, find_sources(account))
said["odd"] = [found.by_odoo.mapped("default_code"), numbers()["ODD"], found.describe()]
expect = ExpectedLevels(account)
expect.find_changes()
said["told in the pass"] = list(expect.notes) == found.describe()

# A circle, which Odoo refuses and other ways of writing bring about.
ring = kit("RING", (cup, 1))
line = env["mrp.bom"].search([("product_tmpl_id", "=", ring.product_tmpl_id.id)]).bom_line_ids
env.flush_all()
env.cr.execute("UPDATE mrp_bom_line SET product_id = %s, product_tmpl_id = %s WHERE id = %s",
               [ring.id, ring.product_tmpl_id.id, line.id])
env.invalidate_all()
found = find_kits(account, find_sources(account))
said["circle"] = [found.circles.mapped("default_code"), numbers()["RING"], explode(account, [(ring.id, 1.0)]) != {}]

# Where another app changes how recipes are read, Odoo is asked for all of them: the numbers stay.
plain = numbers()
Bom = type(env["mrp.bom"])
explode_as_odoo = Bom.explode


def explode_otherwise(self, *args, **kwargs):
    return explode_as_odoo(self, *args, **kwargs)


explode_otherwise.__module__ = "odoo.addons.other.models.mrp_bom"
said["apps"] = find_changing_apps(env)
with patch.object(Bom, "explode", explode_otherwise):
    said["apps, one changed"] = find_changing_apps(env)
    changed = numbers()
    said["parts by odoo"] = sorted(quantity for _part, quantity in explode(account, [(combo.id, 2.0)])[combo.id, 2.0])
    found = find_kits(account, find_sources(account))
    said["all by odoo"] = [len(found.by_odoo), found.describe()[-1]]
said["changed"] = {sku: [plain[sku], changed.get(sku)] for sku in plain if plain[sku] != changed.get(sku)}
print(json.dumps(said))
"""


def test_numbers_of_kits_are_those_of_odoo(odoo_with_kits):
    said = json.loads(odoo_with_kits.run(WORLDS, {"seeds": 4}).splitlines()[-1])
    assert said["wrong"] == []
    assert min(said["checked"].values()) > 150
    assert said["nested"] > 200
    # Archived parts that are kits themselves are drawn now and then.
    assert said["by_odoo"] > 0


def test_what_is_left_to_odoo_and_what_odoo_has_no_number_of(odoo_with_kits):
    said = json.loads(odoo_with_kits.run(ODDITIES).splitlines()[-1])
    assert said["numbers"] == {"PLAIN": 3, "NESTED": 1, "DOZEN": 19}
    assert said["expected"] == {"CUP": 40, "PEN": 7, "PLAIN": 3, "NESTED": 1, "DOZEN": 19}
    assert said["explained"] == [
        3,
        ["The scarcest part is [PEN] PEN: there are 7 Units after waiting orders, and one takes 2."],
    ]
    assert said["combos"] == [10, 3]
    assert said["parts of combo"] == [["CUP", 2.0], ["PEN", 2.0]]
    assert said["taken by combo"] == [["CUP", 4.0], ["PEN", 4.0], ["WRAP", 10.0]]
    assert said["queries"] == [True, True]
    assert said["narrow"] == 3, "what has a number of all that a wrap is a part of, the combo included"
    [skus, number, [note]] = said["odd"]
    assert (skus, number) == (["ODD"], 4)
    assert "1 ([ODD] ODD)" in note
    assert said["told in the pass"] is True
    assert said["circle"] == [["RING"], 0, True]
    # Odoo drops the part of a dozen that is less than one.
    assert said["changed"] == {"DOZEN": [19, 12]}
    assert said["parts by odoo"] == [4.0, 4.0, 10.0]
    count, words = said["all by odoo"]
    assert count > 30
    assert words.endswith("bills of materials are read: odoo.addons.other.models.mrp_bom.")
    assert said["apps"] == []
    assert said["apps, one changed"] == ["odoo.addons.other.models.mrp_bom"]
