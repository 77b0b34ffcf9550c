"""What a packer has to know of an order before it leaves: who pays at the door, what the carrier is asked for, gifts.

It is read of what the carts send as text, in whatever words: what is not recognised is shown as it came. The number of
an account that freight is charged to is never kept, only that there is one.
"""

import re
from decimal import Decimal

from .languages import amount_in

# Said alone, as the way of paying; letters only.
_ON_DELIVERY = frozenset(
    "cod cashondelivery collectondelivery payondelivery paymentondelivery cashdelivery payupondelivery nachnahme "
    "contrareembolso contreremboursement contrassegno rembours".split()
)
_ON_DELIVERY_WITHIN = re.compile(
    r"\b(?:(?<!cape )cod|c\.o\.d\.?|(?:cash|collect|pay|payment)[ _-]*(?:up)?on[ _-]*delivery)(?!\w)"
)
# What the carrier is asked not to do: "no signature required", "signature waived".
_NOT_ASKED = re.compile(
    r"\b(?:no|not|without|waive)[ :-]+(?:(?:an?|requir\w+|adult|direct|indirect) )*(?:signatures?|sig|saturday)\b"
    r"|\b(?:signatures?|sig|saturday)(?: (?:is|required|requirement|delivery|option))*"
    r"(?:[ :=-]*(?:not|none|waive[dr]?|declined)\b| ?[:=] ?(?:no?|false)\b)"
)
_SIGNATURE = re.compile(r"signature|\b(?:sig|dsr|isr|asr|asd)\b")
_ADULT = re.compile(r"adult|\bas[rd]\b")
_SATURDAY = re.compile(r"saturday|\bsat\b")
_NO = frozenset(("", "n", "no", "none", "false", "0"))
_YES = frozenset(("y", "yes", "true", "1"))


def is_on_delivery(wire):
    """Whether the buyer pays when the goods arrive."""
    letters = "".join(character for character in wire.pay_type.casefold() if character.isalpha())
    return letters in _ON_DELIVERY or bool(_ON_DELIVERY_WITHIN.search(_asked(wire)))


def describe(env, wire, currency):
    """Return the sentences for who packs the order of a ``wire.Order``.

    :param currency: the order's, in which amounts are shown
    """
    notes = [
        *_describe_payment(env, wire, currency),
        *_describe_carriage(env, wire),
        *_describe_gift(env, wire),
        *(
            env._("Lot asked for: %(lot)s of %(sku)s", lot=line.lot_number, sku=line.sku or line.description)
            for line in wire.lines
            if line.lot_number and not line.is_left_out
        ),
    ]
    return list(dict.fromkeys(notes))


def _describe_payment(env, wire, currency):
    balance = wire.balance if wire.balance and wire.balance > 0 else Decimal(0)
    if not is_on_delivery(wire):
        if balance:
            yield env._(
                "Not paid in full: %(balance)s are open (%(how)s). Nothing says that the carrier collects it.",
                balance=_show(balance, currency),
                how=wire.pay_type or "-",
            )
    elif balance:
        yield env._("PAY ON DELIVERY: collect %s", _show(balance, currency))
    elif wire.grand_total:
        yield env._(
            "PAY ON DELIVERY: the cart does not say how much is left to collect; the order comes to %s",
            _show(wire.grand_total, currency),
        )
    else:
        yield env._("PAY ON DELIVERY: the cart does not say how much is left to collect")


def _describe_carriage(env, wire):
    wanted = _NOT_ASKED.sub("", _asked(wire))
    if wire.is_freight_collect:
        yield env._("Freight on the buyer's own account with the carrier. Its number is in the cart, not kept here.")
    if _SIGNATURE.search(wanted):
        yield env._("Signature of an adult required") if _ADULT.search(wanted) else env._("Signature required")
    if _SATURDAY.search(wanted):
        yield env._("Saturday delivery")
    if wire.special_services:
        yield env._("Special services: %s", wire.special_services)
    kind = wire.ship_address_type.strip().casefold()[:1]
    if kind == "r":
        yield env._("Residential address")
    elif kind == "c":
        yield env._("Commercial address")


def _describe_gift(env, wire):
    if wrap := gift_wrap(env, wire):
        yield env._("Gift wrap: %s", wrap)
    if wire.gift_message:
        yield env._("Gift message: %s", wire.gift_message)


def describe_wishes(env, wire):
    """Return what the buyer asked for beyond goods and address, a line each."""
    texts = [
        (env._("Shipping"), wire.ship_code_description or wire.requested_shipping),
        (env._("Shipping instructions"), wire.shipping_instructions),
        (env._("Gift message"), wire.gift_message),
        (env._("Gift wrap"), gift_wrap(env, wire)),
        (env._("Promotion"), wire.promo_code),
        *((env._("Custom field %s", number), text) for number, text in enumerate(wire.custom_fields, 1)),
    ]
    return "\n".join(f"{label}: {text}" for label, text in texts if text)


def gift_wrap(env, wire):
    """Return how the goods are to be wrapped, ``""`` where they are not; a cart may only say yes or no."""
    said = wire.gift_wrap.strip()
    if said.casefold() in _NO:
        return ""
    return env._("yes") if said.casefold() in _YES else said


def _asked(wire):
    """Return every text in which a cart asks for something of the carrier, in small letters."""
    texts = (wire.special_services, wire.ship_code_description, wire.ship_code)
    return "\n".join(texts).casefold().replace("_", " ")


def _show(amount, currency):
    return f"{amount_in(currency, amount)} {currency.name}"


def print_on_transfer(orders):
    """Return the lines that the transfers of sale ``orders`` print: what a packer must know, then what buyers wish."""
    texts = [text for order in orders for text in (order.extensiv_packing_notes, order.extensiv_instructions) if text]
    return list(dict.fromkeys(line for text in texts for line in text.splitlines()))


# -- the lines of one order


def prepare_line_vals(draft, line):
    """Return what a line of a sale order takes of a ``wire.OrderLine`` beside goods and money."""
    vals = {}
    if line.lot_number:
        vals["extensiv_lot"] = line.lot_number
    warehouse = draft.line_warehouses.get(line.location)
    if line.location and warehouse and warehouse != draft.warehouse:
        vals["extensiv_warehouse_id"] = warehouse.id
    return vals


def find_warehouses(draft, warehouses):
    """Find the warehouse of each line that has an EIM location of its own, and note those that nobody mapped.

    Where the order itself names none and all lines name one, it is the order's.

    :param warehouses: ``{name or EIM ID: warehouse}``
    """
    wire = draft.wire
    named = {line.location for line in wire.lines if line.location and not line.is_left_out}
    draft.line_warehouses = {name: warehouses[name] for name in named if name in warehouses}
    for name in sorted(named - warehouses.keys()):
        draft.notes.append(
            draft.record.env._(
                "A line is to leave from %s, which stands for no one warehouse: it leaves from the order's. Map it "
                "under Configuration, Locations.",
                name,
            )
        )
    everywhere = [line.location for line in wire.lines if not line.is_left_out]
    if not (wire.location or wire.warehouse_pk) and len(set(everywhere)) == 1 and everywhere[0] in warehouses:
        draft.warehouse = warehouses[everywhere[0]]
