"""What is done to data before it is kept: payment secrets dropped, text made storable, and for the log all but
what is technical hidden.

One pass over the tree, made for orders of some 200 fields: a field's name is judged once and remembered, and
a text is rewritten only when it holds something that must go.
"""

import json
import math
import re
import unicodedata

from .errors import EimError, Unreadable

MAX_TEXT = 10_000  # characters of one text; longer ones end in an ellipsis
MAX_KEY = 200  # characters of a field's name; a longer one is no field of anybody's
MAX_DEPTH = 20  # deeper than this is replaced by null
MAX_NODES = 200_000  # values of one record; beyond, the record is refused (never cut: lines would be missing)
MAX_INTEGER_BITS = 128

# NUL and lone surrogates, which PostgreSQL refuses, and the control characters that XML refuses
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

# A field's name is compared as lower-case words joined by "_" (cardNo, CARD-NO and "card no" are card_no).
# The rule is wider than the contract's list (credit_card_no, cvv, expiration_date, check_*, pre_auth_*,
# ship_account_no), because a new cart brings names of its own and a field dropped in vain is read by nobody.
# What describes without revealing stays: pay_type, payment_method, payment_status, credit_score, checkout_id,
# transaction_id, routing_sw, lot_expiration_date.
_SECRET = re.compile(
    r"""
    (?:^|_)(?:
        cc(?!y(?:_|$))[a-z0-9]*                                   # cc_last_four, ccnum; not ccy, a currency
      | (?:credit|debit|gift|bank|pay|payment)?cards?(?!board|inal|io|igan)[a-z0-9]*
      | [a-z0-9]*(?:credit|debit)card[a-z0-9]*
      | [a-z0-9]+card(?:no|num|code|exp|holder|cv|pin|last|data)[a-z0-9]*
      | cv[vcnd][a-z0-9]* | csc
      | pan(?:_|$) | iban[a-z0-9]* | bic(?:_|$) | swift(?:_?code)?(?:_\d+)?$
      | aba(?:_|$) | ach(?:_|$) | sepa(?:_|$)
      | pin(?:_\d+)?$ | ssn(?:_|$) | bank[a-z0-9]* | sort_?code | routing_?(?:no|nr|num|code)[a-z0-9]*
      | check_?(?:no|nr|num|number|account|acct|bank|cust|type|routing)(?:_|$) | cheques?(?:_|$)
      | pre_?auth[a-z0-9]* | o?auth(?:_|$|code|id|key) | authori[sz]ation[a-z0-9]*
      | [a-z0-9]*token[a-z0-9]* | nonce | [a-z0-9]*cryptogram[a-z0-9]* | wallet
      | pass(?:word|wd|phrase)[a-z0-9]* | pwd | [a-z0-9]*secret[a-z0-9]* | credentials?
      | (?:api|private|access)_?key
      | (?:security|verification)_?(?:code|value|no|num)[a-z0-9]*
      | last_?(?:4|four) | track_?(?:data|[12])(?:_|$)
      | payments?(?:_\d+)?$ | payment_?(?:info|details?|data|nonce|intent|instrument|source|profile)[a-z0-9]*
      | (?:account|acct)_?(?:no|nr|num|zip|code)[a-z0-9]* | (?:account|acct)(?:_\d+)?$
      | (?:ship|carrier|freight|third_party|collect|ups|usps|fedex|dhl)_?(?:account|acct)[a-z0-9]*
      | kreditkart[a-z]* | kartennummer | kontonummer | tarjeta | carte_bancaire | numero_carte
    )
    | ^check(?:_|$)
    """,
    re.VERBOSE,
)
_SECRET_SQUEEZED = re.compile("creditcard|debitcard|cardnum|cvv|preauth|shipaccount|checkaccount|accountnum|routingnum")
_EXPIRY = re.compile(r"expir|(?:^|_)exp(?:_?(?:date|dt|month|mon|mo|mm|year|yr|yy|yyyy|my))?(?:_|$)")
_EXPIRY_OF_GOODS = re.compile(
    r"(?:^|_)(?:lot|batch|serial|product|item|stock|shelf|offer|promo|coupon|quote|hold)(?:_|$)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")

# Where people type: a card number is masked there, and only there, because a reference, a tracking number or
# a phone may by chance look like one. Networks' prefixes and the check digit keep other numbers.
_FREE_TEXT = re.compile(
    r"(?:^|_)(?:notes?|comments?|messages?|msg|instructions?|remarks?|memo|custom|values?|text|body|greeting)(?:_|$|\d)"
)
_CARD_NUMBER = re.compile(
    r"(?<!\d)(?:[3-6]\d{13,18}|2[2-7]\d{14}"
    r"|[2-6]\d{3}([ .-])\d{4}\1\d{4}\1\d{4}"
    r"|3\d{3}([ .-])\d{6}\2\d{4,5})(?!\d)"
)

MAX_SHOWN = 20_000  # characters of one body
HIDDEN = "***"
# What may be shown, by the field's name; everything else keeps its name and loses its value, because a cart may
# put a person's data into any field.
_SHOWN = frozenset({
    "success_code", "error_code", "message", "status_message", "error_response", "error_msg", "error_reason",
    "response", "success", "failed", "index_pos",
    "cust_ref", "cust_po_no", "order_source", "order_status", "sending_canceled", "on_hold", "cancel_date",
    "created_date_time", "updated_date_time", "order_date", "requested_ship_date", "delivered_to_wms_date",
    "location", "warehouse", "inventory_warehouse_pk", "warehouse_pk", "pk", "id", "cart_id", "alert_id",
    "currency_code", "sub_total", "order_discount", "sales_tax", "shipping_handling", "grand_total",
    "line_no", "item", "sku", "quantity", "price", "discount", "addl_discount", "extended_amount", "tax",
    "filtered_sku", "lot_number", "alt_sku", "code", "code_type", "wms_datetime", "qty_available", "qty_on_hand",
    "carrier", "method", "ship_code", "ship_code_description", "tracking_no", "date",
})  # fmt: skip

_SECRETS = object()
_judged = {}  # field name -> (its clean name, is free text), or _SECRETS; kept small
_MAX_JUDGED = 5_000
_layouts = {}  # the names of a map's fields -> what ``_lay_out`` makes of them; kept small, too
_MAX_LAYOUTS = 200
_MAX_LAYOUT = 10_000  # characters of all names of a map; more are laid out each time


def is_secret(name):
    """Whether a field of this name may hold a payment secret or a credential."""
    name = "".join(char for char in unicodedata.normalize("NFKC", name) if char.isprintable())
    words = _words(name)
    if _SECRET.search(words) or _SECRET_SQUEEZED.search(words.replace("_", "")):
        return True
    return bool(_EXPIRY.search(words)) and not _EXPIRY_OF_GOODS.search(words)


def clean(record):
    """Return a copy of one record of an answer without secrets and with storable text only.

    The result is plain JSON (finite numbers, text without NUL or lone surrogates, at most ``MAX_DEPTH``
    deep), and cleaning it again changes nothing.

    :raise Unreadable: more than ``MAX_NODES`` values
    """
    budget = [MAX_NODES]
    return _clean_map(record, 1, budget) if isinstance(record, dict) else _clean_value(record, False, 1, budget)


def clean_text(value, free_text=False):
    """Return ``value`` at most ``MAX_TEXT`` long, storable, and in free text without card numbers."""
    if len(value) > MAX_TEXT:
        value = value[: MAX_TEXT - 1] + "…"
    if not value.isprintable():
        value = _UNSTORABLE.sub("", value)
    return _CARD_NUMBER.sub(_mask, value) if free_text else value


def redact(body):
    """Return a JSON value as the log may keep it: its shape and what is technical, nothing of a person or a payment.

    It is text, at most ``MAX_SHOWN`` characters; ``""`` for nothing.
    """
    if body is None:
        return ""
    try:
        text = json.dumps(_hide(clean(body), "response"), ensure_ascii=False, indent=1)
    except EimError:
        return HIDDEN
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _words(name):
    return _NOT_WORD.sub("_", _CAMEL.sub("_", name).lower()).strip("_")


def _judge(key):
    """Return what ``_judged`` remembers of a field's name."""
    name = str(key)
    if len(name) > MAX_KEY:
        return _SECRETS
    name = _UNSTORABLE.sub("", name)
    words = _words(name)
    judgement = _SECRETS if is_secret(name) else (name, bool(_FREE_TEXT.search(words)))
    if len(_judged) >= _MAX_JUDGED:
        _judged.clear()
    _judged[key] = judgement
    return judgement


def _clean_map(raw, depth, budget):
    budget[0] -= len(raw)
    if budget[0] < 0:
        raise Unreadable("The record is too large to be one of EIM's.")
    keys = tuple(raw)
    secrets, free_text, names = _layouts.get(keys) or _lay_out(keys)
    if names:
        result = {name: raw[key] for key, name in names}
    else:
        result = dict(raw)
        for key in secrets:
            del result[key]
    for name, value in result.items():
        if value is None:
            continue
        if type(value) is not str:
            result[name] = _clean_value(value, name in free_text, depth, budget)
        elif name in free_text or len(value) > MAX_TEXT or not value.isprintable():
            result[name] = clean_text(value, name in free_text)
    if "value" in result or "Value" in result:
        _drop_named_secret(result)
    return result


def _lay_out(keys):
    """Return what ``_layouts`` remembers of maps that have these keys in this order.

    :return: the keys that go, the names that are free text, and ``(key, clean name)`` of each key that stays where
        some name is not clean
    """
    judged = {key: _judged.get(key) or _judge(key) for key in keys}
    kept = [(key, *judgement) for key, judgement in judged.items() if judgement is not _SECRETS]
    layout = (
        tuple(key for key, judgement in judged.items() if judgement is _SECRETS),
        frozenset(name for _key, name, free_text in kept if free_text),
        tuple((key, name) for key, name, _free_text in kept) if any(key != name for key, name, _ in kept) else (),
    )
    if sum(len(str(key)) for key in keys) <= _MAX_LAYOUT:
        if len(_layouts) >= _MAX_LAYOUTS:
            _layouts.clear()
        _layouts[keys] = layout
    return layout


def _clean_value(value, free_text, depth, budget):
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return clean_text(str(value), free_text)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= MAX_INTEGER_BITS else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (dict, list, tuple)):
        if depth >= MAX_DEPTH:
            return None
        if isinstance(value, dict):
            return _clean_map(value, depth + 1, budget)
        budget[0] -= len(value)
        if budget[0] < 0:
            raise Unreadable("The record is too large to be one of EIM's.")
        return [_clean_value(item, free_text, depth + 1, budget) for item in value]
    return clean_text(str(value), free_text)


def _drop_named_secret(pair):
    """Drop the value of a pair such as ``{"name": "card number", "value": …}``, as carts send attributes."""
    for key in ("name", "Name", "key", "Key", "label", "code", "field", "attribute", "title"):
        name = pair.get(key)
        if isinstance(name, str) and is_secret(name[:MAX_KEY]):
            pair.pop("value", None)
            pair.pop("Value", None)
            return


def _mask(match):
    digits = [int(char) for char in match[0] if char.isdigit()]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    return match[0] if (sum(digits[-1::-2]) + sum(doubled)) % 10 else "****"


def _hide(value, name):
    if isinstance(value, dict):
        return {key: _hide(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, name) for item in value]
    return value if value in (None, "", True, False) or str(name).lower() in _SHOWN else HIDDEN
