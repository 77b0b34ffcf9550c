"""Check `docker-compose.yml` against the schema of Compose files: `python -m dev.compose`, which needs `.odoo/tools`.

Docker is not needed for it, and nothing is started.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from . import ROOT

FILE = ROOT / "docker-compose.yml"
SCHEMA = "builtin_schemas/vendor/compose-spec.json"


def main() -> int:
    wrong = faults(FILE.read_text())
    if wrong:
        sys.stdout.write("\n".join(wrong) + "\n")
    return bool(wrong)


def faults(text: str) -> list[str]:
    """Return what the schema of Compose files says against a file."""
    schema = json.loads((Path(find_spec("check_jsonschema").origin).parent / SCHEMA).read_text())
    errors = Draft202012Validator(schema).iter_errors(yaml.safe_load(text))
    return [f"{FILE.name}: {error.json_path}: {error.message}" for error in errors]


if __name__ == "__main__":
    sys.exit(main())
