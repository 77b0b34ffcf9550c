"""`python -m dev.known_methods`: list the methods of Odoo that confirming in batches relies on, as they are now.

Write it when an update of Odoo changed one of them, after reading what changed and comparing both ways of importing
(`make test K=test_both_ways`). Digests that the list had before stay, for whoever has not updated yet.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
from functools import cache
from pathlib import Path
from types import CodeType

from . import ADDON, ROOT, run_command, say

SOURCE = ROOT / ADDON / "flows" / "known_methods.py"


def load_guard():
    """Return the addon's module that knows what is relied on; it needs no Odoo."""
    spec = importlib.util.spec_from_file_location("known_methods", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def odoo_folder() -> Path:
    """Return the folder of the package `odoo` in use, without importing it."""
    [folder] = importlib.util.find_spec("odoo").submodule_search_locations
    return Path(folder)


@cache
def scan() -> dict[str, str]:
    """Return `{qualified name: digest}` of every implementation in Odoo and in the modules that were read."""
    guard = load_guard()
    folder = odoo_folder()
    wanted: dict[str, set[str]] = {}
    for models in guard.PARTS.values():
        for model, methods in models.items():
            wanted.setdefault(model, set()).update(methods)
    every = set().union(*wanted.values())
    found = dict(scan_file(guard, folder / "orm" / "models.py", "odoo.orm.models", {"": every}))
    for module in guard.MODULES:
        path = folder / "addons" / module
        for file in sorted(path.glob("models/**/*.py")):
            name = ".".join(["odoo.addons", module, *file.relative_to(path).with_suffix("").parts])
            found.update(scan_file(guard, file, name, {**wanted, **dict.fromkeys(guard.MIXINS, every)}))
    return found


def scan_file(guard, file: Path, module: str, wanted: dict[str, set[str]]):
    """Yield the qualified name and the digest of the wanted methods in a file."""
    text = file.read_text()
    if not any(f"def {method}(" in text for method in set().union(*wanted.values())):
        return
    classes = {node.name: model_of(node) for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    for code in compile(text, str(file), "exec").co_consts:
        if not isinstance(code, CodeType) or code.co_name not in classes:
            continue
        methods = wanted.get(classes[code.co_name], set())
        for function in code.co_consts:
            if isinstance(function, CodeType) and function.co_name in methods:
                yield f"{module}.{function.co_qualname}", guard.digest(inspect.getsource(function))


def model_of(node: ast.ClassDef) -> str:
    """Return the model that a class makes or extends; `""` where it says none."""
    values = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name in ("_name", "_inherit"):
                values[name] = ast.literal_eval(statement.value)
    model = values.get("_name") or values.get("_inherit") or ""
    return model if isinstance(model, str) else model[0]


def main() -> int:
    guard = load_guard()
    known = {name: set(digests) for name, digests in json.loads(guard.LIST.read_text() or "{}").items()}
    now = scan()
    for name in sorted(now):
        if now[name] not in known.get(name, ()):
            say(f"{'changed' if name in known else 'new'}: {name}")
            known.setdefault(name, set()).add(now[name])
    for name in sorted(known.keys() - now.keys()):
        say(f"gone: {name}")
    lines = (f"  {json.dumps(name)}: {json.dumps(sorted(digests))}" for name, digests in sorted(known.items()))
    guard.LIST.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


if __name__ == "__main__":
    run_command(main)
