"""`make pictures`: take the pictures of `static/description` anew, in the browser test that otherwise compares them.

They are those of the App Store, of the guide and of README. A picture holds the words that it shows, without what
differs from one day to the next; `make test` fails where the screen has others, or looks different from afar.
"""

from __future__ import annotations

from . import ADDON, QUEUE_ADDON, ROOT, oca, postgres, run_command
from .databases import with_addon, with_queue
from .test import in_odoo


def main() -> int:
    with postgres.running(fast=True):
        for addon, database, environ in ((ADDON, with_addon, {}), (QUEUE_ADDON, with_queue, oca.environ())):
            tests = [ROOT / addon / "tests" / "test_pictures_browser.py"]
            in_odoo("pictures", database(), tests, None, PICTURES="write", **environ)
    return 0


if __name__ == "__main__":
    run_command(main)
