"""Why an order cannot be imported, in words that a shopkeeper understands."""

import logging

from psycopg2.errors import NotNullViolation

from .exceptions import USER_ERRORS, log_unexpected

_logger = logging.getLogger(__name__)


class Refusal(Exception):
    """An order cannot be imported; the text tells a shopkeeper why and what to do.

    ``is_reported``: an error about something else, the cause, tells of it already.

    :param missing_skus: SKUs for which an alias, or a product, would do
    :param fix: the key of the button that helps, see ``extensiv.error``
    :param records: what is to be put right, opened by that button
    """

    is_reported = False

    def __init__(self, reason, missing_skus=None, category="data", fix=None, records=None):
        super().__init__(reason)
        self.missing_skus = missing_skus
        self.category = category
        self.fix = fix or ("open" if records else None)
        self.records = records

    @property
    def remedy(self):
        """What the error keeps of the button beside it, plain JSON, or False."""
        if not self.fix:
            return False
        return {"fix": self.fix, "model": self.records and self.records._name, "ids": self.records and self.records.ids}


def refuse_data(env, problems):
    """Return the ``Refusal`` for what EIM sent and nobody can put right here: ``problems`` are sentences."""
    return Refusal(
        "\n".join(
            [
                *problems,
                env._(
                    "Correct the order in the cart or at EIM, then press Fetch Again; or press Ignore and enter it by "
                    "hand."
                ),
            ]
        ),
        fix="fetch",
    )


def explain(error, order, is_new=True):
    """Return the ``Refusal`` for an error of Odoo that came while ``order`` of the inbox was imported.

    :param is_new: whether it has no sale order; one that has is mended there
    """
    env = order.env
    if isinstance(error, USER_ERRORS):
        said = env._("Odoo refused the order: %s", error.args[0])
        return Refusal("\n".join([said, env._("Put that right, then press Retry.")]) if is_new else said)
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
        env._(
            "Importing the order failed unexpectedly (%s). Tell whoever runs your server: its log says where. Then "
            "press Retry.",
            type(error).__name__,
        )
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
