"""HTTP exchanges with EIM, told apart by what they mean: tokens, time limits, tries, errors."""

import json
import logging
import random
import re
import ssl
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.connection

from .body import ACCEPTED, BodyRefused, read_body
from .credentials import Credential, check_base_url, check_merchant_pk, is_loopback
from .errors import (
    AnswerLost,
    Blocked,
    CertificateInvalid,
    EimError,
    Forbidden,
    NotFound,
    OutOfTime,
    RateLimited,
    Refused,
    Transient,
    Unreadable,
)
from .parsing import note, text
from .sanitizing import clean, redact
from .texts import _, join
from .throttle import MemoryTokens
from .time_limit import BoundedSession, TimeLimit

_logger = logging.getLogger(__name__)

USER_AGENT = "extensiv_connector/19.0"
MAX_ANSWER = 10 * 1024 * 1024  # bytes, decompressed
LEAST_SECONDS = 10.0  # an answer may always take this long
MAX_REDIRECTS = 3
CONNECT_SECONDS = 10.0  # a host that is there takes less to accept a connection
PAUSES = (0.75, 1.5)  # seconds at most before the second and third try of a GET, half of it at least
RATE_LIMIT_PAUSE = 6.0  # seconds, when EIM says RateLimit and not for how long
LONGEST_PAUSE = 3600.0  # seconds, whatever an answer asks for
MAX_WORDS = 2_000  # characters of EIM's words in an error

_YES = (True, 1, "true", "1")
# Older urllib3 compares the host's name by itself.
_BAD_CERTIFICATE = (ssl.SSLCertVerificationError, urllib3.connection.CertificateError)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the log keeps it: ``path`` below ``/v1``, no query; ``error`` a class name or ``""``.

    ``date`` is the moment by EIM's clock (aware), where it says it; ``sent`` and ``received`` are the redacted
    bodies, only while they are recorded.
    """

    route: str
    method: str
    path: str
    status: int | None
    milliseconds: int
    process_id: str
    error: str
    date: object = None
    sent: str = ""
    received: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a successful call brought; ``total`` is the header ``total-records`` where sent."""

    response: object
    total: int | None
    process_id: str


class Transport:
    """Carry calls to one host for one credential; see ``EimClient`` for the arguments."""

    def __init__(
        self, base_url, api_user, api_key, *, merchant_pk="", tokens=None, session=None, sleep=None,
        clock=None, on_call=None, record=False, max_wait=5.0, timeout=30.0,
    ):  # fmt: skip
        self.base_url = check_base_url(base_url)
        merchant_pk = check_merchant_pk(merchant_pk)
        self._auth = Credential(api_user or "", api_key or "")
        self._headers = {"Accept": "application/json", "Accept-Encoding": ACCEPTED, "User-Agent": USER_AGENT}
        if merchant_pk:
            self._headers["X-Merchant-Pk"] = merchant_pk
        self._session = session or BoundedSession()
        host = urlsplit(self.base_url).hostname
        self._proxies = {"no_proxy": host} if is_loopback(host) else None  # else the environment's
        self._tokens = tokens if tokens is not None else MemoryTokens()
        self._sleep = sleep or time.sleep
        self._clock = clock or time.monotonic
        self._on_call = on_call
        self._record = record
        self.max_wait = max_wait
        self.deadline = None
        self.is_strict = False
        self.served = False
        self.date = None
        self._timeout = timeout

    def __repr__(self):
        return f"<{type(self).__name__} {self.base_url}>"

    def listen(self, on_call):
        """Tell ``on_call`` of each further call, and return what was told before."""
        told = self._on_call
        self._on_call = on_call
        return told

    def call(self, route, path, params=None, body=None):
        """Make one call and return its ``Answer``.

        A GET is tried up to three times on transient trouble, but not again after half again the time limit,
        and a time-out leaves less for the next try: 45 s in all, not counting waits for tokens, 60 s at the
        very worst. A POST is sent once. Near ``deadline`` the limits shrink, to ``LEAST_SECONDS`` at least, and no
        token is waited for beyond it. Where it is strict, nothing is sent after it.
        Where an answer asks to wait (``Retry-After``), the next try comes after that; where that is more than
        ``max_wait`` or the time of the call, there is none, and the error's ``retry_after`` says for how long.

        :raise RateLimited: no token within ``max_wait``, or EIM says so
        :raise OutOfTime: a strict ``deadline`` is over; nothing was sent
        :raise Transient: EIM was not reached; of a GET also: 5xx, time-out, reset
        :raise AnswerLost: a POST was sent and no readable answer came
        :raise Blocked, CertificateInvalid, Forbidden, Refused, NotFound, Unreadable: as their classes say
        """
        now = self._clock()
        limit = self._timeout
        least = limit / 2
        if self.deadline is not None:
            limit = min(limit, max(self.deadline - now, LEAST_SECONDS))
            least = min(limit / 2, LEAST_SECONDS)
        seconds = limit
        until = now + 1.5 * limit if self.deadline is None else min(now + 1.5 * limit, self.deadline)
        patience = self.max_wait
        for pause in (None,) if route.writes else (*PAUSES, None):
            answer, error = self._follow(route, path, params, body, seconds)
            if error is None:
                return answer
            lasting = isinstance(error, Blocked | CertificateInvalid)
            worth_it = isinstance(error, Transient) or (isinstance(error, Unreadable) and error.cut_short)
            if pause is None or lasting or not worth_it or self._clock() >= until:
                raise error
            pause = random.uniform(pause / 2, pause)
            if error.asked:
                pause = max(pause, error.retry_after)
                patience -= pause
                if patience < 0 or self._clock() + pause >= until:
                    raise error
            _logger.info("EIM %s is tried again: %s (process %s)", route.name, type(error).__name__, error.process_id)
            self._sleep(pause)
            seconds = min(limit, max(until - self._clock(), least))

    def try_once(self, route, path, params, seconds):
        """Make one try of a GET, ``seconds`` long at most, and return its ``Answer``.

        It says nothing of what EIM does of its work: ``served`` stays as it was.

        :raise EimError: as ``call`` does
        """
        served = self.served
        answer, error = self._follow(route, path, params, None, seconds)
        self.served = served
        if error is not None:
            raise error
        return answer

    def _follow(self, route, path, params, body, seconds):
        """Make one try, with the redirects of a GET within the host; return ``(answer, error)``."""
        url = f"{self.base_url}/v1/{path}"
        for _redirect in range(MAX_REDIRECTS + 1):
            if self.is_strict and self._clock() >= self.deadline:
                raise OutOfTime(_("There was no time left to ask EIM."), route=route.name)
            self._wait_for_token(route)
            started = self._clock()
            answer, error, location = self._exchange(route, path, url, params, body, seconds)
            if location is None:
                return answer, error
            seconds -= self._clock() - started
            if seconds <= 0:
                return None, Transient(_("EIM did not answer in time."), route=route.name)
            url = location
            params = None
        return None, Unreadable(_("EIM redirects without end."), route=route.name)

    def _wait_for_token(self, route):
        slept = 0.0
        patience = self.max_wait
        if self.deadline is not None:
            patience = min(patience, max(self.deadline - self._clock(), 0.0))
        while wait := self._tokens.take(route.reserve):
            if slept + wait > patience:
                used_up = _("The calls that EIM allows are used up for the moment.")
                raise RateLimited(used_up, retry_after=wait, route=route.name)
            self._sleep(wait)
            slept += wait

    def _exchange(self, route, path, url, params, body, seconds):
        """Send one request; return ``(answer, error, redirect)``, two of them ``None``.

        Errors are returned, not raised, so that none carries the HTTP library's in its context, which holds
        the request and so the credential.
        """
        started = self._clock()
        answer = error = location = None
        status = None
        process_id = ""
        data = b""
        trouble = None
        date = None
        limit = TimeLimit(seconds, CONNECT_SECONDS)
        try:
            with limit:
                response = self._session.request(
                    route.method, url, params=params, data=None if body is None else json.dumps(body).encode(),
                    headers=self._headers | ({"Content-Type": "application/json"} if route.writes else {}),
                    auth=self._auth, timeout=seconds, proxies=self._proxies, allow_redirects=False, stream=True,
                )  # fmt: skip
                with response:
                    status = response.status_code
                    headers = response.headers
                    process_id = text(headers.get("X-CartRover-Process-ID"), 100)
                    date = http_date(headers.get("Date"))
                    self._observe(headers.get("X-CartRover-Api-Minute-Hits-Remaining"))
                    data = read_body(response, MAX_ANSWER)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, BodyRefused) as exception:
            trouble = exception
        if limit.expired:
            trouble = requests.Timeout()  # what came may be cut off, and look whole
        never_sent = isinstance(self._session, BoundedSession) and not limit.connected
        about = {"process_id": process_id, "route": route.name, "status": status}
        if trouble is not None:
            error = _of_trouble(trouble, route, about, never_sent)
        elif 300 <= status < 400:
            location = None if route.writes else self._redirect(url, headers.get("Location"))
            if location is None:
                error = _unanswered(route, _("EIM redirects to another address, which is not followed."), about)
        else:
            answer, error = self._judge(route, status, headers, data, about)
            self.served |= error is None
        call = Call(
            route.name, route.method, path, status, int(max(self._clock() - started, 0) * 1000), process_id,
            type(error).__name__ if error is not None else "", date,
            *((redact(body), redact(_load(data))) if self._record else ()),
        )  # fmt: skip
        if date is not None:
            self.date = date.astimezone(timezone.utc).replace(tzinfo=None)
        outcome = call.error or status
        _logger.debug("EIM %s: %s, %d ms (process %s)", route.name, outcome, call.milliseconds, process_id)
        if self._on_call:
            self._on_call(call)
        return answer, error, location

    def _observe(self, remaining):
        if remaining is not None and remaining.strip().isascii() and remaining.strip().isdigit():
            self._tokens.observe(min(int(remaining.strip()[:9]), 1_000_000))

    def _redirect(self, url, location):
        """Return the absolute address to follow, or ``None`` where it leaves the host."""
        try:
            target = urljoin(url, location or "")
            here = urlsplit(url)
            there = urlsplit(target)
            same = (here.scheme, here.netloc.lower()) == (there.scheme, there.netloc.lower())
        except ValueError:
            return None
        return target if location and same and "\\" not in target else None

    def _judge(self, route, status, headers, data, about):
        """Return ``(answer, error)`` of a complete HTTP answer."""
        body = _load(data)
        words = body if isinstance(body, dict) else {}
        success = _is_yes(words.get("success_code"))
        if success and _says_no_inside(words.get("response")):
            words = {**words["response"], "success_code": False}
            success = False
        code = text(note(words.get("error_code")))
        pause = asked_pause(headers)
        message = self._auth.hide_in(_words(words))
        limited = code.lower() == "ratelimit" or "over api limit" in message.lower()
        if status == 429 or (not success and limited):
            self._tokens.observe(0)
            message = message or _("EIM asks to slow down.")
            asked = pause is not None
            return None, RateLimited(message, retry_after=pause if asked else RATE_LIMIT_PAUSE, asked=asked, **about)
        if status in (401, 403):
            return None, _forbidden(status, words, message, code, about)
        if status >= 500 or status == 408:
            return None, _of_status(status, route, message, pause, about)
        if status >= 400 or (words and not success and "success_code" in words):
            kind = NotFound if status in (404, 410) else Refused
            detail = self._auth.hide_in(_shown(words.get("error_response")))
            message = message or _("EIM refuses without a reason (HTTP %(status)s).", status=status)
            return None, kind(message, code=code, detail=detail, **about)
        if not success:
            cut = body is None and data.lstrip()[:1] in (b"{", b"[")
            message = _("EIM's answer is cut short.") if cut else _("EIM's answer cannot be read.")
            return None, _unanswered(route, message, about, cut)
        total = text(headers.get("total-records"))
        total = int(total) if total.isascii() and total.isdigit() and len(total) < 10 else None
        return Answer(words.get("response"), total, about["process_id"]), None


def _of_trouble(trouble, route, about, never_sent):
    """Return the error for an exchange that broke off; its words hold nothing of the HTTP library's.

    :param never_sent: whether it surely did before a byte of the request left
    """
    unwritable = (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)
    if never_sent and isinstance(trouble, unwritable):  # else it is the answer's header
        return Refused(_("EIM cannot be asked this: the request cannot be written."), **about)
    if isinstance(trouble, BodyRefused):
        return _unanswered(route, trouble.args[0], about)
    if _any_of(trouble, _BAD_CERTIFICATE):
        return CertificateInvalid(_("EIM's certificate is not valid, so EIM was not asked."), **about)
    if never_sent:
        return Transient(_("EIM was not reached."), **about)
    timed_out = isinstance(trouble, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError))
    if not timed_out and about["status"] is not None and about["status"] < 500:
        return _unanswered(route, _("EIM's answer is cut short."), about, cut_short=True)
    message = _("EIM did not answer in time.") if timed_out else _("The connection to EIM broke off.")
    return (AnswerLost if route.writes else Transient)(message, **about)


def _of_status(status, route, message, pause, about):
    """Return the error of HTTP 5xx or 408.

    Of a POST nobody knows what became, also of one that is to be sent again later: the 503 may be a gateway's that
    lost EIM in the middle of the work, and to ask for the order's status costs less than to ship it twice.
    """
    words = [_("EIM has trouble of its own (HTTP %(status)s).", status=status), message]
    if pause is not None:
        words.append(_("It asks to wait %(seconds)s s.", seconds=round(pause)))
    return (AnswerLost if route.writes else Transient)(join(words), retry_after=pause, **about)


def _any_of(trouble, kinds):
    """Whether ``trouble`` is of one of ``kinds``, or holds one."""
    if isinstance(trouble, kinds):
        return True
    # what requests and urllib3 wrapped, and not __context__, which may be a caller's unrelated trouble
    nested = (getattr(trouble, "reason", None), *trouble.args)
    return any(_any_of(item, kinds) for item in nested if isinstance(item, Exception))


def _forbidden(status, words, message, code, about):
    """Return the error of HTTP 401 or 403, which is EIM's own only where the body is its JSON."""
    if not {"success_code", "error_code"} & words.keys():
        return Blocked(
            _("A gateway or firewall before EIM refused the call (HTTP %(status)s).", status=status), **about
        )
    message = message or _("EIM refuses the call (HTTP %(status)s).", status=status)
    return Forbidden(message, code=code, **about)


def _is_yes(value):
    return (value.strip().lower() if isinstance(value, str) else value) in _YES


def _says_no_inside(response):
    """Whether the response of a call that succeeded is a refusal, and not what EIM made of each of a batch."""
    if not isinstance(response, dict) or "success" not in response or response.get("failed"):
        return False
    success = response["success"]
    return success not in (None, "") and not isinstance(success, (list, dict)) and not _is_yes(success)


def _unanswered(route, message, about, cut_short=False):
    """Return the error for an answer that tells nothing: of a POST nobody knows what became."""
    if route.writes:
        return AnswerLost(message, unreadable=not cut_short, **about)
    return Unreadable(message, cut_short=cut_short, **about)


def http_date(value):
    """Return the moment of a ``Date`` header (aware), or ``None``."""
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def asked_pause(headers):
    """Return for how many seconds an answer asks to be left alone (``Retry-After``), or ``None``.

    A date is compared with the answer's own ``Date``, for the two clocks may differ. At most ``LONGEST_PAUSE``: what
    is asked again earlier is refused again, what is never asked again is lost.
    """
    value = (headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", value):
        seconds = float(value)
    else:
        moment = http_date(value)
        now = http_date(headers.get("Date")) or datetime.now(timezone.utc)
        seconds = (moment - now).total_seconds() if moment else 0.0
    return min(seconds, LONGEST_PAUSE) if seconds > 0 else None


def _load(data):
    """Return the JSON value of a body, or ``None``."""
    try:
        return json.loads(data)
    except UnicodeDecodeError:
        data = data.decode("utf-8", "replace")
    except (ValueError, RecursionError):
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _words(body):
    """Return EIM's own words of a refusal."""
    for key in ("message", "status_message", "error_response"):
        if words := _shown(body.get(key)):
            return words
    return ""


def _shown(value):
    """Return part of an answer as text to show, without payment secrets."""
    if isinstance(value, (dict, list)):
        try:
            value = json.dumps(clean(value), ensure_ascii=False) if value else ""
        except EimError:
            return ""
    return note(value)[:MAX_WORDS]
