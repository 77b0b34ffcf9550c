"""What is sent to EIM is written strictly."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from eim.wire import (
    LOCATION_KEYS,
    Level,
    Shipment,
    ShipmentItem,
)


def parcel(**changes):
    values = {
        "carrier": "UPS",
        "method": "Ground",
        "tracking_no": "1Z9",
        "date": datetime(2024, 3, 2, 8),
        "items": (ShipmentItem("PEN-1", Decimal("2.0")),),
    }
    return Shipment(**(values | changes))


def test_a_parcel_is_written():
    assert parcel(weight_lbs=Decimal("0.50")).to_wire() == {
        "carrier": "UPS",
        "method": "Ground",
        "tracking_no": "1Z9",
        "date": "2024-03-02T08:00:00+00:00",
        "package_weight_lbs": "0.50",
        "items": [{"item": "PEN-1", "quantity": 2}],
    }
    assert parcel(items=(ShipmentItem("X", Decimal("2.50"), lot_code="L"),)).to_wire()["items"] == [
        {"item": "X", "quantity": "2.50", "lot_code": "L"}
    ]


def test_cartons_labels_and_second_numbers_are_written_and_read_back():
    box = (Decimal("20.0"), Decimal("10"), Decimal("5.5"))
    item = ShipmentItem("X", Decimal(2), carton_num="2", carton_code="C", box=box, weight_lbs=Decimal("1.5"))
    told = parcel(items=(item,), secondary_no="1Z8", sscc="003404341610940222", bill_of_lading="BOL", box=box)
    written = told.to_wire()
    assert written["tracking_no_secondary"] == "1Z8"
    assert written["sscc_barcode"] == "003404341610940222"
    assert written["bill_of_lading"] == "BOL"
    assert [written[f"box_{side}_in"] for side in ("length", "width", "height")] == ["20.0", "10", "5.5"]
    assert written["items"][0]["carton_num"] == "2"
    assert written["items"][0]["package_weight_lbs"] == "1.5"
    assert Shipment.parse_all([written], []) == (told,)
    assert Shipment.parse_all([{"box_length_in": "1", "items": []}], [])[0].box is None


@pytest.mark.parametrize(
    "items",
    [
        (),
        (ShipmentItem("A", Decimal(0)),),
        (ShipmentItem("A", Decimal(-1)),),
        (ShipmentItem("", Decimal(1)),),
        (ShipmentItem("A", Decimal("NaN")),),
        (ShipmentItem("A", None),),
        (ShipmentItem("A\x00", Decimal(1)),),
    ],
)
def test_a_parcel_that_says_nothing_is_not_written(items):
    with pytest.raises(ValueError):
        parcel(items=items).to_wire()


def test_a_level_is_written():
    zone = timezone(timedelta(hours=2))
    assert Level("A", "EAST", 3, 5, datetime(2024, 3, 2, 8, tzinfo=zone)).to_wire() == {
        "sku": "A",
        "warehouse": "EAST",
        "qty_available": 3,
        "qty_on_hand": 5,
        "wms_datetime": "2024-03-02T06:00:00+00:00",
    }


def test_a_level_names_its_location_under_the_key_that_is_chosen():
    level = Level("A", "3101", 3, 5, datetime(2024, 3, 2))
    for chosen, key in LOCATION_KEYS.items():
        written = level.to_wire(chosen)
        assert {name: value for name, value in written.items() if value == "3101"} == {key: "3101"}


@pytest.mark.parametrize("change", [{"sku": ""}, {"location": " "}, {"qty_available": -1}, {"qty_on_hand": 1.0}])
def test_a_level_that_cannot_be_is_not_written(change):
    values = {"sku": "A", "location": "EAST", "qty_available": 1, "qty_on_hand": 1, "moment": date.today()}
    with pytest.raises(ValueError):
        Level(**(values | change)).to_wire()
