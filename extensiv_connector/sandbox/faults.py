"""What the sandbox was told to do wrong on its next calls."""

import random
import threading
from dataclasses import asdict, dataclass

KINDS = {
    "timeout": "no answer for `seconds`, then the connection is reset; nothing is done",
    "reset": "the connection is reset; nothing is done",
    "lose_answer": "the work is done, then (after `seconds`) the connection is reset without an answer",
    "cut": "the work is done and half of the answer sent",
    "rate_limit": "the answer that the rate limit gives",
    "invalid": "HTTP 200, error_code Invalid with `message`",
    "failure": "HTTP 200, error_code Failure with `message`",
    "no_inside": "HTTP 200, success_code true and a response that says success false with `message`",
    "ignored": "HTTP 200 and success_code true; nothing is done",
    "garbage": "HTTP 200 and a body that is not JSON",
    "gateway_401": "HTTP 401 and a gateway's page instead of EIM's JSON",
    "gateway_403": "HTTP 403 and a gateway's page instead of EIM's JSON",
    "400 ... 599": "that HTTP status: 401, 403 as refused credentials, 502 to 504 as HTML, others as text",
}


@dataclass(slots=True)
class Fault:
    """A fault for the next ``count`` calls of ``route`` (``*``: any) with ``match`` in its path or body.

    ``retry_after`` is the header of that name, in seconds or as a date, that the answer has.
    """

    route: str = "*"
    kind: str = "500"
    count: int = 1
    seconds: float = 0.0
    message: str = ""
    match: str = ""
    retry_after: str = ""

    def __post_init__(self):
        self.kind = str(self.kind)
        is_status = self.kind.isdigit() and 400 <= int(self.kind) <= 599
        if not is_status and self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}; known: {', '.join(KINDS)}")
        if self.kind == "timeout" and not self.seconds:
            self.seconds = 60.0

    def concerns(self, names: tuple[str, ...], text: str) -> bool:
        """Tell whether it befalls a call known by ``names`` whose path, query and body are ``text``."""
        return (self.route == "*" or self.route in names) and self.match in text


class Faults:
    """The faults waiting for their calls, and those that come at random."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self.set_random()

    def add(self, values: dict) -> None:
        """Let a fault wait for its calls.

        :param values: the fields of :class:`Fault`
        :raise ValueError: unknown kind
        :raise TypeError: unknown field
        """
        fault = Fault(**values)
        with self._lock:
            self._waiting.append(fault)

    def set_random(self, rate: float = 0.0, seed: int = 1, kinds: tuple = (), seconds: float = 0.0) -> None:
        """Let a share ``rate`` of all calls meet a fault of one of ``kinds``, drawn from ``seed``."""
        candidates = [Fault(kind=kind, seconds=seconds) for kind in kinds or ("500", "reset", "lose_answer")]
        with self._lock:
            self._rate = rate
            self._random = random.Random(seed)
            self._candidates = candidates

    def clear(self) -> None:
        """Forget every fault, those at random too."""
        with self._lock:
            self._waiting.clear()
        self.set_random()

    def take(self, names: tuple[str, ...], text: str) -> Fault | None:
        """Return the fault that befalls a call, counted as spent, or None."""
        with self._lock:
            for fault in self._waiting:
                if fault.concerns(names, text):
                    fault.count -= 1
                    if fault.count <= 0:
                        self._waiting.remove(fault)
                    return fault
            if self._rate and self._random.random() < self._rate:
                return self._random.choice(self._candidates)
        return None

    def listing(self) -> list[dict]:
        """Return the faults still waiting."""
        with self._lock:
            waiting = [asdict(fault) for fault in self._waiting]
            if self._rate:
                kinds = ", ".join(fault.kind for fault in self._candidates)
                waiting.append({"route": "*", "kind": kinds, "rate": self._rate})
        return waiting
