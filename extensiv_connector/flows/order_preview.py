"""What an order of EIM's would become, shown to a person before it is received."""

from markupsafe import Markup

from .deadline import deadline_of
from .exceptions import no_rows_in_log
from .order_import import import_batch
from .order_inbox import Inbox
from .quiet import quiet
from .runner import FlowRun, release_locks


def preview(account, order):
    """Return as HTML what ``order``, a ``wire.Order``, would become. Nothing of it is kept.

    It is received and imported by the very same code, in a transaction that is rolled back.
    """
    release_locks(account.env)
    with FlowRun.open(account, deadline_of(account.env).at) as run, no_rows_in_log(run.env.cr):
        env = run.env
        known = env["extensiv.order"].search([("account_id", "=", account.id), ("cust_ref", "=", order.cust_ref)])
        if known.sale_order_id:
            html = Markup("<p>%s</p>") % env._("This order was imported already, as %s.", known.sale_order_id.name)
        else:
            record = known or Inbox(run.account).store_fetched([order])
            record.write({"payload": order.payload, "state": "received"})
            # Whatever the account says: nothing of it happens, so nobody is told of it.
            import_batch(quiet(record))
            html = env["ir.qweb"]._render(
                "extensiv_connector.order_preview", {"record": record, "sale": record.sale_order_id}
            )
        env.cr.rollback()
    return html
