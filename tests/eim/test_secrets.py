"""Payment secrets survive nowhere, whatever a cart calls them and however deep they are."""

import json
import re
import unicodedata

import pytest
from eim_builders import raw_order
from hypothesis import given, settings
from hypothesis import strategies as st

from eim import sanitizing
from eim.sanitizing import clean, clean_text, is_secret
from eim.wire import Order

SECRETS = """
    credit_card_no cvv expiration_date check_account_no check_no check_bank_id check_cust_id_num
    pre_auth_code pre_auth_id pre_auth_amt ship_account_no ship_account_zip cc_last_four cc_number ccnum
    ccExp cardNumber card-number CARD_NO creditCardNO x_card_num billingcardnumber gift_card_no
    payment_card cardholder_name cvv2 cvc CVC2 cvn csc security_code cardSecurityCode verification_value
    exp_month expYear expiry expirationdate card_exp exp iban IBAN_code bank_account_no bankname
    routing_number sort_code acct_no accountNumber account_number third_party_account fedex_account
    payment_token stripeToken token_sw paymentNonce payment_info payments payment_intent auth_code
    authorization_code preauthid pan bic swift_code api_key apiKey secret client_secret password
    passphrase last4 last_four ssn track_data c_v_v kreditkartennummer ｃｖｖ check checkNo cheque_number
    ach_account wallet
""".split()

HARMLESS = """
    cust_ref cust_po_no order_source pay_type payment_method payment_type payment_status checkout_id
    checked_by currency ccy credit_score credit_error_code tracking_no tracking_no_secondary item aliases
    ship_company ship_zip expected_delivery_date lot_expiration_date account_manager routing_sw
    carton_code cass_code_cust discard postcard cardboard_boxes accepted_by_region transaction_id author
    company custom_field_1 customer_id phone shipping_handling sscc_barcode bill_of_lading promo_code
    gift_message special_services ani_phone inventory_warehouse_pk pin_code
""".split()


CARD = "4111111111111111"
texts = st.text(st.characters(), max_size=20) | st.sampled_from([CARD, "a\x00b", "\ud800", "plain"])
# What is masked because a card number stands beside it, is told in ``test_card_numbers``.
lone_texts = texts.filter(lambda text: text == CARD or not re.search(r"\d", unicodedata.normalize("NFKC", text)))
names = st.sampled_from([*SECRETS, *HARMLESS, "note", "note\x00", "no\ud800te", "cvv\x00", "k" * 300]) | texts
names = names.filter(lambda name: clean_text(name).lower() not in ("value", "v", "aliases"))  # below
trees = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | lone_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=15,
)


def kept_of(tree, looked_up=False):
    """Return what the rule says is kept of a tree without named pairs, judged value by value."""
    if isinstance(tree, list):
        return [kept_of(item, looked_up) for item in tree]
    if isinstance(tree, str):
        return clean_text(tree, looked_up)
    if not isinstance(tree, dict):
        return tree
    kept = {}
    for name, value in tree.items():
        shown = clean_text(name)
        if len(name) <= sanitizing.MAX_KEY and not is_secret(shown):
            kept[shown] = kept_of(value, bool(sanitizing._LOOKED_UP.fullmatch(sanitizing._words(shown))))
    return kept


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(names, trees, max_size=6), min_size=1, max_size=3))
def test_a_field_stays_unless_its_name_is_secret_whatever_was_cleaned_before(records):
    records = [*records, *reversed(records), *({name: None for name in record} for record in records)]
    assert [clean(record) for record in records] == [kept_of(record) for record in records]


def test_what_is_remembered_of_fields_is_little_and_holds_no_value():
    for number in range(1_000):
        clean({f"field_{number}": "SENTINEL", "note": "SENTINEL 4111111111111111", "cvv": "SENTINEL"})
        clean({f"{'x' * 150}_{number}_{field}": "SENTINEL" for field in range(100)})
    assert "SENTINEL" not in repr((sanitizing._layouts, sanitizing._judged))
    assert len(sanitizing._judged) <= sanitizing._MAX_JUDGED
    assert len(sanitizing._layouts) <= sanitizing._MAX_LAYOUTS
    assert all(sum(map(len, keys)) <= sanitizing._MAX_LAYOUT for keys in sanitizing._layouts)


@pytest.mark.parametrize("name", SECRETS)
def test_secret_names(name):
    assert is_secret(name)
    assert is_secret(name.upper())
    assert is_secret(f" _{name}- ")


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_names(name):
    assert not is_secret(name)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(SECRETS),
    st.lists(st.sampled_from(["items", "extra", "shipments", "note"]), max_size=6),
    st.data(),
)
def test_no_secret_survives_at_any_depth(name, path, data):
    value = data.draw(st.sampled_from(["SENTINEL", ["SENTINEL"], {"number": "SENTINEL"}, {"a": [{"b": "SENTINEL"}]}]))
    tree = {
        data.draw(st.sampled_from([name, name.upper(), name + "\x00", f" {name} "])): value,
        "kept": "yes",
    }
    for step in path:
        tree = {step: data.draw(st.sampled_from([tree, [tree], [[tree]]]))}
    order = Order.parse(raw_order(outer=tree))
    assert "SENTINEL" not in repr(order)
    assert '"kept":"yes"' in order.payload


def test_attributes_in_pairs():
    pairs = [{"name": "Card Number", "value": "SENTINEL"}, {"name": "colour", "value": "red"}]
    assert clean({"attributes": pairs}) == {"attributes": [{"name": "Card Number"}, {"name": "colour", "value": "red"}]}


@pytest.mark.parametrize(
    "pair",
    [
        {"name": "card number", "value": "SENTINEL"},
        {"Value": "SENTINEL", "Key": "CVV"},
        {"label": "Card Holder", "content": ["SENTINEL"]},
        {"id": 7, "fieldName": "card-number", "fieldValue": "SENTINEL"},
        {"question": "Expiry date", "answer": "SENTINEL", "required": True, "position": 3},
        {"k": "cvv", "v": "SENTINEL"},
        {"left": "Security code", "right": {"a": "SENTINEL"}},
        [["cvv", "SENTINEL 123"], ["colour", "red"]],
        ["colour", "red", "card no", "SENTINEL 1"],
    ],
)
def test_a_pair_of_a_name_and_its_value_under_any_wording(pair):
    order = Order.parse(
        raw_order(order_extras=[pair], extra=json.dumps(pair), nested=json.dumps({"a": json.dumps(pair)}))
    )
    assert "SENTINEL" not in repr(order)
    assert clean(clean({"extra": pair})) == clean({"extra": pair})


@pytest.mark.parametrize(
    "pair",
    [
        {"name": "gift wrap", "value": "yes"},
        {"item": "PIN-1", "quantity": "1"},
        {"code_type": "UPC", "code": "PIN-1"},
        {"subject": "Card declined", "message": "Ask the buyer"},
        ["red", "2"],
    ],
)
def test_other_pairs_stay(pair):
    assert clean({"extra": [pair]}) == {"extra": [pair]}


@pytest.mark.parametrize(
    "text",
    [
        '{"cvv": "SENTINEL", "kept": "yes"}',
        'extra: {"a": [{"card_holder": "SENTINEL"}], "kept": "yes"} and more',
        '{"a": "{\\"cvv\\": \\"SENTINEL\\", \\"kept\\": \\"yes\\"}"}',
        '{"kept": "yes", "outer": {"cvv": "SENTINEL", "cut o',
        '{"kept": "yes", "o": {"cvv": "SENTINEL"}, "o": 1}',
        "{'kept': 'yes', 'cvv': 'SENTINEL'}",
        'a:2:{s:4:"kept";s:3:"yes";s:3:"cvv";s:8:"SENTINEL";}',
        "kept=yes&card_holder=SENTINEL&x=1",
        "<order><kept>yes</kept><cardholder>Mr SENTINEL</cardholder></order>",
    ],
)
def test_named_secrets_inside_a_text(text):
    order = Order.parse(raw_order(custom_field_1=text, gift_message=f"see {text}"))
    assert "SENTINEL" not in repr(order)
    assert "yes" in order.custom_fields[0] and "yes" in order.gift_message


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "378282246310005",
        "3782 822463 10005",
    ],
)
def test_card_numbers_in_what_people_type_are_masked(number):
    raw = raw_order(shipping_instructions=f"use {number}, please", custom_field_2=number, cust_po_no=number)
    raw["items"][0]["line_comment"] = f"card:{number}"
    order = Order.parse(raw)
    assert order.shipping_instructions == "use ****, please"
    assert order.custom_fields[1] == "****"
    assert order.lines[0].comment == "card:****"
    assert order.cust_po_no == number  # orders are looked up by it, whatever it looks like


@pytest.mark.parametrize("number", ["4111111111111112", "4006381333931", "94001111111111111111", "+49 170 1234567"])
def test_other_numbers_stay(number):
    assert Order.parse(raw_order(gift_message=number)).gift_message == number


def test_payload_keeps_unknown_fields():
    kept = json.loads(Order.parse(raw_order(new_field={"a": [1, 2.5, None, True]})).payload)
    assert kept["new_field"] == {"a": [1, 2.5, None, True]}
