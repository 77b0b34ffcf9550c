"""Lists of EIM's that end, and those that would not."""

from types import SimpleNamespace

import pytest

from eim.errors import EndlessList, Transient
from eim.paging import Pages
from eim.wire import Page

LIMIT = 10


def listing(entries, total=True, size=LIMIT):
    """Return what answers pages of a list of so many entries, as EIM would."""

    def ask(number):
        names = range((number - 1) * size, min(number * size, entries))
        items = tuple(SimpleNamespace(identity=str(name)) for name in names)
        return Page(items, number, False, entries if total is True else total, limit=LIMIT)

    return ask


def read_all(pages, most=50):
    read = []
    while not pages.is_over:
        read += [item.identity for item in pages.read().items]
        assert pages.number <= most, "it does not end"
    return read


@pytest.mark.parametrize("total", [True, None])
@pytest.mark.parametrize("entries", [0, 1, 9, 10, 11, 20, 25])
def test_a_list_is_read_to_its_end(entries, total):
    assert read_all(Pages(listing(entries, total))) == [str(name) for name in range(entries)]


def test_pages_shorter_than_asked_for_are_read_to_the_number_that_eim_says():
    assert len(read_all(Pages(listing(25, size=4)))) == 25


@pytest.mark.parametrize("total", [10, 12])
def test_a_number_that_is_too_small_hides_nothing(total):
    # 10: as if each page said how many it has itself.
    assert len(read_all(Pages(listing(35, total)))) == 35


@pytest.mark.parametrize(("entries", "total"), [(25, 10**6), (0, 3), (10, 11)])
def test_a_number_that_is_too_large_ends_the_list_with_an_error(entries, total):
    pages = Pages(listing(entries, total))
    with pytest.raises(EndlessList, match=f"has {total} entries, and gives {entries}"):
        read_all(pages)
    assert pages.is_over


@pytest.mark.parametrize("total", [10**6, None])
def test_the_same_page_for_ever_ends_the_list_with_an_error(total):
    first = listing(100, total)
    pages = Pages(lambda _number: first(1))
    with pytest.raises(EndlessList, match="page 2 "):
        read_all(pages)
    assert pages.is_over


def test_pages_that_go_round_in_a_circle_end_the_list_with_an_error():
    first = listing(100, None)
    with pytest.raises(EndlessList, match="page 4 "):
        read_all(Pages(lambda number: first(1 + (number - 1) % 3)))


def test_unreadable_entries_count_and_end_too():
    pages = Pages(lambda number: Page((), number, False, None, ("Entry 1: It is not an object.",) * LIMIT, LIMIT))
    with pytest.raises(EndlessList):
        read_all(pages)


def test_it_goes_on_at_its_place_and_still_notices_the_same_page():
    answers = listing(25)
    pages = Pages(answers)
    pages.read()
    assert read_all(Pages(answers, pages.place)) == [str(name) for name in range(10, 25)]
    with pytest.raises(EndlessList):
        Pages(lambda _number: answers(1), pages.place).read()


@pytest.mark.parametrize("gone", [0, 1, 9, 10, 13, 30, 99])
def test_it_goes_on_further_to_the_front_where_what_was_read_left_the_list(gone):
    entries = [str(name) for name in range(55)]

    def ask(number):
        page = entries[(number - 1) * LIMIT : number * LIMIT]
        items = tuple(SimpleNamespace(identity=name) for name in page)
        return Page(items, number, False, len(entries), limit=LIMIT)

    pages = Pages(ask)
    for _page in range(3):
        pages.read()
    del entries[: min(gone, 30)]
    read = read_all(Pages(ask, {**pages.place, "gone": gone}))
    assert set(read) >= {str(name) for name in range(30, 55)}
    assert len(read) < 25 + LIMIT or gone > 30


def test_after_trouble_the_same_page_is_asked_for_again():
    asked = []

    def ask(number):
        asked.append(number)
        if len(asked) == 2:
            raise Transient("no")
        return listing(15)(number)

    pages = Pages(ask)
    pages.read()
    with pytest.raises(Transient):
        pages.read()
    assert len(pages.read().items) == 5
    assert asked == [1, 2, 2]
