"""Orders as EIM sends them."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..amounts import decimal_mark
from ..errors import Unreadable
from ..parsing import Fields, flag, identity, is_nothing, text, visible, words
from ..sanitizing import clean
from ..texts import _, labelled
from .addresses import REDACTED, Address
from .listings import Alias
from .shipments import Shipment

FREIGHT_COLLECT = "freight_collect_sw"
"""Our own field in an order's JSON: whether it came with the number of an account that freight is charged to."""
MAX_PAYLOAD = 5_000_000  # characters of one order's JSON text

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False).encode


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: ``extended_amount = (price - discount) * quantity``.

    ``sku`` is ``""`` where EIM sent none, such as of a tip. It is, too, and ``quantity`` is ``None``, where EIM's
    cannot be used; the order's ``problems`` then say why.
    """

    line_no: str
    sku: str
    quantity: Decimal | None
    price: Decimal | None
    discount: Decimal | None  # pre-tax, per unit
    extended_amount: Decimal | None
    tax: Decimal | None  # whole line
    comment: str
    description: str
    alt_sku: str
    filtered: bool
    aliases: tuple[Alias, ...]
    lot_number: str = ""  # which the buyer asked for
    location: str = ""  # the EIM location of this line alone, "": the order's

    @property
    def is_left_out(self) -> bool:
        """Whether nothing of it is ours to ship: EIM filters it, or it is of zero units."""
        return self.filtered or (self.quantity is not None and not self.quantity)

    @property
    def label(self) -> str:
        """What a person knows it by."""
        return self.sku or self.description or self.line_no

    @classmethod
    def parse_all(cls, value, fields, oddities):
        """Read the ``items`` of the order whose ``fields`` are being read: a list, or a map's values."""
        if isinstance(value, dict):
            value = list(value.values())
        elif value and not isinstance(value, list):
            fields.say(_("%(field)s is not a list.", field="items"))
            value = ()
        return tuple([cls.parse(item, position, fields, oddities) for position, item in enumerate(value or (), 1)])

    @classmethod
    def parse(cls, raw, position, order_fields, oddities):
        """Read the line at ``position`` (from 1), adding to the problems of ``order_fields`` and to ``oddities``.

        No object is an empty line.
        """
        problems = order_fields.problems
        where = _("Line %(number)s", number=position)
        if not isinstance(raw, dict):
            problems.append(labelled(where, _("cannot be read.")))
            raw = {}
        filtered = flag(raw.get("filtered_sku"))
        # Whatever a line that is left out says: it stands in nobody's way.
        fields = Fields(raw, [] if filtered else problems, where, order_fields.mark)
        quantity = fields.number("quantity")
        if quantity is not None and not quantity:
            fields.problems = []
        # An amount that cannot be read is none: the others, and the total, say whether it is missed.
        amounts = Fields(raw, [] if fields.problems is not problems else oddities, where, order_fields.mark)
        return cls(
            line_no=fields.text("line_no"),
            sku=_read_sku(fields),
            quantity=quantity,
            price=amounts.money("price"),
            discount=amounts.money("discount"),
            extended_amount=amounts.money("extended_amount"),
            tax=amounts.money("tax"),
            comment=fields.note("line_comment"),
            description=fields.note("Description") or fields.note("description"),
            alt_sku=fields.code("alt_sku"),
            filtered=filtered,
            aliases=Alias.parse_all(raw.get("aliases")),
            lot_number=amounts.code("lot_number"),
            location=amounts.code("line_location"),
        )


def _read_sku(fields):
    """Return a line's SKU to the character, ``""`` where it has none, or one that cannot be used."""
    try:
        return _sku_of(fields.raw)
    except Unreadable as error:
        fields.say(error.message)
        return ""


def _sku_of(line):
    """Return the SKU of a line of EIM's JSON to the character, ``""`` where it has none.

    :raise Unreadable: it cannot be used
    """
    value = line.get("item")
    return "" if value is None or type(value) is str and not value.strip() else identity(value, "SKU")


def _read_skus(lines):
    """Return what ``Order.skus`` is of ``lines``, an order's ``items`` of EIM's JSON, without reading anything else."""
    lines = lines.values() if isinstance(lines, dict) else lines if isinstance(lines, list) else ()
    skus = {}
    for line in lines:
        if isinstance(line, dict) and not flag(line.get("filtered_sku")):
            with suppress(Unreadable):
                skus[_sku_of(line)] = None
    skus.pop("", None)
    return tuple(skus)


def _name(addresses):
    """Return the name, or else the company, of the first of ``addresses`` that says one and was not redacted."""
    for address in addresses:
        for name in (address.name, address.company):
            if name and REDACTED not in name.lower():
                return name
    return ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as EIM sent it; ``payload`` is its JSON text without secrets, for ``from_payload`` to read."""

    cust_ref: str
    cust_po_no: str
    order_source: str
    status: str
    order_date: datetime | None  # a bare date is taken as noon UTC, so that no time zone moves the day
    created: datetime | None
    updated: datetime | None
    requested_ship_date: datetime | None
    expected_delivery_date: datetime | None
    latest_ship_date: datetime | None
    billing: Address
    delivery: Address | None  # None: EIM gave none, deliver to the billing address
    carrier: str
    ship_code: str
    ship_code_description: str
    sub_total: Decimal | None
    order_discount: Decimal | None
    sales_tax: Decimal | None
    shipping_handling: Decimal | None
    grand_total: Decimal | None
    currency: str  # "" : the cart's
    location: str
    warehouse_pk: str
    shipping_instructions: str
    gift_message: str
    gift_wrap: str
    promo_code: str
    po_number: str
    pay_type: str
    custom_fields: tuple[str, ...]  # custom_field_1..5, "" where absent
    cancel_date: datetime | None
    sending_canceled: bool
    on_hold: bool
    error_code: str
    error_msg: str
    error_reason: str
    lines: tuple[OrderLine, ...]
    shipments: tuple[Shipment, ...]
    problems: tuple[str, ...]  # what could not be read, one plain sentence each
    payload: str
    oddities: tuple[str, ...] = ()  # as problems, of addresses, dates, amounts and shipments: they hold no order up
    tax_exempt: bool = False
    is_total_unread: bool = False  # EIM sent a grand total, and it is no number
    cust_ref_original: str = ""  # of the order that it was split from, or that it replaces
    ship_address_type: str = ""  # R: residential, C: commercial
    special_services: str = ""
    balance: Decimal | None = None  # what the buyer has yet to pay
    is_freight_collect: bool = False  # it came with an account number of the buyer's, which is not kept

    @property
    def identity(self) -> str:
        """What tells it from the others of a list."""
        return self.cust_ref

    @property
    def order_number(self) -> str:
        """The number the buyer knows: ``cust_po_no``, else ``cust_ref``."""
        return self.cust_po_no or self.cust_ref

    @property
    def requested_shipping(self) -> str:
        """How the cart asks for the order to be shipped, ``""`` where it does not say."""
        return self.ship_code or self.ship_code_description or self.carrier

    @property
    def is_redacted(self) -> bool:
        """Whether EIM has removed the buyer's personal data."""
        return self.billing.is_redacted or bool(self.delivery and self.delivery.is_redacted)

    @property
    def buyer(self) -> str:
        """The buyer's name, or company's; that of the recipient where EIM sent no other."""
        return _name(filter(None, (self.billing, self.delivery)))

    @property
    def skus(self) -> tuple[str, ...]:
        """The SKUs of its lines, each once, but of those that EIM filters."""
        return tuple(dict.fromkeys(line.sku for line in self.lines if line.sku and not line.filtered))

    @property
    def line_count(self) -> int:
        """How many lines it has, those left out included."""
        return len(self.lines)

    def codes(self) -> dict[str, set[str]]:
        """Return ``{SKU: every other code that came with it}`` of the lines that are ours to ship."""
        codes = {}
        for line in self.lines:
            if line.sku and not line.is_left_out:
                others = codes.setdefault(line.sku, set())
                others.update(filter(None, (line.alt_sku, *(alias.code for alias in line.aliases))))
        return codes

    @classmethod
    def parse(cls, raw: dict) -> "Order":
        """Read one order of EIM's JSON.

        :raise Unreadable: it is no object, too large, or has no ``cust_ref`` that a later call could use
        """
        raw, cust_ref, payload = _take_in(raw)
        problems = []
        oddities = []
        mark = decimal_mark(_numbers(raw))
        fields = Fields(raw, problems, mark=mark)
        lenient = Fields(raw, oddities, mark=mark)
        delivery = Address.parse(lenient, "ship_")
        grand_total = lenient.money("grand_total")
        return cls(
            cust_ref=cust_ref,
            **{name: lenient.moment(key) for name, key in _MOMENTS.items()},
            cust_po_no=fields.code("cust_po_no"),
            order_source=fields.text("order_source"),
            status=fields.text("order_status"),
            billing=Address.parse(lenient, "cust_"),
            delivery=delivery if delivery.is_destination else None,
            carrier=fields.code("carrier"),
            ship_code=fields.text("ship_code"),
            ship_code_description=fields.text("ship_code_description"),
            sub_total=lenient.money("sub_total"),
            order_discount=lenient.money("order_discount"),
            sales_tax=lenient.money("sales_tax"),
            shipping_handling=lenient.money("shipping_handling"),
            grand_total=grand_total,
            currency=fields.code("currency_code").upper(),
            location=fields.code("location"),
            warehouse_pk=fields.code("inventory_warehouse_pk"),
            shipping_instructions=fields.note("shipping_instructions"),
            gift_message=fields.note("gift_message"),
            gift_wrap=fields.note("gift_wrap"),
            promo_code=fields.code("promo_code"),
            po_number=fields.code("po_number"),
            pay_type=fields.text("pay_type"),
            custom_fields=tuple([fields.note(key) for key in _CUSTOM_FIELDS]),
            sending_canceled=fields.flag("sending_canceled"),
            on_hold=fields.flag("on_hold"),
            error_code=fields.text("error_code"),
            error_msg=fields.note("error_msg"),
            error_reason=fields.note("error_reason"),
            lines=OrderLine.parse_all(raw.get("items"), fields, oddities),
            shipments=Shipment.parse_all(raw.get("shipments"), oddities),
            problems=tuple(problems),
            payload=payload,
            oddities=tuple(oddities),
            tax_exempt=fields.flag("tax_exempt_sw"),
            is_total_unread=grand_total is None and not is_nothing(_shown(raw.get("grand_total"))),
            cust_ref_original=lenient.code("cust_ref_original"),
            ship_address_type=lenient.code("ship_address_type"),
            special_services=_listed(raw.get("special_services")),
            balance=lenient.money("balance"),
            is_freight_collect=flag(raw.get(FREIGHT_COLLECT)),
        )

    @classmethod
    def from_payload(cls, payload: str) -> "Order":
        """Read the JSON text that ``payload`` holds."""
        return cls.parse(json.loads(payload))


class ListedOrder:
    """An order of a long list: what decides whether to take it, and ``payload``; all else that an ``Order`` has is read
    from that when first asked for.

    Most of a list is only put away, and read as a whole when its turn has come. Reading it twice would be half the
    work of receiving it.
    """

    __slots__ = (
        "cust_ref", "cust_po_no", "order_source", "status", "order_date", "created", "grand_total", "currency",
        "sending_canceled", "on_hold", "line_count", "cust_ref_original", "payload", "buyer", "skus", "_whole",
    )  # fmt: skip

    identity = Order.identity
    order_number = Order.order_number

    def __getattr__(self, name):
        # Only for what is no slot, and what a class looks for in an object is not for EIM to tell.
        if name not in _OF_WHOLE_ORDERS:
            raise AttributeError(name)
        if self._whole is None:
            self._whole = Order.from_payload(self.payload)
        return getattr(self._whole, name)

    @classmethod
    def parse(cls, raw: dict) -> "ListedOrder":
        """Read one order of EIM's JSON, as ``Order.parse`` does.

        :raise Unreadable: as ``Order.parse`` raises it
        """
        order = cls()
        raw, order.cust_ref, order.payload = _take_in(raw)
        order._whole = None
        fields = Fields(raw, [], mark=decimal_mark(_numbers(raw)))
        order.cust_po_no = fields.code("cust_po_no")
        order.order_source = fields.text("order_source")
        order.status = fields.text("order_status")
        order.order_date = fields.moment("order_date")
        order.created = fields.moment("created_date_time")
        order.grand_total = fields.money("grand_total")
        order.currency = fields.code("currency_code").upper()
        order.sending_canceled = fields.flag("sending_canceled")
        order.on_hold = fields.flag("on_hold")
        order.cust_ref_original = fields.code("cust_ref_original")
        order.buyer = _name(Address.parse(fields, prefix) for prefix in ("cust_", "ship_"))
        lines = raw.get("items")
        order.line_count = len(lines) if isinstance(lines, (list, dict)) else 0
        order.skus = _read_skus(lines)
        return order


_AMOUNTS = ("grand_total", "sub_total", "sales_tax", "shipping_handling", "order_discount")
_LINE_NUMBERS = ("price", "extended_amount", "discount", "tax", "quantity")


def _numbers(raw):
    """Return what an order has for its numbers, where one of them may be written in another way than EIM's."""
    lines = raw.get("items")
    lines = lines.values() if isinstance(lines, dict) else lines if isinstance(lines, list) else ()
    values = [raw.get(key) for key in _AMOUNTS]
    values += [line.get(key) for line in lines if isinstance(line, dict) for key in _LINE_NUMBERS]
    return values if any(type(value) is str and "," in value for value in values) else ()


def _shown(value):
    return "" if value is None or value == [] else str(value).strip()


_OF_WHOLE_ORDERS = frozenset(Order.__dataclass_fields__) | {"requested_shipping", "is_redacted", "codes"}


def codes_of(orders) -> dict[str, set[str]]:
    """Return what ``Order.codes`` returns, of all ``orders`` together."""
    codes = {}
    for order in orders:
        for sku, others in order.codes().items():
            codes.setdefault(sku, set()).update(others)
    return codes


def _keep_skus_apart(raw, cleaned):
    """Return ``cleaned`` with what cleaning took away of SKUs written out, or two of them would become one."""
    items = raw.get("items")
    lines = cleaned.get("items")
    if isinstance(items, list) and isinstance(lines, list):
        for item, line in zip(items, lines, strict=True):
            sku = item.get("item") if isinstance(item, dict) else None
            if type(sku) is str and isinstance(line, dict) and line.get("item") != sku:
                line["item"] = visible(sku)
    return cleaned


def _take_in(raw):
    """Return an order's cleaned JSON, its ``cust_ref`` and its ``payload``.

    :raise Unreadable: as ``Order.parse`` raises it
    """
    if not isinstance(raw, dict):
        raise Unreadable(_("The order is not an object."))
    # Before cleaning, which would make one of two that differ in what it takes away.
    cust_ref = identity(raw.get("cust_ref"), "cust_ref")
    is_freight_collect = flag(raw.get(FREIGHT_COLLECT)) or bool(text(raw.get("ship_account_no")))
    raw = _keep_skus_apart(raw, clean(raw))
    if is_freight_collect:
        # Cleaning takes the number away; that there was one is the packer's to know.
        raw[FREIGHT_COLLECT] = "Y"
    return raw, cust_ref, _payload(raw)


def _listed(value):
    """Return a text, a list of texts or a map of what is asked for as one text; what a map says no to is left out."""
    if isinstance(value, dict):
        value = [key if flag(said) else f"{key}: {words(said)}" for key, said in value.items() if _says_something(said)]
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, (words(each) for each in value)))
    return words(value) if _says_something(value) else ""


def _says_something(value):
    return value not in (None, False, 0) and words(value).casefold() not in ("", "n", "no", "none", "false", "0")


def _payload(raw):
    """Return the JSON text of a cleaned order.

    :raise Unreadable: it is too large
    """
    payload = _to_json(raw)
    if len(payload) > MAX_PAYLOAD:
        raise Unreadable(_("The order is too large to be one of EIM's."))
    return payload


_MOMENTS = {
    "order_date": "order_date",
    "created": "created_date_time",
    "updated": "updated_date_time",
    "requested_ship_date": "requested_ship_date",
    "expected_delivery_date": "expected_delivery_date",
    "latest_ship_date": "latest_ship_date",
    "cancel_date": "cancel_date",
}
_CUSTOM_FIELDS = tuple(f"custom_field_{number}" for number in range(1, 6))
