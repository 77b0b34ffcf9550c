"""How EIM says no."""

INVALID = "Invalid"  # missing or wrong data
FAILURE = "Failure"  # a hard refusal, such as a duplicate order
RATE_LIMIT = "RateLimit"
SLOW_DOWN = "Over API Limit. Please slow down requests."


class Refused(Exception):
    """A call that EIM refuses, with its ``code`` and ``message`` (mostly under HTTP 200)."""

    def __init__(self, code: str, message: str, status: int = 200):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class UnknownPath(Refused):
    """No route answers at the path of a call."""
