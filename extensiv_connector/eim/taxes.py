"""What a cart's tax is: on top of its prices, included in them, or the marketplace's own."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from .rounding import ZERO

ADDED = "added"  # comes on top of the prices, and is in EIM's total as that
INCLUDED = "included"  # the prices hold it
KEPT = "kept"  # the marketplace remits it, whether EIM's total holds it or not
ASK = "ask"  # EIM's total is without it: included or kept, which only a person knows


def share_out(amounts: Sequence[Decimal], taken: Decimal, unit: Decimal) -> list[Decimal]:
    """Return what is left of each of ``amounts`` after ``taken`` is taken off them in proportion.

    Each is a multiple of ``unit`` and less than one of it away from its exact share; together they are to the unit what
    is left of all, rounded. Where the amounts come to nothing the first bears it.
    """
    total = sum(amounts, ZERO)
    left = total - taken
    if total:
        exact = [amount * left / total / unit for amount in amounts]
    else:
        exact = [(amounts[0] - taken) / unit, *(amount / unit for amount in amounts[1:])]
    whole = [share.to_integral_value(ROUND_FLOOR) for share in exact]
    lacking = int((left / unit).to_integral_value() - sum(whole, ZERO))
    # The largest rests are rounded up, the first among equals.
    by_rest = sorted(range(len(exact)), key=lambda place: (whole[place] - exact[place], place))
    for place in by_rest[: max(lacking, 0)]:
        whole[place] += 1
    return [share * unit + ZERO for share in whole]
