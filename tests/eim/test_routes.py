import pytest

from eim.client import EimClient
from eim.routes import MARKS, ROUTES, check_override, fill


def test_the_table():
    for name, route in ROUTES.items():
        assert route.name == name
        assert route.inferred == MARKS[route.mark]
        assert route.writes == (route.method == "POST")
        for path in route.paths:
            assert check_override(name, path) == path


def test_what_can_wait_leaves_tokens():
    waits = {name for name, route in ROUTES.items() if route.reserve}
    assert waits == {
        "acknowledge",
        "batch_update_order_status",
        "push_inventory",
        "list_inventory",
        "get_inventory",
    }


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a/b?c#d%2F é+", "x/a%2Fb%3Fc%23d%252F%20%C3%A9%2B"),
        (156, "x/156"),
        ("{cust_ref}", "x/%7Bcust_ref%7D"),
    ],
)
def test_parts_are_encoded(value, path):
    assert fill("x/{cust_ref}", {"cust_ref": value}) == path


@pytest.mark.parametrize("value", ["", ".", "..", "\ud800"])
def test_parts_that_no_path_can_carry(value):
    with pytest.raises(ValueError):
        fill("x/{cust_ref}", {"cust_ref": value})


@pytest.mark.parametrize("path", ["/v1/a/{cust_ref}/", "a/{cust_ref}"])
def test_an_override_is_brought_into_form(path):
    assert check_override("ship", path) == "a/{cust_ref}"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("nonsense", "a"),
        ("ship", "a"),
        ("ship", "a/{sku}"),
        ("ship", "a/{cust_ref}/{cust_ref}"),
        ("list_carts", "a/{x}"),
        ("list_carts", "https://evil.example/a"),
        ("list_carts", "//evil.example/a"),
        ("list_carts", "a/../b"),
        ("list_carts", "a?b=c"),
        ("list_carts", ""),
        ("list_carts", "a b"),
        ("ship", "a/{cust_ref!r}"),
        ("ship", "a/{cust_ref.__class__}"),
    ],
)
def test_an_override_that_is_no_path_is_refused(name, path):
    with pytest.raises(ValueError):
        check_override(name, path)


def test_a_client_refuses_it_too():
    with pytest.raises(ValueError):
        EimClient("https://api.example.com", "u", "k", overrides={"ship": "a"})
