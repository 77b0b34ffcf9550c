"""Odoo's command line as a file: `python dev/launcher.py shell -d …`.

Odoo starts itself again with the path in `sys.argv[0]`, for the websocket's process of a server with workers and for a
restart. After `python -m odoo` that is a file within Odoo, run with Odoo's own folder first on Python's path, where
`import http` finds Odoo's. This file stays what it is however often it is started.
"""

import os
import shutil
import sys

# Odoo restarts as plain `python`, which is only the one of the virtual environment where that comes first in PATH.
if shutil.which(os.path.basename(sys.executable)) != sys.executable:
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])
# The checkout, from which benchmarks are imported, and not this folder with its `test`, `sandbox`, `shell` …
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from odoo.cli.command import main  # noqa: E402

if __name__ == "__main__":
    main()
