"""What a call would send, found out without sending it."""

from copy import copy
from dataclasses import dataclass

from .errors import Transient


@dataclass(frozen=True)
class Request:
    """A writing call: the route's name, and what is sent. ``path`` is below ``/v1``, its parts filled in."""

    route: str
    method: str
    path: str
    body: object


class _Noted(Exception):
    """The call came as far as sending; in ``request`` is what it would have sent."""

    def __init__(self, request):
        super().__init__()
        self.request = request


class _Recorder:
    """Stands in for a client's transport, and sends nothing."""

    def call(self, route, path, params=None, body=None):
        if not route.writes:
            raise Transient("EIM is not asked for a preview.", route=route.name)
        raise _Noted(Request(route.name, route.method, path, body))


def preview(client, work):
    """Return the ``Request`` that ``work(client)`` would send first; nothing is sent.

    :param work: a function that has a client write something
    :raise EimError, ValueError: as ``work``, which came to no call
    """
    twin = copy(client)
    twin.use(_Recorder())
    try:
        work(twin)
    except _Noted as noted:
        return noted.request
    raise ValueError("Nothing would be sent.")
