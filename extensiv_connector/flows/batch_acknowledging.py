"""Acknowledging many orders at a call, from when EIM has shown on one order that it takes them so."""

from contextlib import suppress

from odoo.fields import Datetime, Domain
from odoo.tools import format_datetime

from ..eim import errors as eim
from ..eim.client import MAX_BATCH
from .languages import translated

# What the error that says why orders are acknowledged one by one is known by.
KEY = "acknowledging many at a call"
STEP = "batch"
# Orders whose status is asked for in a pass, until one is new and EIM can show by it what a batch does.
LOOKED_AT = 3


class BatchAcknowledging:
    """The acknowledgements of one pass that EIM takes many at a call.

    It is off until one order that was ``new`` reads ``at_wms`` after a batch of that one, and off again when EIM
    refuses the form: an error says so until a person has it tried anew.

    ``may_be_used``: whether a person lets it be used, and EIM has not refused it.

    :param run: an ``OrderPull``
    """

    def __init__(self, run):
        self._run = run
        self._looks_left = LOOKED_AT
        self._known_new = None  # an order that can show it, while there is no call left to tell it in
        self._errors = find_errors(run.account)
        # What EIM did not take by itself: a whole batch might fail for it.
        Error = run.env["extensiv.error"]
        self._odd = set(Error._open(run.account, "orders", step="acknowledge").mapped("key"))
        self.may_be_used = run.account.acknowledge_batches and not any(_is_held(error) for error in self._errors)
        if not run.account.acknowledge_batches:
            self._resolve()  # a person decided: nothing is left to say

    @property
    def is_used(self):
        """Whether further orders of this pass are acknowledged many at a call."""
        return self.may_be_used and self._run.client.can_acknowledge_batch

    def acknowledge(self, cust_refs, outcome):
        """Acknowledge what EIM takes many at a call, and add it to ``outcome``.

        :param outcome: an ``order_pull.Acknowledgement``
        :return: the references that are to be told one by one
        :raise EimError: EIM had trouble
        """
        waiting = [cust_ref for cust_ref in cust_refs if cust_ref not in self._odd]
        alone = [cust_ref for cust_ref in cust_refs if cust_ref in self._odd]
        if self.may_be_used and not self._run.client.can_acknowledge_batch:
            self._try_one(waiting, outcome)
        while waiting and self.is_used and self._run.has_time():
            batch = waiting[:MAX_BATCH]
            waiting = waiting[MAX_BATCH:]
            taken = self._send(batch)
            alone += [cust_ref for cust_ref in batch if cust_ref not in taken]
            self._take(taken, outcome)
        # Nothing is told alone that the next pass can tell many at a call.
        return alone if self.is_used else [*alone, *waiting]

    def _take(self, taken, outcome):
        """Add to ``outcome`` what EIM took."""
        if taken:
            outcome.done += taken
            outcome.failures.update(self._run.refusals.accepted())
            self._resolve()

    def _try_one(self, waiting, outcome):
        """Have EIM show, by a new order of ``waiting``, what a batch does; where it works, the order is taken out."""
        cust_ref = self._known_new if self._known_new in waiting else self._find_new(waiting)
        if cust_ref is None:
            return
        self._known_new = cust_ref
        taken = self._send([cust_ref])
        self._known_new = None
        if not taken:
            return
        status = self._read_status(cust_ref)
        if status == "at_wms":
            self._run.client.trust_batch()
            waiting.remove(cust_ref)
            self._take([cust_ref], outcome)
        elif status == "new":
            self._leave(self._run.env._("EIM took it and the order is still new."))

    def _find_new(self, cust_refs):
        """Return an order that EIM says is new, once in a pass, or None."""
        for cust_ref in cust_refs[: self._looks_left]:
            status = self._read_status(cust_ref) if self._run.has_time() else None
            self._looks_left -= 1
            if status in ("new", None):
                self._looks_left = 0
                return cust_ref if status else None
        return None

    def _read_status(self, cust_ref):
        """Return EIM's status of an order, empty where it says none; None: it could not be asked."""
        try:
            return self._run.client.get_order_status(cust_ref).status
        except (eim.RateLimited, eim.CredentialsRefused):
            raise
        except (eim.Refused, eim.Blocked, eim.Unreadable):
            return ""
        except eim.EimError:
            return None

    def _send(self, batch):
        """Acknowledge ``batch`` in one call.

        :return: the references that EIM took
        :raise EimError: EIM was not reached, or refuses the key
        """
        try:
            result = self._run.client.acknowledge_batch(batch)
        except eim.AnswerLost as error:
            if error.unreadable:
                self._leave(translated(self._run.env, error), error)
            else:
                self._pause(error)
            return []
        except (eim.Refused, eim.Blocked) as error:
            self._run.check.ask()  # refused credentials say nothing of the form
            if isinstance(error, eim.Blocked) and self.is_used:
                self._pause(error)  # a gateway may dislike one of these orders
                return []
            taken = self._send_halves(batch) if self.is_used else []
            if not taken:
                self._leave(translated(self._run.env, error), error)
            return taken
        return self._get_taken(batch, result)

    def _send_halves(self, batch):
        """Acknowledge in two calls what EIM refused in one: where it is for one order, EIM takes the half without it.

        :return: the references that EIM took
        :raise eim.EimError: as ``_send``
        """
        taken = []
        middle = len(batch) // 2
        for half in filter(None, (batch[:middle], middle and batch[middle:])):
            with suppress(eim.Refused, eim.Blocked, eim.AnswerLost):
                taken += self._get_taken(half, self._run.client.acknowledge_batch(half))
        return taken

    def _get_taken(self, batch, result):
        """Return the references of ``batch`` that EIM took, by the ``BatchResult`` of its call."""
        failed = set()
        for failure in result.failures:
            if failure.key in batch:
                failed.add(failure.key)
            elif failure.index is not None:
                failed.add(batch[failure.index])
            else:
                return []  # nobody knows which it was
        return [cust_ref for cust_ref in batch if cust_ref not in failed]

    # -- what is told of it

    def _leave(self, words, error=None):
        """Use the form no more until a person has it tried anew."""
        env = self._run.env
        self._run.client.forget_batch()
        message = env._(
            "EIM does not take acknowledgements of many orders at a call: %(words)s Orders are acknowledged one by "
            "one, as reliably, and no more than about 100 a minute. Retry tries it once more with the next order; "
            "dismissing this leaves it off.",
            words=words,
        )
        self._report("settings", message, error)

    def _pause(self, error):
        """Use the form no more in this pass: an order may be what EIM stumbles over."""
        message = self._run.env._(
            "%(words)s It was a call that acknowledges many orders; they are told again one by one, and the next run "
            "tries many at a call again.",
            words=translated(self._run.env, error),
        )
        self._report("transient", message, error)

    def _report(self, category, message, error):
        run = self._run
        self.may_be_used = False
        failure = {"category": category, "message": message, "document": run.account}
        failure["process_id"] = error and error.process_id
        Error = run.env["extensiv.error"]
        self._errors |= run.retry_on_conflict(lambda: Error._report(run.account, "orders", {KEY: failure}, STEP))

    def _resolve(self):
        """Close the errors that said that it does not work."""
        if self._errors:
            self._run.retry_on_conflict(self._errors._mark_resolved)
            self._errors = self._errors.browse()


def find_errors(account):
    """Return the errors, open or dismissed, that say why orders of ``account`` are acknowledged one by one."""
    Error = account.env["extensiv.error"].sudo()
    of_batch = Error._domain(account, "orders", [KEY], STEP)
    return Error.search(of_batch & Domain("state", "in", ("open", "dismissed")))


def _is_held(error):
    """Whether the batch is not to be tried while this error is there.

    Temporary trouble holds it up from its second time on; Retry sets a moment for what waits for a person.
    """
    if error.next_try:
        return error.category == "transient" and error.attempts > 1 and error.next_try > Datetime.now()
    return True


def describe(account):
    """Return in a sentence how it stands with acknowledging many orders of ``account`` at a call."""
    env = account.env
    if not account.acknowledge_batches:
        return env._("Orders are acknowledged one by one: many at a call is switched off on the account.")
    if held := find_errors(account).filtered(_is_held)[:1]:
        return env._("Orders are acknowledged one by one: %s", held.message)
    if not account.acknowledge_batches_since:
        return env._(
            "Acknowledging many orders at a call was not tried yet; the next new order shows whether it works."
        )
    since = format_datetime(env, account.acknowledge_batches_since)
    return env._("EIM takes acknowledgements of many orders at a call, since %s.", since)
