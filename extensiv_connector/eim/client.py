"""EimClient: one method a call."""

from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone

from .errors import Blocked, CredentialsRefused, EimError, NotFound, RateLimited, Refused, Transient, Unreadable
from .parsing import maps
from .routes import ROUTES
from .routing import Routing
from .texts import _, labelled
from .transport import Call, Transport
from .updates import MAX_BATCH, OrderUpdates, write_parcels
from .wire import (
    Alert,
    BatchResult,
    Cart,
    InventoryItem,
    Location,
    Merchant,
    Order,
    OrderStatus,
    Page,
    Product,
    ShipMethod,
)
from .writing import iso, writable

__all__ = ["MAX_BATCH", "Call", "EimClient"]

MAX_LIMIT = 100  # entries of a page
# Filtered lines are left out by us, which says so; aliases help to find a product. Both come only when asked
# for.
WITH_ALL_LINES = {"include_filtered_items": "Y", "include_aliases": "Y"}
FALLBACK_PAGES = 10  # pages read where a list must be gathered from another one
FALLBACK_DAYS = 30  # how far back orders are read for the carts they come from


class EimClient:
    """Speak to EIM for one credential.

    Every method raises the classes of ``errors``; see ``Transport.call``, also for how long a call can take.

    :param base_url: ``https://host`` without ``/v1`` (``http`` for loopback only, else ``ValueError``)
    :param tokens: the token store, an object with ``take(reserve) -> float`` (seconds to wait, 0 when a token
        was taken) and ``observe(remaining)``; see ``throttle``; by default a bucket of this client alone
    :param overrides: ``{route name: path}`` from the account's form
    :param session: a ``requests.Session``; :param sleep: and :param clock: (seconds, for durations) for tests
    :param on_call: called after each call with a ``Call`` (route, method, path, status, milliseconds,
        process_id, error class name …)
    :param record: whether these calls carry the bodies, redacted (see ``sanitizing.redact``)
    :param max_wait: seconds it sleeps for a token before raising ``RateLimited``
    :param timeout: seconds for an answer to be complete
    :param transport: in place of a ``Transport`` made of all this, see ``preview``
    :param known_paths: what ``answered`` of an earlier client held: the candidate to try first, by route name

    ``updates``, an ``OrderUpdates``, tells of many shipments at a call.
    ``alerts_source`` is ``"alerts"`` or ``"orders"`` after ``list_alerts``.
    """

    def __init__(
        self, base_url, api_user, api_key, *, merchant_pk="", tokens=None, overrides=None, session=None,
        sleep=None, clock=None, on_call=None, record=False, max_wait=5.0, timeout=30.0, known_paths=None,
        transport=None,
    ):  # fmt: skip
        self._transport = transport or Transport(
            base_url, api_user, api_key, merchant_pk=merchant_pk, tokens=tokens, session=session, sleep=sleep,
            clock=clock, on_call=on_call, record=record, max_wait=max_wait, timeout=timeout,
        )  # fmt: skip
        self._routing = Routing(self._transport, overrides, known_paths)
        self.updates = OrderUpdates(self._routing, self.get_order_status)
        self.alerts_source = None

    def __repr__(self):
        return f"<EimClient {self._transport.base_url}>"

    @property
    def max_wait(self):
        """Seconds a call sleeps for a token before it raises ``RateLimited``; may be set between calls."""
        return self._transport.max_wait

    @max_wait.setter
    def max_wait(self, seconds):
        self._transport.max_wait = seconds

    @property
    def answered(self):
        """Which path answered, by route name, for the routes that have several; to be remembered for later clients."""
        return self._routing.answered

    @property
    def learned(self):
        """What of ``answered`` was not in ``known_paths``; ``None`` for a path that answers no more."""
        return self._routing.learned

    @property
    def served(self):
        """Whether EIM did what a call of this client asked for."""
        return self._transport.served

    @property
    def date(self):
        """The moment by EIM's clock of its last answer that said it, naive UTC, or ``None``."""
        return self._transport.date

    def end_by(self, deadline, is_strict=False):
        """Let calls take no longer than ``deadline``, seconds of the client's clock, or little more.

        :param is_strict: whether calls after it raise ``OutOfTime``; else each may still take ``LEAST_SECONDS``
        """
        self._transport.deadline = deadline
        self._transport.is_strict = is_strict

    # Connection

    def listen(self, on_call):
        """Tell ``on_call`` of each further call, in place of what was told so far."""
        self._transport.listen(on_call)

    @contextmanager
    def watched(self):
        """Give a list to which each ``Call`` made meanwhile is added, while it is told as before, too."""
        calls = []
        told = self._transport.listen(None)

        def tell(call):
            calls.append(call)
            if told:
                told(call)

        self._transport.listen(tell)
        try:
            yield calls
        finally:
            self._transport.listen(told)

    def try_route(self, name, params=None, **parts):
        """Call a reading route as it is, without the substitutes that other methods have for it.

        :return: the path that answered, and how many entries it answered (``None``: no list)
        :raise EimError: as the route answers
        """
        response = self._get(name, params, **parts).response
        return self._routing.current(name), len(response) if isinstance(response, list) else None

    def check_credentials(self) -> None:
        """Ask for one SKU: the only call that decides whether EIM takes the credentials.

        :raise CredentialsRefused: EIM refuses, in whatever form, for that of bad credentials is unknown (*inferred*)
        """
        refused = None
        try:
            self._get("check_credentials", {"limit": 1})
        except (Refused, Blocked) as error:
            if isinstance(error, NotFound) and not error.code:
                raise
            refused = CredentialsRefused(
                error.message, process_id=error.process_id, route=error.route, status=error.status
            )
        if refused:
            raise refused

    def probe(self, seconds=5.0) -> None:
        """Find out by one short call whether EIM answers; whatever it says is an answer.

        :param seconds: for the answer to be complete, not counting waits for tokens
        :raise Transient: it does not answer
        """
        path = self._routing.current("check_credentials")
        try:
            self._transport.try_once(ROUTES["check_credentials"], path, {"limit": 1}, seconds)
        except RateLimited:
            raise
        except Transient as error:
            if error.status is None or error.status < 400:  # also one that began to answer and came to no end
                raise
        except EimError:
            return

    def list_merchants(self) -> tuple:
        """Return every ``Merchant`` that a 3PL's warehouse-level key may act for."""
        return self._list_all(Merchant, "list_merchants")

    def list_carts(self) -> tuple:
        """Return every ``Cart`` set up; where EIM lists none, the order sources of the last 30 days."""
        try:
            carts = Cart.parse_all(self._get("list_carts").response)
        except (Refused, Blocked, Unreadable):
            carts = ()
        return carts or self._carts_of_orders()

    def list_locations(self) -> tuple:
        """Return every ``Location``; where EIM lists none, those found in its inventory (10 pages)."""
        try:
            locations = Location.parse_all(self._get("list_locations").response)
        except NotFound:
            locations = ()
        if locations:
            return locations
        found = {}
        for item in self._gather(self.list_inventory):
            for level in item.levels:
                if level.location:
                    found.setdefault(level.location, Location(level.location, level.remote_pk))
        return tuple(found.values())

    def list_ship_methods(self) -> tuple:
        """Return every ``ShipMethod`` of the WMS; codes belong to the account."""
        return self._list_all(ShipMethod, "list_ship_methods")

    def list_cart_ship_methods(self, order_source) -> tuple:
        """Return every ``ShipMethod`` of one cart."""
        return self._list_all(ShipMethod, "list_cart_ship_methods", order_source=order_source)

    # Orders

    def list_orders(
        self, status, *, page=1, limit=MAX_LIMIT, from_date=None, to_date=None, order_source=None,
        record=Order, reserve=0,
    ):  # fmt: skip
        """Return one ``Page`` of the orders in ``status`` (``new``, ``canceled``, ``any`` …).

        Dates are a naive UTC or aware ``datetime``, or a ``date``; which date of the order they mean depends
        on the status. An order that cannot be read is passed over and said in the page's ``unreadable``.

        :param record: ``ListedOrder`` where most of each order is not looked at
        :param reserve: tokens that are left to more urgent calls
        """
        params = {
            "limit": limit,
            "page": page,
            "from_date": _query_date(from_date),
            "to_date": _query_date(to_date),
            "order_source": order_source or None,
            **WITH_ALL_LINES,
        }
        return self._page("list_orders", record, params, reserve, status=status)

    def list_skipped_orders(self) -> tuple:
        """Return every ``Order`` that EIM skipped; those that cannot be read are passed over."""
        answer = self._get("list_skipped_orders")
        if not answer.response:
            # So EIM may also say that it has no order of that name.
            self.answered.pop("list_skipped_orders", None)
        with _said_of("list_skipped_orders", answer):
            return _read_entries(Order, answer.response)[0]

    def get_order(self, cust_ref, *, reserve=0):
        """Return one ``Order``; :raise NotFound: EIM has none of this ``cust_ref``.

        ``reserve`` tokens are left to more urgent calls.
        """
        return self._one("get_order", Order, "cust_ref", cust_ref, WITH_ALL_LINES, reserve)

    def get_order_status(self, cust_ref):
        """Return the ``OrderStatus`` of one order, with the shipments EIM knows of."""
        return self._one("get_order_status", OrderStatus, "cust_ref", cust_ref)

    def acknowledge(self, cust_ref) -> None:
        """Tell EIM that we have the order (``at_wms``). It states a fact: repeating it is harmless."""
        self.updates.update("acknowledge", cust_ref, {"order_status": "at_wms"})

    @property
    def can_acknowledge_batch(self):
        """Whether ``acknowledge_batch`` worked once: see ``trust_batch``."""
        return self.updates.is_batch_trusted

    def acknowledge_batch(self, cust_refs):
        """Tell EIM at once that we have these orders, ``MAX_BATCH`` at most, and return the ``BatchResult``.

        Repeating it is harmless, also after ``AnswerLost``.
        """
        return self.updates.acknowledge_batch(list(cust_refs))

    def trust_batch(self):
        """Remember that ``acknowledge_batch`` works: an order that was ``new`` before reads ``at_wms`` after it."""
        self.updates.trust_batch()

    def forget_batch(self):
        """Forget that ``acknowledge_batch`` worked."""
        self.updates.forget_batch()

    def ship(self, cust_ref, shipments) -> None:
        """Tell EIM that the whole order is shipped, with every ``Shipment``. EIM takes it once.

        :raise ValueError: no shipment, one without items, a quantity not above zero; nothing was sent
        :raise AnswerLost: read the order's status before doing it again
        """
        self.updates.update("ship", cust_ref, {"order_status": "shipped", "shipments": write_parcels(shipments)})

    @property
    def can_cancel(self):
        """Whether a path for ``cancel_order_in_cart`` is set; none is known."""
        return "cancel_order_in_cart" in self._routing.overrides

    def cancel_order_in_cart(self, cust_ref) -> None:
        """Ask EIM to have the order cancelled in its cart.

        :raise NotFound: no path is set
        """
        self._post("cancel_order_in_cart", [{"cust_ref": writable(cust_ref, "cust_ref")}])

    # Inventory

    def push_inventory(self, levels, location_key="warehouse"):
        """State each ``Level`` and return the ``BatchResult``: what is not among its failures was accepted.

        Levels are absolute: repeating is harmless, also after ``AnswerLost``.

        :param location_key: how the levels name their location, a key of ``wire.LOCATION_KEYS``
        :raise ValueError: a level that cannot be sent; nothing was
        """
        body = [level.to_wire(location_key) for level in levels]
        return self._post_batch("push_inventory", body) if body else BatchResult()

    def list_inventory(self, *, page=1, limit=MAX_LIMIT, reserve=None):
        """Return one ``Page`` of ``InventoryItem``.

        :param reserve: tokens that are left to more urgent calls, where these are more than always
        """
        return self._page("list_inventory", InventoryItem, {"limit": limit, "page": page}, reserve)

    def get_inventory(self, sku):
        """Return the ``InventoryItem`` of one SKU; :raise NotFound: EIM does not know it."""
        return self._one("get_inventory", InventoryItem, "sku", sku)

    def get_product(self, sku):
        """Return the ``Product`` of one SKU; :raise NotFound: EIM does not know it."""
        return self._one("get_product", Product, "sku", sku)

    # Alerts

    def list_alerts(self) -> tuple:
        """Return every ``Alert``; where EIM has no such list, one for each order in status ``error``.

        ``alerts_source`` then says which it was.
        """
        try:
            alerts = self._list_all(Alert, "list_alerts")
            self.alerts_source = "alerts"
        except NotFound:
            alerts = tuple(Alert.of_order(order) for order in self._gather(self.list_orders, "error"))
            self.alerts_source = "orders"
        return alerts

    def dismiss_alerts(self, remote_ids) -> None:
        """Dismiss alerts by their ``remote_id``.

        :raise ValueError: one is no number, because an order in error stands for the alert
        """
        ids = [int(remote_id) if str(remote_id).isdecimal() else None for remote_id in remote_ids]
        if None in ids:
            raise ValueError(_("EIM has no alert of its own for an order in error; mend the order instead."))
        if ids:
            self._post("dismiss_alerts", ids)

    # How calls are made

    def _get(self, name, params=None, reserve=None, **parts):
        """GET a route, see ``Routing.get``."""
        is_answer = None if name != "list_skipped_orders" else _is_no_order
        return self._routing.get(name, params, is_answer, reserve, **parts)

    def _post(self, name, body):
        """POST to a route.

        :raise Refused: EIM says yes to the call and no to what is in it
        """
        answer = self._routing.send(name, body)
        result = BatchResult.parse(answer.response, 1, answer.process_id)
        if result.failures:
            raise Refused(result.failures[0].message, process_id=answer.process_id, route=name, status=200)

    def _post_batch(self, name, body):
        answer = self._routing.send(name, body)
        return BatchResult.parse(answer.response, len(body), answer.process_id)

    def _one(self, name, record, key, value, params=None, reserve=None):
        answer = self._get(name, params, reserve, **{key: writable(value, key)})
        entries = maps([answer.response] if isinstance(answer.response, dict) else answer.response)
        with _said_of(name, answer):
            if not answer.response:
                raise NotFound(_("EIM has nothing of the %(name)s %(value)s.", name=key, value=value))
            if len(entries) != 1:
                raise Unreadable(_("EIM's answer is not one record."))
            result = record.parse(entries[0])
            if getattr(result, key).strip().casefold() != value.strip().casefold():
                raise Unreadable(_("EIM answers for another %(name)s than %(value)s.", name=key, value=value))
        return result

    def _page(self, name, record, params, reserve=None, **parts):
        limit = params["limit"]
        page = params["page"]
        if not (1 <= limit <= MAX_LIMIT and page >= 1):
            raise ValueError(f"A page has 1 to {MAX_LIMIT} entries and a number from 1.")
        answer = self._get(name, params, reserve, **parts)
        with _said_of(name, answer):
            items, unreadable, count = _read_entries(record, answer.response)
        seen = (page - 1) * limit + count
        total = answer.total if answer.total is None or answer.total >= count else None
        is_last = count == 0 or (count < limit if total is None else seen >= total)
        return Page(items, page, is_last, total, unreadable, limit)

    def _list_all(self, record, name, **parts):
        """Return the records of a list that has no pages; entries that name nothing are passed over."""
        answer = self._get(name, **parts)
        with _said_of(name, answer):
            return tuple(filter(None, (record.parse(entry) for entry in maps(_rows(answer.response)))))

    def _gather(self, list_page, *args, pages=FALLBACK_PAGES, **kwargs):
        """Yield the entries of the first ``pages`` pages of a list."""
        for number in range(1, pages + 1):
            page = list_page(*args, page=number, **kwargs)
            yield from page.items
            if page.is_last:
                return

    def _carts_of_orders(self):
        since = datetime.now(timezone.utc) - timedelta(days=FALLBACK_DAYS)
        try:
            orders = list(self._gather(self.list_orders, "any", from_date=since))
        except (Refused, Blocked):
            orders = self._gather(self.list_orders, "new_or_at_wms")
        sources = dict.fromkeys(order.order_source for order in orders if order.order_source)
        return tuple(Cart(source, source) for source in sources)


@contextmanager
def _said_of(name, answer):
    """Say of an error in reading an answer which call it was."""
    try:
        yield
    except EimError as error:
        error.route = name
        error.process_id = answer.process_id
        error.status = 200
        raise


def _read_entries(record, response):
    """Return ``(records, what was passed over and why, how many entries there were)`` of a list."""
    rows = _rows(response)
    items = []
    unreadable = []
    for position, raw in enumerate(rows, 1):
        try:
            if not isinstance(raw, dict):
                raise Unreadable(_("It is not an object."))
            items.append(record.parse(raw))
        except Unreadable as error:
            unreadable.append(labelled(_("Entry %(number)s", number=position), error.message))
    return tuple(items), tuple(unreadable), len(rows)


def _rows(response):
    """Return the entries of a list as EIM may wrap it: a list, nothing, a map of objects, one list in a map.

    :raise Unreadable: it is none of these
    """
    if response in (None, "", [], {}):
        return []
    if isinstance(response, dict):
        lists = [value for value in response.values() if isinstance(value, list)]
        if len(response) == len(lists) == 1:
            return lists[0]
        if all(isinstance(value, dict) for value in response.values()):
            return list(response.values())
    if isinstance(response, list):
        return response
    raise Unreadable(_("EIM's answer is not a list."))


def _is_no_order(response):
    """Whether a response is no order by itself, as EIM answers where it takes the last of a path for a reference."""
    return not (isinstance(response, dict) and "cust_ref" in response)


def _query_date(value):
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value
