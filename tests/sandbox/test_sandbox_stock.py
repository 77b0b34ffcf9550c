"""Inventory, carts, products, ship methods, alerts and merchants over HTTP."""

import pytest


def level(sku="MUG-11OZ", quantity=5, **values):
    return {
        "sku": sku,
        "qty_available": quantity,
        "qty_on_hand": quantity,
        "warehouse": "EAST",
        "wms_datetime": "2026-03-09T10:00:00+00:00",
    } | values


def test_levels_are_absolute_by_sku_and_location(eim):
    assert eim.post("merchant/inventory", [level(), level(warehouse="WEST", quantity="7")]) == {"success_code": True}
    eim.post("merchant/inventory", [level(quantity=6), level("mug-11oz", 1)])
    assert [(one["sku"], one["warehouse"], one["qty_available"], one["pushes"]) for one in eim.control("levels")] == [
        ("MUG-11OZ", "EAST", 6, 2),
        ("MUG-11OZ", "WEST", 7, 1),
        ("mug-11oz", "EAST", 1, 1),
    ]
    assert [one["qty_on_hand"] for one in eim.control("levels?sku=MUG-11OZ&warehouse=WEST")] == [7]
    assert eim.control("state")["levels"] == 3


def test_what_new_orders_take_is_deducted_until_they_are_with_us(eim):
    eim.control("settings", {"locations": ["EAST", "WEST"]})
    eim.control("orders", {"cust_ref": "D", "items": [{"item": "ONLY-HERE", "quantity": "3"}]})
    eim.post("merchant/inventory", [level("ONLY-HERE", 10)])
    shown = eim.get("merchant/inventory/ONLY-HERE")["response"]
    assert (shown["qty_available"], shown["qty_on_hand"]) == (7, 10)
    assert [(one["warehouse"], one["qty_available"]) for one in shown["warehouses"].values()] == [("EAST", 10)]
    eim.update("D", order_status="at_wms")
    assert eim.get("merchant/inventory/ONLY-HERE")["response"]["qty_available"] == 10
    eim.control("orders/D", {"order_status": "new"})
    eim.control("settings", {"deduct_orders": False})
    assert eim.get("merchant/inventory/ONLY-HERE")["response"]["qty_available"] == 10


def test_inventory_is_read_page_by_page(eim):
    eim.post("merchant/inventory", [level(f"S{number}", number) for number in range(250)])
    skus, page = [], 1
    while found := eim.get("merchant/inventory", limit=100, page=page)["response"]:
        skus += [one["sku"] for one in found]
        page += 1
    assert len(skus) == len(set(skus)) == 250 + 14
    assert len(eim.get("merchant/inventory")["response"]) == 20


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (level(""), "sku"),
        (level(None), "sku"),
        (level(["A"]), "sku"),
        ("MUG-11OZ", "sku"),
        (level(quantity=-1), "qty_available"),
        (level(quantity=1.5), "qty_available"),
        (level(quantity="1.0"), "qty_available"),
        (level(quantity=None), "qty_available"),
        (level(quantity=True), "qty_available"),
        (level(qty_on_hand="x"), "qty_on_hand"),
        (level(warehouse="NORTH"), "warehouse"),
        (level(wms_datetime="2026-03-09 10:00:00"), "wms_datetime"),
    ],
)
def test_a_refused_level_does_not_hold_up_its_batch(eim, record, said):
    answer = eim.post("merchant/inventory", [record, level("CAP-NVY", 2)])
    assert answer["success_code"] is True
    assert answer["response"]["success"] == [{"sku": "CAP-NVY"}]
    [failed] = answer["response"]["failed"]
    assert failed["index_pos"] == 0 and said in failed["message"]
    assert [one["sku"] for one in eim.control("levels")] == ["CAP-NVY"]


def test_skus_and_batches_can_be_refused_by_setting(eim):
    eim.control("settings", {"refuse_skus": ["CAP-NVY"], "refuse_batches_with": ["MUG-11OZ"]})
    answer = eim.post("merchant/inventory", [level("CAP-NVY"), level("TEE-BLK-M")])
    assert answer["response"]["failed"] == [{"sku": "CAP-NVY", "index_pos": 0, "message": "SKU not found: CAP-NVY"}]
    assert eim.post("merchant/inventory", [level("TEE-BLK-L"), level()])["error_code"] == "Invalid"
    assert [one["sku"] for one in eim.control("levels")] == ["TEE-BLK-M"]


@pytest.mark.parametrize("body", [{}, [], level(), "x"])
def test_a_push_that_is_no_list_is_refused(eim, body):
    assert eim.post("merchant/inventory", body)["error_code"] == "Invalid"


def test_unknown_sku_is_refused_in_the_old_form(eim):
    for path in ("merchant/inventory/NOBODY", "merchant/product/NOBODY"):
        answer = eim.get(path)
        assert answer["success_code"] is False and "NOBODY" in answer["status_message"] and "message" not in answer


def test_a_sku_with_a_slash_is_one_part_of_the_path(eim):
    assert eim.get("merchant/product/STICKER%2F10")["response"]["aliases"] == [
        {"code_type": "UPC", "code": "614141000128"}
    ]
    assert eim.send("GET", "merchant/product/STICKER/10").status_code == 404


def test_locations_answer_under_one_spelling_that_can_be_moved(eim):
    spellings = ("merchant/warehouses", "merchant/warehouse/list", "merchant/warehouse")
    assert [eim.send("GET", path).status_code for path in spellings] == [404, 200, 404]
    eim.control("settings", {"paths": {"list_locations": "merchant/warehouse"}, "locations": ["EAST", "SOUTH"]})
    assert [eim.send("GET", path).status_code for path in spellings] == [404, 404, 200]
    locations = eim.get("merchant/warehouse")["response"]
    assert [(one["inventory_warehouse"], one["default"]) for one in locations] == [("EAST", "Y"), ("SOUTH", "N")]


@pytest.mark.parametrize(
    ("switch", "found"),
    [("made_up", "EIM NORTH"), ("as_given", " north"), ("default", "EAST")],
)
def test_an_unknown_location_of_a_push_is_taken_by_setting(eim, switch, found):
    eim.control("settings", {"unknown_locations": switch})
    assert eim.post("merchant/inventory", [level("NEW", warehouse=" north")]) == {"success_code": True}
    [shown] = eim.get("merchant/inventory/NEW")["response"]["warehouses"].values()
    assert shown["warehouse"] == found
    assert found in [one["inventory_warehouse"] for one in eim.get("merchant/warehouses")["response"]]


def test_the_key_that_names_the_location_is_a_setting(eim):
    eim.control("settings", {"wms_locations": {"WEST": ["W-2", "West wing"]}, "location_key": "wms_warehouse_id"})
    west = eim.get("merchant/warehouses")["response"][1]
    assert (west["wms_warehouse_id"], west["wms_warehouse_name"]) == ("W-2", "West wing")
    for key, name in (
        ("wms_warehouse_id", "W-2"),
        ("wms_warehouse_name", "West wing"),
        ("inventory_warehouse", "WEST"),
        ("inventory_warehouse_pk", west["pk"]),
    ):
        eim.control("settings", {"location_key": key})
        eim.post("merchant/inventory", [level(f"BY-{key}", warehouse=None) | {key: name}])
        eim.post("merchant/inventory", [level(f"OTHER-{key}", warehouse="WEST")])
        assert [one["warehouse"] for one in eim.control(f"levels?sku=BY-{key}")] == ["WEST"]
        assert [one["warehouse"] for one in eim.control(f"levels?sku=OTHER-{key}")] == ["EAST"], "no other key is read"


def test_a_location_can_be_taken_and_not_be_shown(eim):
    eim.control("settings", {"hide_locations": ["WEST"]})
    eim.post("merchant/inventory", [level("NEW"), level("NEW", warehouse="WEST")])
    assert [one["warehouse"] for one in eim.get("merchant/inventory/NEW")["response"]["warehouses"].values()] == [
        "EAST"
    ]


def test_carts_come_in_three_shapes(eim):
    sources = ["Shopify", "Amazon_US2", "BigCommerce", "Ebay_CA", "WooCommerce", "Etsy"]
    assert [cart["order_source"] for cart in eim.get("cart/list")["response"]] == sources
    eim.control("settings", {"carts_shape": "strings"})
    assert eim.get("cart/list")["response"] == sources
    eim.control("settings", {"carts_shape": "map", "carts": ["Shopify"]})
    assert [cart["order_source"] for cart in eim.get("cart/list")["response"].values()] == ["Shopify"]
    eim.control("settings", {"carts": []})
    assert eim.get("cart/list")["response"] == []
    eim.control("orders", {"order_source": "Faire_1"})
    assert list(eim.get("cart/list")["response"].values())[0]["order_source"] == "Faire_1"
    assert "Shopify" in eim.get("cart/listall")["response"]


def test_ship_methods(eim):
    assert {"carrier": "UPS", "code": "11", "description": "UPS Ground"} in eim.get("wms/shipmethod/list")["response"]
    assert eim.get("cart/shipmethod/list/Shopify")["response"][0] == {"cart_code": "Standard", "wms_code": None}
    assert eim.get("cart/shipmethod/list/BigCommerce")["response"][0] == {"cart_code": "UPS Ground", "wms_code": "11"}
    assert eim.get("cart/shipmethod/list/Nobody")["error_code"] == "Invalid"


def test_alerts_in_three_shapes_and_their_dismissal(eim):
    alerts = eim.get("merchant/alert/list")["response"]
    assert len(alerts) == 3 and {"alert_id", "subject", "message", "created_date_time"} <= set(alerts[0])
    eim.control("settings", {"alerts_shape": "second"})
    assert {"id", "title", "body", "date"} <= set(eim.get("merchant/alert/list")["response"][0])
    eim.control("settings", {"alerts_shape": "third"})
    assert {"pk", "type", "text"} <= set(eim.get("merchant/alert/list")["response"][0])
    number = eim.control("alerts", {"subject": "One more"})["alert_id"]
    answer = eim.post("merchant/alert/dismiss", [number, 1, "x"])
    assert answer["response"]["success"] == [{"id": number}] and len(answer["response"]["failed"]) == 2
    assert len(eim.get("merchant/alert/list")["response"]) == 3


def test_skipped_orders(eim):
    assert eim.get("merchant/orders/skipped")["response"][0]["cust_po_no"] == "0991"
    eim.control("skipped", {"cust_ref": "S2"})
    assert [one["cust_ref"] for one in eim.get("merchant/orders/skipped", limit=1, page=2)["response"]] == ["S2"]


def test_a_list_may_answer_where_an_order_or_a_status_could_be_named(eim):
    assert eim.get("merchant/orders/skipped")["response"][0]["cust_po_no"] == "0991"
    eim.control("settings", {"paths": {"list_skipped_orders": "merchant/orders/list/skipped"}})
    assert eim.get("merchant/orders/list/skipped")["response"][0]["cust_po_no"] == "0991"
    assert eim.get("merchant/orders/skipped")["message"] == "Order not found: skipped"
    eim.control("settings", {"paths": {"list_skipped_orders": "merchant/orders/skipped/list"}})
    assert eim.get("merchant/orders/list/skipped")["message"] == "Invalid order status: skipped"


def test_a_gateway_may_answer_for_unknown_paths(eim):
    eim.control("settings", {"unknown_paths": "gateway_403", "routes": {"update_order_status": "off"}})
    for answer in (eim.send("GET", "merchant/nothing"), eim.send("POST", "merchant/orders/update/A", json={})):
        assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html")
    assert eim.send("GET", "merchant/alert/list").status_code == 200


def test_an_inferred_route_can_be_off(eim):
    eim.control("settings", {"routes": {"list_alerts": "off", "list_locations": "off"}})
    assert eim.send("GET", "merchant/alert/list").status_code == 404
    assert eim.send("GET", "merchant/warehouse/list").status_code == 404
    eim.control("settings", {"routes": {"list_alerts": "on"}})
    assert eim.send("GET", "merchant/alert/list").status_code == 200


@pytest.mark.parametrize(
    "settings",
    [
        {"nothing": 1},
        {"routes": {"nothing": "on"}},
        {"routes": {"list_alerts": "maybe"}},
        {"paths": {"nothing": "a"}},
        {"carts_shape": "round"},
        {"unknown_paths": "500"},
        {"order_batches": "maybe"},
        {"alerts_shape": "round"},
        {"location_key": "round"},
        {"unknown_locations": "round"},
        {"random_faults": {"kinds": ["nothing"]}},
        [],
    ],
)
def test_an_unknown_setting_is_told(eim, settings):
    answer = eim.session.post(f"{eim.base_url}/sandbox/settings", json=settings)
    assert answer.status_code == 400 and answer.json()["error"]


def test_a_warehouse_key_acts_for_the_merchant_it_names(eim):
    warehouse = {"auth": ("warehouse", "warehouse-key")}
    merchants = eim.send("GET", "wms/merchant/list", **warehouse).json()["response"]
    assert [one["name"] for one in merchants] == ["Harbour Goods", "Pine & Co"]
    assert eim.get("wms/merchant/list")["error_code"] == "Invalid"
    assert eim.send("GET", "merchant/orders/list/new", **warehouse).json()["error_code"] == "Invalid"
    lists = [
        eim.send("GET", "merchant/orders/list/new", headers={"X-Merchant-Pk": one["merchant_pk"]}, **warehouse).json()
        for one in merchants
    ]
    references = [{order["cust_ref"] for order in answer["response"]} for answer in lists]
    assert [len(found) for found in references] == [10, 10] and references[0].isdisjoint(references[1])
    assert eim.control("state?merchant=7001")["orders"] == {"new": 10}
    assert eim.control("state")["orders"]["new"] == 42
