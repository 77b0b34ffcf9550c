"""`make identical`: orders drawn at random and imported both ways, in a database with the apps that shops use.

Every row that importing with the memo of the batch, or without, writes into any table is compared.
`SEEDS=200` draws so many histories, `SEED=17` those of another seed, `K` selects as in `make test`. `MODULES=sale_mrp`
installs other apps than these.
"""

from __future__ import annotations

import os

from . import ADDON, ROOT, postgres, run_command, say, step
from .databases import addon_content, base_content, content_of, copy, digest, install, mark_content, with_addon
from .test import in_odoo

MODULES = (
    "base_automation",
    "product_expiry",
    "purchase_stock",
    "sale_loyalty",
    "sale_margin",
    "sale_mrp",
    "stock_dropshipping",
    "stock_picking_batch",
)
CASES = ROOT / ADDON / "tests" / "identical_wide.py"


def main() -> int:
    os.environ.setdefault("SEEDS", "60")
    modules = os.environ.get("MODULES", ",".join(MODULES))
    with postgres.running(fast=True):
        passed = in_odoo("identical", with_modules(modules), [CASES], os.environ.get("K"))
    say(f"\nAll is well: {passed} passed.")
    return 0


def with_modules(modules: str, name: str = "extensiv_identical") -> str:
    """Return a database with the addon and ``modules``, making it when it is not there or outdated."""
    installed = with_addon()
    content = f"{base_content()} {digest(modules, addon_content())}"
    if content_of(name) != content:
        with step(f"{modules.count(',') + 1} apps beside the addon"):
            copy(installed, name)
            install(name, "-i", modules, demo=False)
            mark_content(name, content)
    return name


if __name__ == "__main__":
    run_command(main)
