"""`make readme`: write each addon's `README.md` from the fragments under `readme/`, which are the OCA's.

The OCA's own tool makes one from the same fragments once an addon lies in a repository of theirs. `HISTORY.md` of the
addon, which a wheel carries along, is the project's `CHANGELOG.md`.
"""

from __future__ import annotations

import ast
from pathlib import Path

from . import ADDON, QUEUE_ADDON, ROOT, CommandError, run_command

FRAGMENTS = {
    "DESCRIPTION": "",
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "ROADMAP": "Known limits",
    "DEVELOP": "Technical notes",
    "CONTRIBUTORS": "Contributors",
}
"""Which of them `README.md` has, in this order, each with its heading."""
CHANGES = ROOT / "CHANGELOG.md"


def main() -> int:
    for file, text in written().items():
        file.write_text(text)
    return 0


def check() -> None:
    """:raise CommandError: a file is not what its fragments say now"""
    for file, text in written().items():
        if not file.is_file() or file.read_text() != text:
            raise CommandError(f"{file.relative_to(ROOT)} is not up to date: type `make readme`.")


def written() -> dict[Path, str]:
    """Return what the files have to be."""
    history = CHANGES.read_text().removeprefix("# Changes\n\n")
    readmes = {ROOT / addon / "README.md": render(ROOT / addon) for addon in (ADDON, QUEUE_ADDON)}
    return {ROOT / ADDON / "readme" / "HISTORY.md": history, **readmes}


def render(addon: Path) -> str:
    """Return the `README.md` of an addon."""
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text())
    parts = [f"# {manifest['name']}\n"]
    for name, heading in FRAGMENTS.items():
        fragment = addon / "readme" / f"{name}.md"
        if fragment.is_file():
            parts.append(f"## {heading}\n\n{fragment.read_text()}" if heading else fragment.read_text())
    parts.append(f"## Credits\n\nAuthor: {manifest['author']}. Licence: {manifest['license']}.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    run_command(main)
