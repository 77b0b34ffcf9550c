"""What is done to data before it is kept: payment secrets dropped, text made storable, and for the log all but
what is technical hidden.

One pass over the tree, made for orders of some 200 fields: a field's name is judged once and remembered, and
a text is rewritten only when it holds something that must go.
"""

import json
import math
import re
import unicodedata

from .card_numbers import LEAST, MASK, MASK_BESIDE, is_card_number, is_expiry_or_code, mask, mask_labelled, may_hold
from .errors import EimError, Unreadable
from .texts import _

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

# What things are looked up by stays to the character, though one of them may by chance look like a card number: an
# order's, a product's, a lot's, a parcel's or a phone number. Codes are so only among a product's ``aliases``.
_LOOKED_UP = re.compile(
    r"""
      cust_ref | cust_po_no | item | sku | alt_sku | upc | line_item_id | bill_of_lading
    | (?:lot|serial)s?(?:_(?:no|numbers?|num|codes?|id))?
    | (?:[a-z0-9]+_)*(?:phone|mobile|telephone|fax)(?:_?(?:no|number|ext|\d))?
    | (?:[a-z0-9]+_)*(?:sscc|tracking_(?:no|number))(?:_[a-z0-9]+)*
    """,
    re.VERBOSE,
)
_ALIASES = "aliases"
_IN_ALIASES = frozenset({"code"})

# Pairs such as {"name": "card number", "value": …}, as carts send attributes. The last word of a field's name says that
# it holds the value of one; what it is the value of stands in any other field of a small map. Of two fields, each may.
_VALUE_WORDS = frozenset({
    "value", "values", "val", "v", "content", "contents", "answer", "answers", "entry", "input", "data", "string",
    "reply", "selection", "choice", "response",
})  # fmt: skip
_PAIR_NAMES = frozenset(
    {"name", "key", "label", "code", "field", "attribute", "title", "option", "property", "question"}
)
_NO_PAIR = frozenset({
    "message", "status_message", "reason", "problem", "description", "error", "error_code", "error_msg", "code_type",
    "quantity", "price", "amount",
})  # fmt: skip
_MAX_PAIR = 6  # fields of a map in which any field may be the name
_MAX_LABEL = 60  # characters of such a name

# Names of values in text that is no JSON, or no longer: cut off, of another language, of a form's, of XML
_NAMES = (
    re.compile(r"""(\\{0,8}["'])(?P<name>[\w .\-]{1,60})\1\s*(?::|=>?|;(?:s:\d+:)?)\s*"""),
    re.compile(r"""(?<![\w\-])(?P<name>[\w.\-\[\]]{2,60})=(?!=)"""),
    re.compile(r"""<(?P<name>[\w.\-:]{2,60})(?:\s[^<>]{0,200})?>(?!<)"""),
)
_NAMED = re.compile(
    r"""(\\{0,8}["']).*?(?:\1|$)|\{[^{}]*\}?|\[[^\[\]]*\]?|[^\s,;&<>{}\[\]"'\\]+(?:[ ][^,;&<>{}\[\]"'\\]+(?=</))?""",
    re.DOTALL,
)
_OPENING = re.compile(r"[{\[]")
_MAX_TRIES = 20  # places of a text at which JSON is looked for in vain
_MAX_FLAT = 50  # values of a list in which names and values may take turns
_APART = " x "  # between texts that are judged together
_NUMBERING = "0123456789_- "  # what tells fields of one kind apart: custom_field_1, custom_field_2
_LEAST = 11  # characters that may hold a secret: {"cvv":123}
_MAX_MOMENT = 25  # characters: 2018-08-27T02:24:58+00:00
_LEAST_NUMBER = 10 ** (LEAST - 1)
_decode = json.JSONDecoder(strict=False).raw_decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

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
_judged = {}  # field name -> (its clean name, is looked up), or _SECRETS; kept small
_MAX_JUDGED = 5_000
_layouts = {}  # the names of a map's fields -> what ``_lay_out`` makes of them; kept small, too
_MAX_LAYOUTS = 200
_MAX_LAYOUT = 10_000  # characters of all names of a map; more are laid out each time


def is_secret(name):
    """Whether a field of this name may hold a payment secret or a credential."""
    if not (name.isascii() and name.isprintable()):
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
    work = _Work([])
    result = _clean_value(record, False, 0, work)
    return result if work.is_done() else _clean_value(record, False, 0, _Work(None))


def clean_text(value, looked_up=False):
    """Return ``value`` at most ``MAX_TEXT`` long, storable, and without payment secrets.

    :param looked_up: whether something is looked up by it: then it may look like a card number
    """
    if len(value) > MAX_TEXT:
        value = value[: 2 * MAX_TEXT]
    if not value.isprintable():
        value = _UNSTORABLE.sub("", value)
    if not looked_up and len(value) >= _LEAST:
        if "{" in value or "=" in value or "[" in value or "<" in value:
            value = _clean_wrapped(value)
        if may_hold(value):
            value = mask(value)
    if len(value) <= MAX_TEXT:
        return value
    # What is cut off may leave what looks like a card number.
    return clean_text(value[: MAX_TEXT - 1] + "…", looked_up)


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
    """Return what ``_judged`` remembers of a field's name; one that holds a card number is not remembered."""
    name = str(key)
    if len(name) > MAX_KEY:
        return _SECRETS
    name = _UNSTORABLE.sub("", name)
    if is_secret(name):
        judgement = _SECRETS
    elif may_hold(name) and (masked := mask(name)) is not name:
        return masked, False
    else:
        judgement = (name, bool(_LOOKED_UP.fullmatch(_words(name))))
    if len(_judged) >= _MAX_JUDGED:
        _judged.clear()
    _judged[key] = judgement
    return judgement


class _Work:
    """One go over a record: how many ``values`` it may still have, and the ``texts`` that were taken for plain.

    Most texts are plain, which is seen fastest of all together: a first go only gathers them. Where they are not, a
    second go, for which ``texts`` is ``None``, looks at each.
    """

    __slots__ = ("values", "texts")

    def __init__(self, texts):
        self.values = MAX_NODES
        self.texts = texts

    def spend(self, size):
        self.values -= size
        if self.values < 0:
            raise Unreadable(_("The record is too large to be one of EIM's."))

    def is_done(self):
        """Return whether the texts are plain indeed."""
        together = _APART.join(self.texts)
        return _is_plain(together) if len(together) <= MAX_TEXT else all(map(_is_plain, self.texts))


def _clean_map(raw, depth, work, aliases):
    """Return a copy of a map, clean; of ``aliases`` the codes stay, whether they are its values or in its fields."""
    work.spend(len(raw))
    keys = tuple(raw)
    secrets, looked_up, names, pair, masked = _layouts.get(keys) or _lay_out(keys)
    result = _copy(raw, secrets, names)
    if aliases:
        looked_up = looked_up | (_IN_ALIASES if aliases is _IN_ALIASES else result.keys())
        aliases = _IN_ALIASES
    for name, value in result.items():
        if value is None:
            continue
        if type(value) is str and (
            value.isprintable() if len(value) < _LEAST else _seems_plain(value, name in looked_up, work.texts)
        ):
            continue
        cleaned = _clean_value(value, name in looked_up, depth, work, name == _ALIASES or aliases)
        if cleaned is not value:
            result[name] = cleaned
            if type(cleaned) is str and MASK in cleaned and cleaned != value:
                masked = [*masked, name]
    if pair and not aliases:
        _drop_named_secrets(result, *pair)
    if masked:
        _mask_beside(result, looked_up, masked)
    return result


def _copy(raw, secrets, names):
    """Return a copy of a map without its secrets, or of ``names``, where some key is no clean name."""
    if names:
        return {name: raw[key] for key, name in names}
    result = dict(raw)
    for key in secrets:
        del result[key]
    return result


def _seems_plain(text, looked_up, texts):
    """Return whether to leave a text as it is, for now where it is added to ``texts``."""
    if looked_up or (text[10] == "T" and text[13:14] == ":" and len(text) <= _MAX_MOMENT):
        # A moment is too short on both sides of its T for a card number.
        return text.isprintable() and len(text) <= MAX_TEXT
    if texts is None:
        return False
    texts.append(text)
    return True


def _is_plain(text):
    """Return whether ``clean_text`` surely leaves a text as it is."""
    return (
        len(text) <= MAX_TEXT
        and text.isprintable()
        and not ("{" in text or "=" in text or "[" in text or "<" in text or may_hold(text))
    )


def _lay_out(keys):
    """Return what ``_layouts`` remembers of maps that have these keys in this order.

    :return: the keys that go, the names of what something is looked up by, ``(key, clean name)`` of each key that stays
        where some name is not clean, what ``_lay_out_pair`` says, the names in which a number was masked
    """
    judged = {key: _judged.get(key) or _judge(key) for key in keys}
    kept = [(key, *judgement) for key, judgement in judged.items() if judgement is not _SECRETS]
    masked = [name for key, name, _looked_up in kept if key not in _judged and MASK in name]
    layout = (
        tuple(key for key, judgement in judged.items() if judgement is _SECRETS),
        frozenset(name for _key, name, looked_up in kept if looked_up),
        tuple((key, name) for key, name, _ in kept) if any(key != name for key, name, _ in kept) else (),
        _lay_out_pair([name for _key, name, looked_up in kept if not looked_up], len(kept)),
        masked,
    )
    if not masked and sum(len(str(key)) for key in keys) <= _MAX_LAYOUT:
        if len(_layouts) >= _MAX_LAYOUTS:
            _layouts.clear()
        _layouts[keys] = layout
    return layout


def _clean_value(value, looked_up, depth, work, aliases=False):
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return clean_text(str(value), looked_up)
    if isinstance(value, int):
        return _clean_number(int(value), looked_up) if value.bit_length() <= MAX_INTEGER_BITS else None
    if isinstance(value, float):
        return _clean_number(value, looked_up) if math.isfinite(value) else None
    if isinstance(value, (dict, list, tuple)):
        if depth >= MAX_DEPTH:
            return None
        if isinstance(value, dict):
            return _clean_map(value, depth + 1, work, aliases)
        return _clean_list(value, looked_up, depth + 1, work, aliases and _IN_ALIASES)
    return clean_text(str(value), looked_up)


def _clean_number(value, looked_up):
    if looked_up or -_LEAST_NUMBER < value < _LEAST_NUMBER or value != int(value):
        return value
    return MASK if is_card_number(str(abs(int(value)))) else value


def _clean_list(values, looked_up, depth, work, aliases):
    work.spend(len(values))
    result = [_clean_value(value, looked_up, depth, work, aliases) for value in values]
    if looked_up or aliases or len(result) < 2 or isinstance(result[0], dict):
        return result
    if len(result) <= _MAX_FLAT:
        for position, label in enumerate(result[:-1], 1):
            if (
                _is_label(label)
                and not isinstance(result[position], (dict, list))
                and any(char.isdigit() for char in str(result[position]))
            ):
                result[position] = MASK
    masked = (isinstance(new, str) and new is not old and MASK in new for new, old in zip(result, values, strict=True))
    if any(masked):
        result = [_beside(value, True) for value in result]
    return result


def _lay_out_pair(names, size):
    """Return ``(labels, values)`` of a map of ``size`` fields, or ``None`` where it cannot be a name and its value.

    :param names: of its fields but those by which something is looked up
    :return: the fields that may hold the name, and those that may hold the value
    """
    words = {name: _words(name) for name in names}
    values = [name for name, word in words.items() if word.rpartition("_")[2] in _VALUE_WORDS]
    if not values and len(names) == size == 2 and _NO_PAIR.isdisjoint(words.values()):
        values = names
    labels = [name for name, word in words.items() if size <= _MAX_PAIR or word in _PAIR_NAMES]
    return (labels, values) if labels and values else None


def _drop_named_secrets(pair, labels, values):
    """Drop the value of a pair such as ``{"name": "card number", "value": …}``, whatever its fields are called."""
    for label in labels:
        if _is_label(pair[label]):
            for name in values:
                if name != label:
                    del pair[name]
            # What is left may be a pair, too.
            if len(pair) == 2 and (left := _lay_out(tuple(pair))[3]):
                _drop_named_secrets(pair, *left)
            return


def _is_label(value):
    return isinstance(value, str) and 2 < len(value) <= _MAX_LABEL and is_secret(value)


def _mask_beside(result, looked_up, masked):
    """Mask what the fields beside a card number say of its expiry and CVV; of alike named ones also without a label."""
    stems = {name.strip(_NUMBERING) for name in masked}
    for name, value in result.items():
        if name not in looked_up and not (name in masked and value is not None and MASK in str(value)):
            result[name] = _beside(value, MASK in name or name.strip(_NUMBERING) in stems)


def _beside(value, alike):
    """Return a value that stands beside a card number; ``alike``: it may be the number's expiry or CVV by itself."""
    if isinstance(value, str):
        return MASK if alike and is_expiry_or_code(value) else mask_labelled(value)
    if alike and type(value) is int and is_expiry_or_code(str(value)):
        return MASK
    return value


def _clean_wrapped(text):
    """Return ``text`` with the JSON in it clean, and without the values of secrets that it names in another way."""
    pieces = []
    end = 0
    tries = _MAX_TRIES
    for found in _OPENING.finditer(text):
        if found.start() < end:
            continue
        try:
            value, stop = _decode(text, found.start())
            cleaned = _clean_value(value, False, 0, _Work(None))
        except (ValueError, RecursionError, EimError):
            tries -= 1
            if not tries:
                break
            continue
        if cleaned != value:
            pieces += [text[end : found.start()], _encode(cleaned)]
        else:
            pieces.append(text[end:stop])
        end = stop
    text = "".join([*pieces, text[end:]])
    for names in _NAMES:
        text = _hide_named(text, names)
    return text


def _hide_named(text, names):
    """Return ``text`` without the values of the secrets that it calls by their names."""
    pieces = []
    end = 0
    for found in names.finditer(text):
        if found.start() >= end and is_secret(found["name"]) and (value := _NAMED.match(text, found.end())):
            pieces += [text[end : found.end()], MASK_BESIDE]
            end = value.end()
    return "".join([*pieces, text[end:]])


def _hide(value, name):
    if isinstance(value, dict):
        return {key: _hide(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, name) for item in value]
    return value if value in (None, "", True, False) or str(name).lower() in _SHOWN else HIDDEN
