"""Telling EIM of orders: one by the path with its reference, or several by the batch form."""

from collections import defaultdict

from .errors import AnswerLost, Blocked, EimError, NotFound, Refused, Unreadable
from .texts import _
from .wire import BatchResult
from .writing import writable

BATCH = "batch_update_order_status"
MAX_BATCH = 50  # records of a call
# A gateway that blocks fewer orders may dislike something in their references, and not the path.
BLOCKED_ORDERS = 2
# What an order may be before it is told of, and what it reads as once it was.
_BEFORE = {"acknowledge": ("new",), "ship": ("new", "at_wms", "partial")}
_AFTER = {"acknowledge": ("at_wms",), "ship": ("shipped", "confirmed")}


class OrderUpdates:
    """The calls that set the status of orders.

    Nobody knows whether the path with a reference exists. Where it is not found, the batch form is tried with the one
    order, and remembered once the order reads back as told. ``answered`` of the routing then holds the path of the
    batch for ``acknowledge`` or ``ship``, and that of the batch itself once it is trusted.

    :param routing: a ``Routing``
    :param ask_status: returns the ``OrderStatus`` of a reference
    """

    def __init__(self, routing, ask_status):
        self._routing = routing
        self._ask_status = ask_status
        self._blocked = defaultdict(set)

    # One order

    def update(self, name, cust_ref, body):
        """Set the status of one order, by ``acknowledge`` or ``ship``.

        :raise AnswerLost: also where EIM took a shipment in the batch form and does not show it
        """
        cust_ref = writable(cust_ref, "cust_ref")
        record = {"cust_ref": cust_ref, **body}
        is_by_batch = self._is_by_batch(name)
        if is_by_batch:
            try:
                self._send(self._batch_path, name, [record])
            except (NotFound, Blocked) as error:
                if not self._may_be_the_path(name, cust_ref, error):
                    raise
            else:
                self._blocked.pop(name, None)
                return
        path = self._routing.current(name)
        try:
            self._send(path, name, body, cust_ref=cust_ref)
        except (NotFound, Blocked) as error:
            if name in self._routing.overrides or not self._may_be_the_path(name, cust_ref, error):
                raise
            if is_by_batch:  # EIM finds the order in neither form, so it may be the order that is not there
                raise
            self._send_as_batch(name, record, error)
        else:
            self._routing.answered[name] = path
            self._blocked.pop(name, None)

    def current(self, name):
        """Return the path at which a route is called first, that of the batch form where it stands for it."""
        return self._batch_path if self._is_by_batch(name) else self._routing.current(name)

    def _is_by_batch(self, name):
        known = self._routing.answered.get(name)
        return name not in self._routing.overrides and known == self._batch_path

    def _may_be_the_path(self, name, cust_ref, error):
        """Whether the path may be what EIM does not know, and not the order, or something in its reference."""
        if isinstance(error, NotFound):
            return True
        self._blocked[name].add(cust_ref)
        return name not in self._routing.answered or len(self._blocked[name]) >= BLOCKED_ORDERS

    def _send_as_batch(self, name, record, refusal):
        """Tell EIM of one order in the batch form, after its path gave ``refusal``; remember the form where it works.

        :raise EimError: ``refusal`` where the batch form is none either, or nothing shows that it did anything
        """
        cust_ref = record["cust_ref"]
        if self._read_status(cust_ref) not in _BEFORE[name]:
            raise refusal
        try:
            self._send(self._batch_path, name, [record])
        except (NotFound, Blocked):
            raise refusal from None
        try:
            shown = self._read_status(cust_ref) in _AFTER[name]
        except EimError:
            if name == "acknowledge":
                raise
            shown = False
        if not shown:
            # A shipment that EIM took must not be sent again before it is known what became of it.
            taken = AnswerLost(_("EIM took the shipment and does not show it yet."), route=name)
            raise refusal if name == "acknowledge" else taken from None
        if isinstance(refusal, NotFound) or len(self._blocked[name]) >= BLOCKED_ORDERS:
            self._routing.answered[name] = self._batch_path
            if name == "acknowledge":
                self.trust_batch()

    def _read_status(self, cust_ref):
        """Return EIM's status of an order; empty where it has none, or cannot be asked."""
        try:
            return self._ask_status(cust_ref).status
        except (Refused, Blocked, Unreadable):
            return ""

    def _send(self, path, name, body, **parts):
        """POST to ``path``.

        :raise Refused: EIM says yes to the call and no to what is in it
        """
        answer = self._routing.send_to(path, name, body, **parts)
        result = BatchResult.parse(answer.response, 1, answer.process_id)
        if result.failures:
            raise Refused(result.failures[0].message, process_id=answer.process_id, route=name, status=200)

    # Many orders

    @property
    def _batch_path(self):
        return self._routing.current(BATCH)

    @property
    def is_batch_trusted(self):
        """Whether the batch worked once, at the path that is used now."""
        return self._routing.answered.get(BATCH) == self._batch_path

    def acknowledge_batch(self, cust_refs):
        """Acknowledge orders in one call and return the ``BatchResult``.

        :raise ValueError: more than ``MAX_BATCH``, or a reference that cannot be sent; nothing was
        """
        if len(cust_refs) > MAX_BATCH:
            raise ValueError(_("EIM takes %(count)s orders in one call at most.", count=MAX_BATCH))
        if not cust_refs:
            return BatchResult()
        body = [{"cust_ref": writable(cust_ref, "cust_ref"), "order_status": "at_wms"} for cust_ref in cust_refs]
        answer = self._routing.send(BATCH, body)
        return BatchResult.parse(answer.response, len(body), answer.process_id)

    @property
    def may_ship_batch(self):
        """Whether shipments may be tried in the batch form: it works for acknowledging."""
        return self.is_batch_trusted and "ship" not in self._routing.overrides

    @property
    def can_ship_batch(self):
        """Whether a shipment that was told in the batch form was shown afterwards."""
        return self._is_by_batch("ship")

    def ship_batch(self, orders):
        """Tell EIM at once that whole orders are shipped, ``MAX_BATCH`` at most, and return the ``BatchResult``.

        :param orders: ``{cust_ref: its shipments}``
        :raise ValueError: too many orders, or what cannot be sent; nothing was
        :raise AnswerLost: read the status of each order before doing it again
        """
        if len(orders) > MAX_BATCH:
            raise ValueError(_("EIM takes %(count)s orders in one call at most.", count=MAX_BATCH))
        body = [
            {
                "cust_ref": writable(cust_ref, "cust_ref"),
                "order_status": "shipped",
                "shipments": write_parcels(shipments),
            }
            for cust_ref, shipments in orders.items()
        ]
        # As a shipment: acknowledging leaves tokens to others, and this is what they are left to.
        answer = self._routing.send_to(self._batch_path, "ship", body)
        return BatchResult.parse(answer.response, len(body), answer.process_id)

    def trust_ship_batch(self):
        """Remember that shipments are taken in the batch form."""
        self._routing.answered["ship"] = self._batch_path

    def forget_ship_batch(self):
        """Forget that shipments were taken in the batch form."""
        if self._is_by_batch("ship"):
            del self._routing.answered["ship"]

    def trust_batch(self):
        """Remember that the batch works."""
        self._routing.answered[BATCH] = self._batch_path

    def forget_batch(self):
        """Forget that the batch worked, and what was told of in its form."""
        path = self._batch_path
        for name in (BATCH, *_AFTER):
            if self._routing.answered.get(name) == path:
                del self._routing.answered[name]


def write_parcels(shipments):
    """Return ``shipments`` of an order as EIM takes them.

    :raise ValueError: none, one without items, or a quantity not above zero
    """
    parcels = [shipment.to_wire() for shipment in shipments]
    if not parcels:
        raise ValueError(_("An order without shipments is not told to EIM as shipped."))
    return parcels
