"""Asking EIM for the status of orders of which its webhook said something that Odoo did not cause itself."""

from functools import partial

from odoo import fields
from odoo.tools import SQL

from ..eim import errors as eim
from . import shipped_elsewhere
from .credential_check import is_suspicious
from .shipped_elsewhere import SHIPPED, may_ship

# Seconds between a pass and the next one that the webhook starts, and orders asked about in one: fewer calls than EIM's
# allowance gains meanwhile, be they by the hundred or a forger's who repeats one. Receiving and shipping lack none.
PAUSE = 4
LIMIT = 3
# Minutes until EIM is asked again about an order that it stumbled over.
STUMBLED_MINUTES = 10
# Words of EIM's; any other counts as one.
STATUSES = ("new", "at_wms", "error", "canceled", *SHIPPED)
OTHER = "other"


def is_news(order, status):
    """Return whether EIM's saying that an order is in ``status`` may be something that is not known here.

    What was asked about once is not asked about again, however often a call is repeated. An empty status is a person's
    wish to ask.
    """
    if status in (order.statuses_asked or "").split():
        return False
    if status == "at_wms":  # EIM's word for what it was told from here
        return False
    if status == "new":
        return bool(order.acknowledged_at)
    if status == "canceled":
        return not order.cancelled_at or bool(order.listed_again_at)
    if status in SHIPPED:
        return may_ship(order)
    return True


def mark(account, told):
    """Note orders whose status the next pass is to ask; it only inserts, so it conflicts with nobody.

    :param told: ``{(reference, status)}`` of what EIM said; references that are not known here are left alone
    :return: whether any of it is news
    """
    told = {(reference, status if not status or status in STATUSES else OTHER) for reference, status in told}
    orders = {
        order.cust_ref: order
        for order in account.env["extensiv.order"].search(
            [("account_id", "=", account.id), ("cust_ref", "in", [reference for reference, _status in told])]
        )
    }
    news = [
        (reference, status)
        for reference, status in sorted(told)
        if reference in orders and is_news(orders[reference], status)
    ]
    if news:
        references, statuses = zip(*news, strict=True)
        account.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_due (account_id, company_id, flow, due_at, cust_ref, status)
                   SELECT account.id, account.company_id, 'orders', clock_timestamp() AT TIME ZONE 'UTC',
                          told.cust_ref, told.status
                     FROM extensiv_account AS account
                    CROSS JOIN unnest(%(references)s, %(statuses)s) AS told(cust_ref, status)
                    WHERE account.id = %(account)s
                      AND NOT EXISTS (
                          SELECT FROM extensiv_due AS due
                           WHERE due.account_id = account.id AND due.flow = 'orders'
                             AND due.cust_ref = told.cust_ref AND due.status = told.status)""",
                references=list(references),
                statuses=list(statuses),
                account=account.id,
            )
        )
    return bool(news)


class StatusCheck:
    """The status checks of one pass.

    :param run: the ``FlowRun`` of the pass
    """

    def __init__(self, run):
        self.run = run

    @property
    def account(self):
        return self.run.account

    @property
    def env(self):
        return self.run.env

    def ask(self):
        """Ask EIM for the status of marked orders, a few in a pass, and do what follows from it.

        What EIM stumbles over is asked about later: EIM answered this pass, so it may be this order alone.

        :raise RateLimited, CredentialsRefused: the orders stay marked
        """
        run = self.run
        run.retry_on_conflict(lambda: shipped_elsewhere.close_settled(self.account))
        waiting = self._find_waiting()
        run.commit()
        left = len(waiting)
        for order_id, reference, statuses in waiting[:LIMIT]:
            if not run.has_time():
                break
            left -= 1
            try:
                found = run.client.get_order_status(reference).status
            except (eim.Refused, eim.Blocked, eim.Unreadable) as error:
                if is_suspicious(error):
                    run.check.ask()
                found = ""  # one odd answer: nothing is concluded from it, and it stops nothing
            except (eim.RateLimited, eim.CredentialsRefused):
                raise
            except eim.EimError:
                run.retry_on_conflict(partial(self._postpone, reference))
                break
            run.retry_on_conflict(partial(self.record, order_id, statuses, found))
        if left:
            run.resume_in = max(run.resume_in or 0, PAUSE)

    def _find_waiting(self):
        """Return ``[(order id, reference, statuses told)]`` to ask about, oldest first, and forget what is no news."""
        told = {}
        for reference, status in self.env.execute_query(
            SQL(
                """SELECT cust_ref, status FROM extensiv_due
                    WHERE account_id = %s AND flow = 'orders' AND cust_ref IS NOT NULL
                      AND due_at <= clock_timestamp() AT TIME ZONE 'UTC'
                    ORDER BY id""",
                self.account.id,
            )
        ):
            told.setdefault(reference, set()).add(status)
        orders = {
            order.cust_ref: order
            for order in self.env["extensiv.order"].search(
                [("account_id", "=", self.account.id), ("cust_ref", "in", list(told))]
            )
        }
        waiting = []
        for reference, statuses in told.items():
            order = orders.get(reference)
            if order and any(is_news(order, status) for status in statuses):
                waiting.append((order.id, reference, statuses))
            else:
                self._forget(reference, statuses)
        return waiting

    def _forget(self, reference, statuses):
        self.env.cr.execute(
            SQL(
                """DELETE FROM extensiv_due
                    WHERE account_id = %s AND flow = 'orders' AND cust_ref = %s AND status = ANY (%s)""",
                self.account.id,
                reference,
                list(statuses),
            )
        )

    def _postpone(self, reference):
        self.env.cr.execute(
            SQL(
                """UPDATE extensiv_due
                      SET due_at = clock_timestamp() AT TIME ZONE 'UTC' + make_interval(mins => %s)
                    WHERE account_id = %s AND flow = 'orders' AND cust_ref = %s""",
                STUMBLED_MINUTES,
                self.account.id,
                reference,
            )
        )

    def record(self, order_id, statuses, found):
        """Write what EIM answered about an order.

        :param statuses: what its webhook had said, and is not asked about again
        :param found: EIM's status, or empty where it gave none
        """
        order = self.env["extensiv.order"].browse(order_id)
        self._forget(order.cust_ref, statuses)
        order.statuses_asked = (
            " ".join(sorted({*(order.statuses_asked or "").split(), *filter(None, statuses)})) or False
        )
        if found == "canceled":
            cancelled = self.run.cancellations.cancel_listed({order.cust_ref: fields.Datetime.now()})
            self.run.counts["cancelled"] += cancelled
        if found in SHIPPED and shipped_elsewhere.find_shippable(order):
            shipped_elsewhere.report(self.account, {order: found})
        elif found:
            shipped_elsewhere.close(self.account, [order.cust_ref])
