"""Which path of a route answers, and what was learned of it."""

from dataclasses import replace

from .errors import Blocked, NotFound, Refused, Unreadable
from .routes import ROUTES, check_override, fill
from .texts import _


class Routing:
    """Call routes at the path that is set, at the one that answered before, or at the first candidate that answers.

    :param transport: a ``Transport``
    :param overrides: ``{route name: path}`` from the account's form
    :param known_paths: what ``answered`` of an earlier routing held

    ``answered`` says which path answered, for the routes that have several.
    """

    def __init__(self, transport, overrides, known_paths):
        self._transport = transport
        self.overrides = {name: check_override(name, path) for name, path in (overrides or {}).items() if path}
        self.answered = {name: path for name, path in (known_paths or {}).items() if name in ROUTES}
        self._known = dict(self.answered)

    @property
    def learned(self):
        """What answers elsewhere than was known: ``{route name: path}``, ``None`` for a path that is forgotten."""
        return {
            name: self.answered.get(name)
            for name in sorted(self._known.keys() | self.answered.keys())
            if self.answered.get(name) != self._known.get(name)
        }

    def paths(self, name):
        """Return the paths to try: first the one that answered before, then those of the noun that answered a list."""
        if name in self.overrides:
            return (self.overrides[name],)
        route = ROUTES[name]
        known = self.answered.get(name)
        followed = self.overrides.get(route.follows) or self.answered.get(route.follows) or ""
        noun = followed.split("/")[1:2]
        return tuple(sorted(route.paths, key=lambda path: (path != known, path.split("/")[1:2] != noun)))

    def current(self, name):
        """Return the path at which a route is called first; empty where none is known."""
        return next(iter(self.paths(name)), "")

    def get(self, name, params=None, is_answer=None, reserve=None, **parts):
        """GET a route; where it has several candidate paths, the first that answers is remembered.

        :param is_answer: whether a response is one of this route, and not of another that takes its path for its own
        :param reserve: tokens that the call leaves to others, where not as many as the route always does
        :raise NotFound: the route has several candidates and none of them answers
        """
        route = ROUTES[name]
        if reserve is not None:
            route = replace(route, reserve=max(reserve, route.reserve))
        paths = self.paths(name)
        for path in paths:
            try:
                answer = self._transport.call(route, fill(path, parts), params)
                if is_answer and not is_answer(answer.response):
                    raise Unreadable(
                        _("EIM answers something else there."), process_id=answer.process_id, route=name, status=200
                    )
            except (Refused, Blocked, Unreadable) as error:
                if len(route.paths) < 2 or name in self.overrides:
                    raise
                last = error
                continue
            if len(route.paths) > 1:
                self.answered[name] = path
            return answer
        raise self._nowhere(name, paths, last)

    def send(self, name, body, **parts):
        """POST to a route, at the next candidate only where surely nothing was done.

        :raise NotFound: no path is known, or none of several candidates answers
        """
        route = ROUTES[name]
        paths = self.paths(name)
        if not paths:
            raise NotFound(_("No path is known for %(route)s; it can be set on the account.", route=name), route=name)
        for path in paths:
            try:
                answer = self.send_to(path, name, body, **parts)
            except (NotFound, Blocked) as error:
                if len(route.paths) < 2 or name in self.overrides:
                    raise
                last = error
                continue
            if len(route.paths) > 1:
                self.answered[name] = path
            return answer
        raise self._nowhere(name, paths, last)

    def send_to(self, path, name, body, **parts):
        """POST to a path of a route, whatever else is known of the route."""
        return self._transport.call(ROUTES[name], fill(path, parts), body=body)

    def _nowhere(self, name, paths, last):
        """Forget which path answered, and return the error of a route none of whose candidates does."""
        self.answered.pop(name, None)
        return NotFound(
            _("EIM answers on none of %(paths)s: %(reason)s", paths=", ".join(paths), reason=last.message),
            process_id=last.process_id, route=name, status=last.status,
        )  # fmt: skip
