"""How the addon is built, read from its source: who knows whom, one file a method, functions that one can overlook."""

import ast
import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
ADDON = ROOT / "extensiv_connector"
PACKAGE = "odoo.addons.extensiv_connector"
LONGEST_FUNCTION = 60  # lines
MOST_MODEL_FILES = 56  # one is the package itself

# What is still to be cut, and is to leave this list: nothing is added to it.
LONG_FUNCTIONS = {
    ("bench/bench_views.py", "fill"),
    (
        "extensiv_connector/tests/test_inventory.py",
        "test_the_forecast_is_odoos_wherever_moves_come_from_and_go_to",
    ),
}


def sources(*folders):
    """Yield the path and the syntax tree of each Python file below folders of the project."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(), str(path))


def imported(path, tree):
    """Yield the absolute name of each module or object that a file of the addon imports."""
    package = [PACKAGE, *path.relative_to(ADDON).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else []
            names = [*start, *filter(None, [node.module])]
            yield from (".".join([*names, alias.name]) for alias in node.names)


def is_of(name, *modules):
    return any(name == module or name.startswith(f"{module}.") for module in modules)


@pytest.mark.parametrize(
    ("path", "tree"),
    [pytest.param(path, tree, id=path.name) for path, tree in sources("extensiv_connector/flows")],
)
def test_a_flow_imports_eim_and_flows_and_no_other_part_of_the_addon(path, tree):
    of_addon = {name for name in imported(path, tree) if is_of(name, PACKAGE)}
    assert {name for name in of_addon if not is_of(name, f"{PACKAGE}.eim", f"{PACKAGE}.flows")} == set()


@pytest.mark.parametrize(
    ("path", "tree"),
    [pytest.param(path, tree, id=path.name) for path, tree in sources("extensiv_connector/eim")],
)
def test_eim_imports_nothing_of_odoo(path, tree):
    of_odoo = {name for name in imported(path, tree) if is_of(name, "odoo")}
    assert {name for name in of_odoo if not is_of(name, f"{PACKAGE}.eim")} == set()


def model_of(node):
    """Return the model that a class makes or extends, `""` for another class."""
    values = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name in ("_name", "_inherit"):
                values[name] = ast.literal_eval(statement.value)
    model = values.get("_name") or values.get("_inherit", "")
    return model if isinstance(model, str) else model[0]


def test_no_method_of_an_own_model_is_defined_twice():
    files = defaultdict(list)
    for path, tree in sources("extensiv_connector/models", "extensiv_connector/wizards"):
        for node in tree.body:
            model = model_of(node) if isinstance(node, ast.ClassDef) else ""
            if model.startswith("extensiv."):
                for function in node.body:
                    if isinstance(function, ast.FunctionDef):
                        files[model, function.name].append(path.name)
    assert {key: found for key, found in files.items() if len(found) > 1} == {}


def test_no_view_inherits_a_view_of_the_addon():
    inherited = {
        (path.name, field.get("ref"))
        for path in sorted(ADDON.rglob("*.xml"))
        for field in ElementTree.parse(path).iter("field")
        if field.get("name") == "inherit_id" and "." not in (field.get("ref") or ".")
    }
    assert inherited == set()


def test_functions_are_short():
    functions = set()
    for path, tree in sources("extensiv_connector", "extensiv_connector_queue", "dev", "bench", "tests"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node.end_lineno - node.lineno >= LONGEST_FUNCTION:
                    functions.add((str(path.relative_to(ROOT)), node.name))
    assert functions == LONG_FUNCTIONS


def test_before_a_commit_the_same_tools_check():
    pinned = set((ROOT / "dev/requirements.txt").read_text().split())
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    used = set(re.findall(r"[\w-]+==[\w.]+", hooks))
    assert {name.partition("==")[0] for name in used} == {"ruff", "pylint", "pylint-odoo"}
    assert used <= pinned


def test_a_model_is_one_file_and_there_are_few():
    assert len(list((ADDON / "models").glob("*.py"))) <= MOST_MODEL_FILES


def test_unrelated_values_are_assigned_one_a_line():
    found = set()
    for path, tree in sources("extensiv_connector", "extensiv_connector_queue", "dev", "bench"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
                if isinstance(node.value, ast.Tuple):
                    found.add((str(path.relative_to(ROOT)), ast.unparse(node.targets[0])))
    assert found == set()
