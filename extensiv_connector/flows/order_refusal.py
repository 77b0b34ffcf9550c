"""Why an order cannot be imported, in words that a shopkeeper understands."""

import logging

from psycopg2.errors import NotNullViolation

from .exceptions import USER_ERRORS, log_unexpected

_logger = logging.getLogger(__name__)


class Refusal(Exception):
    """An order cannot be imported; the text tells a shopkeeper why and what to do.

    ``is_reported``: an error about something else, the cause, tells of it already.
    """

    is_reported = False

    def __init__(self, reason, missing_skus=None, category="data"):
        super().__init__(reason)
        self.missing_skus = missing_skus
        self.category = category


def explain(error, order):
    """Return the ``Refusal`` for an error of Odoo that came while ``order`` of the inbox was imported."""
    env = order.env
    if isinstance(error, USER_ERRORS):
        return Refusal(env._("Odoo refused the order: %s", error.args[0]))
    if isinstance(error, NotNullViolation):
        return Refusal(
            env._(
                "Another app requires the field %(field)s of %(table)s, which orders from EIM do not have. Give it a "
                "default value, then retry.",
                field=error.diag.column_name,
                table=error.diag.table_name,
            )
        )
    log_unexpected(_logger, error, "Import of inbox order %s failed", order.id)
    return Refusal(
        env._("Importing the order failed unexpectedly (%s). The server's log says where.", type(error).__name__)
    )


def explain_killed(order):
    """Return the ``Refusal`` for an order of the inbox during whose import Odoo's process was killed, and again."""
    return Refusal(
        order.env._(
            "Odoo's own process was ended twice while it imported this order (%(lines)s lines) and nothing else; the "
            "other orders are imported. Where the server was not restarted at those moments, the order is more than it "
            "allows a process to do: ask whoever runs it to raise Odoo's limits (limit_time_cpu, limit_time_real and "
            "limit_time_real_cron, limit_memory_hard). Then press Retry.",
            lines=order.line_count,
        ),
        category="settings",
    )
