"""Proving that a writing route of EIM's does what it is for: with one record, read back before and after."""

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from odoo import fields
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..eim.preview import Preview, preview
from ..eim.routes import ROUTES, fill
from ..eim.wire import Order
from .deadline import deadline_of
from .languages import translated
from .lock import LockLost, flow_lock
from .masking import get_personal_words, make_mask
from .runner import refresh_snapshot, release_locks

PATIENCE = 20.0  # seconds that a person who waits bears for a token
MAX_KEPT = 300  # characters of EIM's words
_MOMENT_OF_SENDING = re.compile(r'("wms_datetime": )"[^"]*"')


class Shown(NamedTuple):
    """What a person was shown of a call before pressing: method and path in a line, and the body as JSON."""

    line: str
    body: str

    @classmethod
    def of(cls, request):
        """Return how ``request``, an ``eim.preview.Request``, is shown."""
        body = json.dumps(request.body, indent=2, ensure_ascii=False)
        return cls(f"{request.method} /v1/{request.path}", body)

    def is_same(self, other):
        """Whether the same is sent, whenever."""
        bodies = {_MOMENT_OF_SENDING.sub(r"\1", (shown.body or "").strip()) for shown in (self, other)}
        return self.line == other.line and len(bodies) == 1


class Reading(NamedTuple):
    """What EIM says of a record: in a word for people, and the value that is compared."""

    text: str
    value: Any


@dataclass
class Outcome:
    """What came of a proof.

    :param result: ``proven``, ``refused``, ``unclear``, ``unsent``: nothing was sent, ``changed``: nor was it what
        had been shown
    :param answer: EIM's words, or a sentence on what came of it
    :param before: what EIM said of the record before, in a word; :param after: and after
    :param path: where it was sent, its parts not filled in
    :param process_id: EIM's support id of the call
    """

    result: str
    answer: str = ""
    before: str = ""
    after: str = ""
    path: str = ""
    process_id: str = ""


class RouteProof:
    """One writing route and the one record it is tried with.

    What is sent, and what is written down of it, is what the flow itself sends and writes.

    :param account: an ``extensiv.account``
    :param records: what the route is tried with: ``order``, ``alert``, ``location``, ``product``, as a class needs
    """

    route = ""
    """The route's name."""
    run_class = None
    """The pass whose lock is held, and by whose code it is sent."""
    is_repeated = True
    """Whether a pass does again what EIM was not reached for."""

    def __init__(self, account, **records):
        self.person = account.env.user
        company = account.company_id
        self.account = account.sudo().with_company(company).with_context(allowed_company_ids=company.ids)
        self.records = records
        self._take(self.account.env)
        self.run = None

    def _take(self, env):
        """Have each record in ``env``."""
        for name, record in self.records.items():
            setattr(self, name, record.with_env(env))

    @property
    def env(self):
        return self.account.env

    # -- what a route says

    def check_records(self):
        """Refuse a record that the route must not be tried with.

        :raise UserError: why
        """
        raise NotImplementedError

    def prepare(self):
        """Do what the flow does before the call; what is sent may depend on it."""

    def work(self, client):
        """Make the call."""
        raise NotImplementedError

    def call(self):
        """Make the call, and return the ``eim.EimError`` or None.

        :raise eim.RateLimited: there is no token left
        :raise eim.CredentialsRefused: the check is refused, too
        """
        try:
            self.work(self.run.client)
        except eim.RateLimited:
            raise
        except (eim.Refused, eim.Blocked) as error:
            self.run.check.ask()
            return error
        except eim.EimError as error:
            return error
        return None

    def act(self):
        """Make the call by the flow's own code, and write down what came of it.

        :return: the ``eim.EimError``, or None
        :raise eim.RateLimited, eim.CredentialsRefused: nothing was done, and nothing is written
        """
        raise NotImplementedError

    def read_remote(self):
        """Ask EIM for the record, and return the ``Reading``.

        :raise eim.EimError: as EIM answers
        """
        raise NotImplementedError

    def why_pointless(self, before):
        """Return why the call would prove nothing by what EIM says ``before``, or an empty text."""
        return ""

    def has_effect(self, before, after):
        """Whether EIM shows the work done, by what it says ``before`` and ``after``."""
        raise NotImplementedError

    def rely_on(self, path):
        """Have flows do by what was proven, where the client does not by itself.

        :param path: where it was proven, its parts not filled in
        """

    def get_names(self):
        """Return what the record is called, which is nobody else's concern."""
        return set()

    def get_parts(self):
        """Return what the path holds of the record."""
        return {}

    # -- before

    def preview(self):
        """Return as ``Shown`` what would be sent; EIM is not asked.

        :raise UserError: why it cannot
        """
        self.check_records()
        client = self.account._client(transport=Preview())
        try:
            return Shown.of(preview(client, self.work))
        except (eim.EimError, ValueError) as error:
            raise UserError(translated(self.env, error)) from None

    # -- doing it

    def prove(self, shown):
        """Make the call for a person who was shown what it sends, read back what it did, and keep the result.

        :param shown: ``Shown``
        :return: the ``Outcome``
        :raise UserError: EIM could not be asked, the flow is at work, or the record is none for it
        """
        account = self.account
        if account.state != "connected":
            raise UserError(self.env._("%s is not connected. Press Connect first.", account.name))
        account._check_is_no_copy()
        deadline = deadline_of(self.env)
        if not deadline.has_time(account):
            raise UserError(deadline.explain(account))
        release_locks(self.env)
        with flow_lock(account, self.run_class.flow) as lock:
            if not lock:
                raise UserError(
                    self.env._(
                        "Nothing was sent: a run of this account is at work just now and may do the same. Try again "
                        "in a minute."
                    )
                )
            with self.run_class.open(account, deadline.last_call_at, lock) as run:
                outcome = self._prove_in(run, shown)
        refresh_snapshot(self.env)
        return outcome

    def _prove_in(self, run, shown):
        """Prove it in ``run``, a pass that begins.

        :raise UserError: as ``prove``
        """
        self.run = run
        self.account = run.account
        self._take(run.env)
        try:
            with run.connect():
                run.client.max_wait = PATIENCE
                try:
                    return self._prove(shown)
                except eim.EimError as error:
                    run.rollback()
                    raise run.check.judge(error) from None
        except LockLost:
            run.rollback()
            raise UserError(
                self.env._(
                    "The connection to the database broke off meanwhile. What was begun, the next run of this account "
                    "finishes; look at the record, then try again."
                )
            ) from None
        except eim.EimError as error:
            raise self.account._get_user_error(error) from None

    def _prove(self, shown):
        run = self.run
        self.check_records()
        self.prepare()
        if not self.preview().is_same(shown):
            return Outcome("changed")
        run.commit()  # nothing is locked while EIM is asked
        before = self.read_remote()
        if reason := self.why_pointless(before):
            return Outcome("unsent", reason, before.text)
        with run.client.watched() as calls:
            trouble = self.act()
        sent = [call for call in calls if call.method != "GET"]
        after = self._read_back()
        outcome = self._judge(sent, trouble, before, after)
        if outcome.result == "proven":
            self.rely_on(outcome.path)
        if outcome.result != "unsent":
            run.retry_on_conflict(lambda: self._keep(outcome))
        return outcome

    def _read_back(self):
        """Return the ``Reading`` after the call, or None: EIM does not say."""
        self.run.commit()
        try:
            return self.read_remote()
        except eim.EimError:
            return None

    def _judge(self, sent, trouble, before, after):
        """Return the ``Outcome``.

        :param sent: the writing calls that were made
        :param trouble: the ``eim.EimError`` that came of it, or None
        """
        outcome = Outcome("unclear", translated(self.env, trouble) if trouble else "", before.text)
        outcome.after = after.text if after else self.env._("EIM does not say")
        outcome.process_id = (trouble and trouble.process_id) or next(
            (call.process_id for call in reversed(sent) if call.process_id), ""
        )
        done = bool(after) and self.has_effect(before, after)
        if not sent:
            outcome.result = "unsent"
            outcome.answer = outcome.answer or self.explain_unsent()
        elif trouble is None and done:
            outcome.result = "proven"
            outcome.answer = self.env._("EIM accepted it, and shows it done.")
        elif trouble is None:
            outcome.answer = self.env._("EIM said yes, but does not show it done.")
        elif isinstance(trouble, eim.Refused | eim.Blocked):
            outcome.result = "unclear" if done else "refused"
        elif isinstance(trouble, eim.Transient):
            outcome.result = "unsent"
            if self.is_repeated:
                outcome.answer = self.env._("%s It is tried again by itself.", translated(self.env, trouble))
        if sent:
            # Of several candidates the last one worked; where none did, the first is what is called again.
            outcome.path = self._get_template(sent[-1 if outcome.result == "proven" else 0].path)
        return outcome

    def explain_unsent(self):
        """Return why the flow sent nothing."""
        return self.env._("The connector found nothing to send.")

    def _get_template(self, path):
        """Return ``path``, which was called, with its parts between braces again."""
        parts = self.get_parts()
        known = self.run.client.answered.get(self.route)
        for template in (self.account._routes().get(self.route), known, *ROUTES[self.route].paths):
            if template and fill(template, parts) == path:
                return template
        return make_mask(fill("{part}", {"part": part}) for part in parts.values())(path)

    # -- keeping it

    def _keep(self, outcome):
        """Keep the result on the account, without anything that is a person's; of other credentials it says nothing."""
        account = self.account
        account.invalidate_recordset()
        if self.run.check.is_of_before(account):
            return
        mask = make_mask({*self.get_names(), *self._get_personal_words()})
        proof = {
            "path": outcome.path,
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "by": self.person.id,
            "result": outcome.result,
            "answer": mask(outcome.answer)[:MAX_KEPT],
            "before": mask(outcome.before)[:MAX_KEPT],
            "after": mask(outcome.after)[:MAX_KEPT],
            "process_id": outcome.process_id,
        }
        proofs = account.route_proofs or {}
        last = proofs.get(self.route, {})
        if outcome.result != "proven" and last.get("path") == outcome.path:
            # One order that EIM refuses does not make undone what worked before.
            proof["proven_at"] = last["at"] if last["result"] == "proven" else last.get("proven_at")
        account.route_proofs = {**proofs, self.route: proof}
        account._remember_routes(self.run.client.learned)

    def _get_personal_words(self):
        """Return what the record says of the buyer."""
        return set()


class OrderProof(RouteProof):
    """A route that says something of one order of the inbox: ``order``."""

    def check_records(self):
        order = self.order
        if not order:
            raise UserError(self.env._("Choose an order."))
        if order.account_id != self.account:
            raise UserError(self.env._("The order is not of this account."))
        if reason := self.why_not():
            raise UserError(reason)

    def why_not(self):
        """Return why the route must not be tried with the order, or an empty text."""
        raise NotImplementedError

    def read_remote(self):
        status = self.run.client.get_order_status(self.order.cust_ref).status
        return Reading(status, status)

    def rely_on(self, path):
        # By itself the client doubts what a gateway blocked for one order only; a person proved it.
        if self.route not in self.account._routes():
            self.run.client.answered[self.route] = path

    def get_names(self):
        sale = self.order.sale_order_id
        return {self.order.cust_ref, self.order.order_number, sale.name, sale.client_order_ref}

    def get_parts(self):
        return {"cust_ref": self.order.cust_ref}

    def _get_personal_words(self):
        payload = self.order.payload
        return get_personal_words(Order.from_payload(payload)) if payload else set()
