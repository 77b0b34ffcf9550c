"""What can go wrong when talking to EIM, told apart as the flows must treat it.

Every error carries EIM's own words and the support id (``X-CartRover-Process-ID``); none carries a
credential, a request header or a body.
"""


class EimError(Exception):
    """Base of everything the client raises.

    :param message: EIM's own words where it gave any, else one plain sentence
    :param process_id: EIM's support id of the call, where an answer arrived
    :param route: the name of the route in ``routes.ROUTES``
    :param status: the HTTP status, where an answer arrived
    :param retry_after: seconds for which the answer asks to be left alone, where it does: then ``asked`` is true
    """

    def __init__(self, message, *, process_id=None, route=None, status=None, retry_after=None):
        super().__init__(message)
        self.message = message
        self.process_id = process_id
        self.route = route
        self.status = status
        self.retry_after = retry_after
        self.asked = retry_after is not None


class Transient(EimError):
    """EIM was not reached or had trouble of its own; nothing was done, trying later may work."""


class OutOfTime(Transient):
    """The time that was given for the whole is over, so nothing was sent."""


class CertificateInvalid(Transient):
    """The certificate of whoever answers at EIM's address is not valid, so nothing was sent."""


class Blocked(Transient):
    """HTTP 401 or 403 with a body that is not EIM's: a gateway or firewall before EIM refused this one call."""


class RateLimited(Transient):
    """No token in time, or EIM said ``RateLimit``; not a failure, a pause of ``retry_after`` seconds.

    ``asked`` is whether EIM said for how long.
    """

    def __init__(self, message, *, retry_after, asked=False, **kwargs):
        super().__init__(message, retry_after=retry_after, **kwargs)
        self.asked = asked


class CredentialsRefused(EimError):
    """The check of the credentials was refused; nothing works until a person mends them.

    ``cause`` is what was found out about it: ``level`` (EIM knows the key, but not as a merchant's), ``merchant``
    (a warehouse's key for which no merchant is set), ``other_merchant`` (nor is it the key of the merchant that
    is set), or empty.
    """

    def __init__(self, message, *, cause="", **kwargs):
        super().__init__(message, **kwargs)
        self.cause = cause


class Refused(EimError):
    """EIM understood and refused; repeating the same call changes nothing.

    ``code`` is EIM's ``error_code`` (``Invalid``, ``Failure``), ``detail`` its ``error_response`` as text.
    """

    def __init__(self, message, *, code="", detail="", **kwargs):
        super().__init__(message, **kwargs)
        self.code = code
        self.detail = detail


class Forbidden(Refused):
    """EIM's own words under HTTP 401 or 403: the key is refused, or only this route or record."""


class NotFound(Refused):
    """EIM has no such route or no such thing (HTTP 404)."""


class Unreadable(EimError):
    """An answer arrived that is not what the contract describes (not JSON, cut short, another shape)."""

    def __init__(self, message, *, cut_short=False, **kwargs):
        super().__init__(message, **kwargs)
        self.cut_short = cut_short


class AnswerLost(EimError):
    """A writing call was sent and no readable answer came: EIM may or may not have done the work.

    ``unreadable``: an answer came whole, and is none of EIM's.
    """

    def __init__(self, message, *, unreadable=False, **kwargs):
        super().__init__(message, **kwargs)
        self.unreadable = unreadable


class EndlessList(Unreadable):
    """A list that comes to no end, or of which less comes than EIM says: what was read of it is what there is."""
