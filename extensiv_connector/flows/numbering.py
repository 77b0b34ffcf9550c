"""Which tracking number is on which box: by what stands on it, by its name, else in the carrier's order."""

from collections import defaultdict
from dataclasses import dataclass, field

from .packages import list_boxes, read_transfer_numbers


@dataclass
class Dealt:
    """The boxes of one transfer with their numbers.

    :param boxes: all of it, in the carrier's order
    :param numbers: ``{box: [number]}``, of those that have any
    :param spare: further numbers: there are more than boxes, and nobody knows what is where
    :param unsure: the boxes of which neither a number nor a name said which number is theirs
    :param shared: the number that stands for several boxes, there being fewer numbers, or an empty text
    :param joined: numbers that were written with blanks, see ``eim.tracking_numbers.Numbers``
    :param links: links of which no number could be read
    """

    boxes: list
    numbers: dict = field(default_factory=dict)
    spare: list = field(default_factory=list)
    unsure: list = field(default_factory=list)
    shared: str = ""
    joined: tuple = ()
    links: tuple = ()


def deal_numbers(pickings):
    """Return ``{transfer: Dealt}``."""
    return {picking: _deal(picking, boxes) for picking, boxes in list_boxes(pickings).items()}


def list_numbers(pickings):
    """Return ``{transfer: its tracking numbers}``, of its packages and its own, however they are written."""
    return {
        picking: sorted(
            {number for box in boxes for number in box.numbers}.union(read_transfer_numbers(picking, boxes).numbers)
        )
        for picking, boxes in list_boxes(pickings).items()
    }


def _deal(picking, boxes):
    """Give the boxes of one transfer its numbers.

    What stands on a package wins, and a package named as a number has it. The others take the free numbers in turn:
    each package its own where there are enough, else each outermost one; the last number serves for all that remain.
    """
    dealt = Dealt(boxes)
    dealt.numbers = {box: box.numbers for box in boxes if box.numbers}
    read = read_transfer_numbers(picking, boxes)
    if len(dealt.numbers) == len(boxes):
        return dealt
    dealt.joined = read.joined
    dealt.links = read.links
    on_boxes = {number for numbers in dealt.numbers.values() for number in numbers}
    numbers = [number for number in read.numbers if number not in on_boxes]
    names = set()
    for box in boxes:
        if box not in dealt.numbers and (named := [number for number in numbers if number in box.names]):
            dealt.numbers[box] = named
            names.update(named)
    free = [number for number in numbers if number not in names]
    dealt.unsure = [box for box in boxes if box not in dealt.numbers]
    if not dealt.unsure or not numbers:
        dealt.spare = free
        return dealt
    units = _get_units(dealt.unsure, len(free))
    for index, unit in enumerate(units):
        number = free[min(index, len(free) - 1)] if free else numbers[-1]
        dealt.numbers.update({box: [number] for box in unit})
    if 1 < len(free) < len([unit for unit in units if unit[0].package]):
        dealt.shared = free[-1]
    dealt.spare = free[len(units) :]
    return dealt


def _get_units(boxes, count):
    """Return the ``boxes`` that take one of ``count`` numbers together, as lists in the carrier's order."""
    packed = [box for box in boxes if box.package]
    if count >= len(packed):
        return [[box] for box in boxes]
    units = defaultdict(list)
    for box in boxes:
        units[box.outer].append(box)
    return list(units.values())
