"""What a call would send, found out without sending it."""

from dataclasses import dataclass

from .errors import Transient
from .texts import _


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


class Preview:
    """Stands in for a client's transport: a client made with it sends nothing."""

    def call(self, route, path, params=None, body=None):
        """Say of a writing call what it would have sent.

        :raise Transient: the call only reads, and has no answer here
        """
        if not route.writes:
            raise Transient(_("EIM is not asked for a preview."), route=route.name)
        raise _Noted(Request(route.name, route.method, path, body))


def preview(client, work):
    """Return the ``Request`` that ``work(client)`` would send first; nothing is sent.

    :param client: an ``EimClient`` whose transport is a ``Preview``
    :param work: a function that has a client write something
    :raise EimError, ValueError: as ``work``, which came to no call
    """
    try:
        work(client)
    except _Noted as noted:
        return noted.request
    raise ValueError(_("Nothing would be sent."))
