"""Tools that check and pack the addons, in `.odoo/tools`: they have no part in what Odoo runs on."""

from __future__ import annotations

import os

from . import CommandError
from .setup import TOOLS_FOLDER


def command(module: str, *arguments) -> list[str]:
    """Return the command line of a tool by its module: `command("oca_pre_commit_hooks", "extensiv_connector")`."""
    return ["python", "-m", module, *map(str, arguments)]


def environ() -> dict[str, str]:
    """Return what the environment of a process has in addition that is to find them.

    :raise CommandError: they were not fetched
    """
    if not TOOLS_FOLDER.exists():
        raise CommandError("The tools are not there: type `python3 -m dev.setup --tools`.")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(TOOLS_FOLDER), os.environ.get("PYTHONPATH")]))}
