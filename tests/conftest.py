"""The addon's folder goes on the path: ``eim`` and ``sandbox`` are imported as they are, without Odoo."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "extensiv_connector"))
