"""Shipments that EIM refused, each held back until it is known that the credentials are not behind it."""

from contextlib import contextmanager

from ..eim.errors import EimError, Refused


class HeldRefusals:
    """The refused orders of one pass whose outcome may not be written down yet.

    :param run: a ``FlowRun``, whose ``refusals`` decide what may
    """

    def __init__(self, run):
        self._run = run

    @contextmanager
    def recorded(self):
        """Write down at the end what is still held back; whatever breaks off, what was sent is to be sent again."""
        refusals = self._run.refusals
        try:
            yield
            self._record(refusals.finish())
        finally:
            sent_ids = [order_id for order_id, (_record, was_sent) in refusals.drop().items() if was_sent]
            if sent_ids:
                self._run.retry_on_conflict(lambda: self._put_back(sent_ids))

    def hold(self, order, error, record, was_sent):
        """Hold a refused order back, or write its outcome down.

        :param record: writes the outcome
        :param was_sent: whether EIM was sent the shipment, and not only asked what became of it
        :raise EimError: the check is refused too, or could not be asked
        """
        names = (order.extensiv_cust_ref, order.extensiv_order_id.order_number, order.name)
        self._record(self._run.refusals.refused(order.id, error, names, (record, was_sent)))

    def accept(self):
        """Write down what was held back: EIM took another one."""
        self._record(self._run.refusals.accepted())

    def _record(self, outcomes):
        for record, _was_sent in outcomes.values():
            self._run.retry_on_conflict(record)
            self._run.failed += 1

    def _put_back(self, order_ids):
        orders = self._run.env["sale.order"].browse(order_ids)
        orders.filtered(lambda order: order.extensiv_shipment_state == "sending")._extensiv_set_shipment_state("ready")


def ask_status(client, cust_ref):
    """Return EIM's status of an order whose shipment it refused, empty where it does not say.

    None: it could not be asked, so that it may have refused because it has the shipment.
    """
    try:
        return client.get_order_status(cust_ref).status
    except Refused:
        return ""
    except EimError:
        return None
