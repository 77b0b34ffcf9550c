"""What a call would send is what it sends, and finding it out sends nothing; calls are watched without being lost."""

from datetime import datetime

import pytest
from eim_service import ok

from eim.client import EimClient
from eim.errors import EimError
from eim.preview import Preview, Request, preview
from eim.wire import Level, Shipment, ShipmentItem

WHEN = datetime(2024, 3, 1)
PARCEL = Shipment("UPS", "Ground", "1Z", WHEN, (ShipmentItem("MUG", 1),))
CALLS = {
    "acknowledge": lambda client: client.acknowledge("A/1"),
    "batch_update_order_status": lambda client: client.acknowledge_batch(["A/1"]),
    "ship": lambda client: client.ship("A/1", [PARCEL]),
    "push_inventory": lambda client: client.push_inventory([Level("MUG", "EAST", 1, 1, WHEN)]),
    "dismiss_alerts": lambda client: client.dismiss_alerts(["7"]),
    "cancel_order_in_cart": lambda client: client.cancel_order_in_cart("A/1"),
}
OVERRIDES = {"batch_update_order_status": "merchant/orders/update", "cancel_order_in_cart": "merchant/orders/cancel"}


def unsent():
    return EimClient("http://127.0.0.1:9", "user", "key", overrides=OVERRIDES, transport=Preview())


@pytest.mark.parametrize("name", CALLS)
def test_what_is_shown_is_what_is_sent(name, service, connect):
    request = preview(unsent(), CALLS[name])
    assert isinstance(request, Request) and request.route == name
    service.script = [ok(None)]
    CALLS[name](connect(overrides=OVERRIDES))
    [(method, path, _headers, body)] = service.requests
    assert (request.method, f"/v1/{request.path}", request.body) == (method, path, body)


def test_what_cannot_be_sent_says_why():
    with pytest.raises(ValueError, match="without shipments"):
        preview(unsent(), lambda client: client.ship("A/1", []))
    with pytest.raises(EimError, match="No path is known"):
        client = EimClient("http://127.0.0.1:9", "user", "key", transport=Preview())
        preview(client, CALLS["cancel_order_in_cart"])
    with pytest.raises(ValueError, match="Nothing would be sent"):
        preview(unsent(), lambda client: None)


def test_calls_are_watched_and_told_as_before(service, connect):
    told = []
    client = connect(on_call=told.append)
    service.script = [ok(None), ok(None), ok(None)]
    client.acknowledge("A")
    with client.watched() as calls:
        client.acknowledge("B")
    client.acknowledge("C")
    assert [call.path.rpartition("/")[2] for call in calls] == ["B"]
    assert [call.path.rpartition("/")[2] for call in told] == ["A", "B", "C"]
