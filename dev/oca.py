"""The addons of the OCA in `.odoo/oca`, of which Odoo finds those on the path of Python, as any that pip installed."""

from __future__ import annotations

import os

from . import CommandError
from .setup import OCA_FOLDER, OCA_REQUIREMENTS

ADDONS = OCA_FOLDER / "odoo" / "addons"


def environ() -> dict[str, str]:
    """Return what the environment of a process has in addition that is to find them.

    :raise CommandError: they were not fetched
    """
    if not ADDONS.exists():
        raise CommandError("The OCA's addons are not there: type `python3 -m dev.setup --oca`.")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(OCA_FOLDER), os.environ.get("PYTHONPATH")]))}


def content() -> str:
    """Return what they are: their pinned versions."""
    return OCA_REQUIREMENTS.read_text()
