"""Shipments that EIM refused, each held back until it is known that the credentials are not behind it."""

from contextlib import contextmanager

from ..eim.errors import EimError, Refused


@contextmanager
def holding(pass_):
    """Write down at the end what is still held back; whatever breaks off, what was told of is to be told again."""
    try:
        yield
        _write(pass_, pass_.refusals.finish())
    finally:
        told = [order_id for order_id, (_conclude, was_told) in pass_.refusals.drop().items() if was_told]
        if told:
            pass_.retry_on_conflict(lambda: _put_back(pass_, told))


def hold(pass_, order, error, conclude, was_told):
    """Hold a refused order back, or write its outcome down.

    :param conclude: writes the outcome
    :param was_told: whether EIM was told the shipment, and not only asked what became of it
    :raise EimError: the check is refused too, or could not be asked
    """
    names = (order.extensiv_cust_ref, order.extensiv_order_id.order_number, order.name)
    _write(pass_, pass_.refusals.refused(order.id, error, names, (conclude, was_told)))


def accept(pass_):
    """Write down what was held back: EIM took another one."""
    _write(pass_, pass_.refusals.accepted())


def status_after_refusal(client, cust_ref):
    """Return EIM's status of an order whose shipment it refused, empty where it does not say.

    None: it could not be asked, so that it may have refused because it has the shipment.
    """
    try:
        return client.get_order_status(cust_ref).status
    except Refused:
        return ""
    except EimError:
        return None


def _write(pass_, outcomes):
    for conclude, _was_told in outcomes.values():
        pass_.retry_on_conflict(conclude)
        pass_.failed += 1


def _put_back(pass_, order_ids):
    orders = pass_.env["sale.order"].browse(order_ids)
    orders.filtered(lambda order: order.extensiv_shipment_state == "sending")._extensiv_set_shipment_state("ready")
