"""A card number stands nowhere but in what something is looked up by, however and wherever it is written."""

import json
import re
import unicodedata
from datetime import datetime

import pytest
from eim_builders import raw_order
from eim_service import ok, refusal
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eim.card_numbers import MASK, is_card_number, mask
from eim.errors import Refused
from eim.sanitizing import clean, clean_text, redact
from eim.wire import Level, Order, OrderStatus

VISA = "4111111111111111"
LENGTHS = {
    "4": (13, 16, 19), "51": (16,), "55": (16,), "2221": (16,), "2720": (16,), "34": (15,), "37": (15,),
    "300": (14, 16), "36": (14,), "38": (14,), "3528": (16, 19), "6011": (16, 19), "65": (16,), "62": (16, 17, 18, 19),
    "2200": (16,), "5018": (12, 15, 19), "6304": (12, 16), "6062": (16,),
}  # fmt: skip
LOOKED_UP = """
    cust_ref cust_po_no item alt_sku sku upc line_item_id lot_number lot_code serial_no sscc_barcode bill_of_lading
    tracking_no tracking_no_secondary cust_phone ship_phone phone
""".split()
OTHERS = """
    custom_field_1 po_number customer_id ship_company cust_address_1 ship_code_description gift_message Description code
    promo_code location brand_new_field value order_extras pay_type error_msg cust_e_mail itemized phone_call
""".split()
PLAIN_SEPARATORS = [
    " ", "-", " - ", "  ", "\t", "\n", "_", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{EN DASH}",
    "\N{EM DASH}", "\N{HYPHEN}", "\N{NON-BREAKING HYPHEN}", "\N{MINUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{ZERO WIDTH SPACE}", "\N{SOFT HYPHEN}", "\N{IDEOGRAPHIC SPACE}",
]  # fmt: skip
SEPARATORS = [*PLAIN_SEPARATORS, ".", "/", ", ", "*", "&nbsp;", "\N{BULLET}", ":", "\x00 "]
SCRIPTS = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "⁰¹²³⁴⁵⁶⁷⁸⁹", "⓪①②③④⑤⑥⑦⑧⑨"]


def with_check(digits, weights=(2, 1)):
    """Return ``digits`` and their check digit: Luhn's, or a GTIN's with the weights 3 and 1."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        product = int(digit) * weights[position % 2]
        total += product if weights[0] == 3 else sum(divmod(product, 10))
    return f"{digits}{-total % 10}"


@st.composite
def numbers(draw):
    prefix = draw(st.sampled_from(sorted(LENGTHS)))
    length = draw(st.sampled_from(LENGTHS[prefix]))
    rest = draw(st.text("0123456789", min_size=length - len(prefix) - 1, max_size=length - len(prefix) - 1))
    number = with_check(prefix + rest)
    assume(length > 13 or number != with_check(number[:-1], (3, 1)))  # else it is a GTIN, too
    return number


@st.composite
def written(draw, number):
    """Return a number as people and programs write it."""
    size = draw(st.sampled_from([len(number), 4, 4, 4, 1, 2, 5, 0]))
    if size:
        groups = [number[start : start + size] for start in range(0, len(number), size)]
        # A few digits in a row may be a time, an address, anything, where not the same stands between them.
        separator = st.just(draw(st.sampled_from(SEPARATORS)))
        separator = st.sampled_from(SEPARATORS) if size >= 4 else separator
    elif len(number) in (14, 15):
        groups = [number[:4], number[4:10], number[10:]]
        separator = st.sampled_from(SEPARATORS)
    else:
        cut = draw(st.integers(5, len(number) - 4))
        groups = [number[:cut], number[cut:]]
        separator = st.sampled_from(PLAIN_SEPARATORS if len(number) > 13 else [""])
    digits = draw(st.sampled_from(SCRIPTS))
    text = groups[0]
    for group in groups[1:]:
        text += draw(separator) + group
    assume("&" not in text or digits[0] == "0")
    return text.translate(str.maketrans("0123456789", digits))


def _in_json(text):
    return json.dumps({"a": [{"b": text}], "c": 1})


WRAPPERS = [
    lambda text: text,
    lambda text: f"use {text}, please",
    lambda text: f"x{text}x",
    lambda text: [text],
    lambda text: {"a": text},
    lambda text: {"name": "note", "value": text},
    lambda text: {text: "x"},
    lambda text: {f"no. {text}": {"a": 1}},
    _in_json,
    lambda text: f"extra: {_in_json(_in_json(text))} and more",
    lambda text: json.dumps({text: 1}),
    lambda text: _in_json(text)[:-4],
    lambda text: f"a=1&b={text}&c=",
    lambda text: f"<a><b>{text}</b></a>",
    lambda text: "Zoë Ångström: " + text,
    lambda text: "long " * 30 + text,
]


def digits_of(text):
    text = re.sub(r"\\+(?:u([0-9a-f]{4})|[nrt])", lambda found: chr(int(found[1] or "20", 16)), text)
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(int(char)) for char in text if char.isdecimal())


@settings(max_examples=600, deadline=None)
@given(st.data(), numbers(), st.sampled_from(OTHERS), st.sampled_from(WRAPPERS), st.integers(0, 6))
def test_a_card_number_stands_nowhere_whatever_the_field_depth_separator_and_wrapper(data, number, name, wrap, depth):
    tree = {name: wrap(data.draw(written(number)))}
    for _ in range(depth):
        step = data.draw(st.sampled_from(["extra", "items_x", "shipments_x"]))
        tree = {step: data.draw(st.sampled_from([tree, [tree], [[tree]]])), "kept": "yes"}
    raw = raw_order(created_date_time=None, order_date=None, **tree)
    order = Order.parse(raw)
    kept = json.loads(order.payload)
    told = json.dumps(
        [kept, order.custom_fields, order.gift_message, order.problems, order.oddities], ensure_ascii=False
    )
    assert number not in digits_of(told)
    assert number not in digits_of(redact(raw))
    assert clean(kept) == kept
    assert not depth or kept.get("kept") == "yes"


@settings(max_examples=300, deadline=None)
@given(st.data(), numbers(), st.sampled_from(LOOKED_UP))
def test_what_something_is_looked_up_by_stays_to_the_character(data, number, name):
    text = data.draw(written(number)).replace("\x00", "")
    value = data.draw(st.sampled_from([text, int(number)]))
    for tree in ({name: value}, {"a": [{name: value, "b": "c"}]}, {name: [value, value]}):
        assert clean(tree) == tree
    aliases = {"aliases": [{"code_type": "UPC", "code": value}, {"code_type": "EAN", "code": value}]}
    assert clean(aliases) == aliases
    assert clean({"aliases": {"UPC": value}}) == {"aliases": {"UPC": value}}
    assert number not in digits_of(repr(clean({"aliases": [{"code": "x", "note": value}], "code": value})))


@settings(max_examples=300, deadline=None)
@given(st.integers(10, 24), st.sampled_from(sorted(LENGTHS)), st.data())
def test_only_lengths_that_the_network_issues_are_masked(length, prefix, data):
    rest = data.draw(st.text("0123456789", min_size=length - len(prefix) - 1, max_size=length - len(prefix) - 1))
    number = with_check(prefix + rest)
    masked = clean_text(number) == MASK
    assert masked or length not in LENGTHS[prefix] or length < 14
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert clean_text(wrong) == wrong
    if prefix in ("4", "51", "55", "2221", "2720", "34", "37", "2200") and length not in (*LENGTHS[prefix], 17, 18, 19):
        assert not masked


def test_numbers_of_the_networks():
    for number in (
        "4222222222222", VISA, "5555555555554444", "2223003122003222", "378282246310005", "30569309025904",
        "38520000023237", "3530111333300000", "6011111111111117", "6200000000000005", "6759649826438453",
        "2200000000000004",
    ):  # fmt: skip
        assert is_card_number(number) and clean_text(number) == MASK


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"{VISA} 12/27 123", "****"),
        (f"123 / 12-2027 / {VISA}, thanks", "****, thanks"),
        (f"card {VISA}, exp 12/27, cvv 123 please", "card ****, exp **, cvv ** please"),
        (f"CVV: 737. Number: {VISA}; valid thru 1129", "CVV: **. Number: ****; valid thru **"),
        (f"Security code is 1234 ({VISA}) expires Dec 2027", "Security code is ** (****) expires **"),
        (f";{VISA}=27121010000012300000?", ";****?"),
        (f"%B{VISA}^DOE/JOHN^2712101000?", "%B****?"),
        (f"2 boxes, {VISA}, 100.00", "2 boxes, ****, 100.00"),
        ("５５５５－５５５５－５５５５－４４４４　１２／２７", "****"),
        (f"{VISA} 5555555555554444", "**** ****"),
    ],
)
def test_expiry_and_cvv_go_with_the_number_they_stand_beside(text, masked):
    assert clean_text(text) == masked
    assert mask(masked) is masked


def test_expiry_and_cvv_in_the_fields_beside():
    raw = {
        "custom_field_1": VISA, "custom_field_2": "12/27", "custom_field_3": "123", "gift_message": "cvv 737, thanks",
        "location": "123", "quantity": 123, "order_date": "2024-12-27",
    }  # fmt: skip
    kept = {"custom_field_2": "****", "custom_field_3": "****", "gift_message": "cvv **, thanks"}
    assert clean(raw) == raw | kept | {"custom_field_1": "****"}
    assert clean([VISA, "12/27", 123, "Mary"]) == ["****", "****", "****", "Mary"]
    assert clean({"a": {VISA: "12/27"}}) == {"a": {"****": "****"}}


def test_an_order_number_of_amazon_whose_end_could_be_a_card_stays():
    assert clean_text("365-3657000-0000000") == "365-3657000-0000000"
    assert clean_text("3657000-0000000") == "****"


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex("[2-9][0-9]{2}[2-9][0-9]{8}", fullmatch=True),
    st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31)),
    st.data(),
)
def test_ordinary_data_of_orders_stays(digits, moment, data):
    us = f"{digits[:3]}-{digits[3:6]}-{digits[6:10]}"
    texts = [
        with_check(digits, (3, 1)),
        with_check(digits[:11], (3, 1)),
        f"+{digits}", f"+49 {digits[:3]} {digits[3:]}", us, f"{us} {us}", f"{us} / {us}", f"({us[:3]}) {us[4:]}, {us}",
        f"{digits[:3]}-{digits[:7]}-{digits[5:]}",
        f"{moment}", f"{moment}+00:00", f"{moment.isoformat()}+00:00", f"{moment.isoformat()}Z",
        f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%Y-%m-%d} {moment:%Y-%m-%d}", f"{moment:%d-%m-%Y} {moment:%d-%m-%Y}",
        f"0.{digits}4111", f"12.{digits}411", f"{digits[:5]}-{digits[5:9]}", f"43.{digits[:6]},-79.{digits[6:]}",
    ]  # fmt: skip
    text = data.draw(st.sampled_from(texts))
    assert clean_text(text) == text
    assert Order.parse(raw_order(brand_new_field=text)).payload.count(json.dumps(text)) == 1


@pytest.mark.parametrize("written_so", [VISA, "4111 1111 1111 1111", "４１１１–１１１１–１１１１–１１１１"])
def test_eims_words_alerts_and_failures_say_no_card_number(service, connect, written_so):
    service.script = [
        refusal(
            f"Bad card {written_so} cvv 737", code=written_so, error_response={"card": "1", "a": f"no {written_so}"}
        ),
        refusal("", status_message=json.dumps({"cvv": "737", "text": written_so})),
        ok([{"alert_id": VISA, "subject": f"Card {written_so}", "message": f"{written_so} 12/27", "cust_ref": VISA}]),
        ok({"success": [], "failed": [{"sku": VISA, "message": f"no {written_so}"}]}),
        ok([{"code": "50", "description": f"FedEx {written_so}"}]),
    ]
    client = connect()
    level = Level(VISA, "EAST", 1, 1, datetime(2024, 3, 1))
    with pytest.raises(Refused) as refused:
        client.list_ship_methods()
    error = refused.value
    assert (error.message, error.code, error.detail) == ("Bad card **** cvv **", "****", '{"a": "no ****"}')
    with pytest.raises(Refused) as refused:
        client.list_ship_methods()
    assert refused.value.message == '{"text":"****"}'
    (alert,) = client.list_alerts()
    assert (alert.remote_id, alert.cust_ref) == (VISA, VISA)
    assert (alert.subject, alert.message) == ("Card ****", "****")
    (failure,) = client.push_inventory([level]).failures
    assert (failure.key, failure.message) == (VISA, "no ****")
    assert client.list_ship_methods()[0].description == "FedEx ****"


def test_what_is_read_of_an_orders_status_is_clean_but_for_what_it_is_known_by():
    parcel = {"carrier": VISA, "tracking_no": VISA, "items": [{"item": VISA, "quantity": "1", "lot_code": VISA}]}
    status = OrderStatus.parse({"cust_ref": VISA, "order_status": "shipped", "shipments": [parcel]})
    (shipment,) = status.shipments
    assert (status.cust_ref, shipment.tracking_no, shipment.carrier) == (VISA, VISA, "****")
    assert (shipment.items[0].sku, shipment.items[0].lot_code) == (VISA, VISA)
