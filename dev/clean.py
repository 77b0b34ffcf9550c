"""`make clean`: remove the databases, logs and caches."""

from __future__ import annotations

import os
import shutil

from . import HOME, LOGS, ROOT, postgres, run_command
from .databases import CONFIG, SCREENSHOTS, cursor, drop

CACHES = ["__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"]


def main() -> int:
    if os.environ.get("PGHOST"):
        with postgres.running(), cursor() as cr:
            cr.execute(r"SELECT datname FROM pg_database WHERE datname LIKE 'extensiv\_%'")
            for (database,) in cr.fetchall():
                drop(database)
    else:
        postgres.remove()
    postgres.NEMESIS.remove()
    CONFIG.unlink(missing_ok=True)
    for folder in (HOME / "data", SCREENSHOTS, LOGS):
        shutil.rmtree(folder, ignore_errors=True)
    parts = [part for part in ROOT.iterdir() if part.is_dir() and not part.name.startswith(".")]
    for cache in CACHES:
        for folder in [ROOT / cache, *(found for part in parts for found in part.rglob(cache))]:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    run_command(main)
