"""How many days is kept what only helps to look back: as Settings say, or as long as it is sensible."""

from dataclasses import dataclass

from odoo import fields

LEAST = 1
MOST = 3650


@dataclass(frozen=True)
class Kept:
    """One kind of record that is kept for some days.

    :param parameter: the system parameter that holds how many days
    :param days: how many without it
    """

    parameter: str
    days: int


KINDS = {
    "runs": Kept("extensiv_connector.run_days", 30),
    "calls": Kept("extensiv_connector.call_days", 7),
    "history": Kept("extensiv_connector.history_days", 30),
    # What resolved errors and closed alerts said: it may name buyers.
    "messages": Kept("extensiv_connector.message_days", 90),
    "failed": Kept("extensiv_connector.failed_days", 180),
}


def get_days(env, kind):
    """Return how many days are kept, whatever the system parameter holds.

    :param kind: a key of ``KINDS``
    """
    kept = KINDS[kind]
    value = env["ir.config_parameter"].sudo().get_param(kept.parameter) or ""
    return min(max(int(value), LEAST), MOST) if value.isdecimal() else kept.days


def get_oldest(env, kind):
    """Return the moment (naive UTC) before which nothing of ``kind`` is kept."""
    return fields.Datetime.subtract(fields.Datetime.now(), days=get_days(env, kind))
