"""Whatever a person may call that asks EIM or imports has one deadline for all it does, read from the source."""

import ast
from collections import defaultdict
from pathlib import Path

ADDON = Path(__file__).parents[1] / "extensiv_connector"
MARK = "one_deadline"
# What asks EIM, or imports, for a person; a button that comes to one of these in whatever way is to be marked.
ASKING = {"_asking_eim", "_eim", "deadline_of", "run_flow", "prove"}
# Odoo's own: that some model of the addon extends them says nothing of who calls one of that name.
GENERAL = {"create", "write", "unlink", "copy", "default_get", "onchange", "search", "read", "browse", "run"}
# Reached by another function of the same name: the share's own _connect, a proof's preview, which sends nothing, and
# the report of what holds an order; comparing an order asks, opening the comparison of the stock does not.
LIKE_NAMED = {
    ("ExtensivAccount", "action_compare"),
    ("ExtensivCart", "action_answer_share"),
    ("ExtensivCartBooks", "action_tax_included"),
    ("ExtensivCartBooks", "action_tax_kept"),
    ("ExtensivProve", "_compute_request"),
}


def functions():
    """Yield ``(folder, class name or "", function)`` of each function of models, wizards and controllers, and of flows.

    Of flows without methods: what a pass does is reached by what opens one.
    """
    for folder in ("models", "wizards", "controllers", "flows"):
        for path in sorted((ADDON / folder).glob("*.py")):
            for node in ast.parse(path.read_text(), str(path)).body:
                if isinstance(node, ast.FunctionDef):
                    yield folder, "", node
                elif isinstance(node, ast.ClassDef) and folder != "flows":
                    yield from ((folder, node.name, item) for item in node.body if isinstance(item, ast.FunctionDef))


def called(function):
    """Return the names of what ``function`` calls, or hands on to be called: its own methods."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            names.add(getattr(node.func, "attr", getattr(node.func, "id", "")))
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
            names.add(node.attr)
    return names


def find_asking():
    """Return the names of all functions from which one of ``ASKING`` is reached, whoever they belong to."""
    callers = defaultdict(set)
    for _folder, _owner, function in functions():
        if function.name not in GENERAL and not function.name.startswith("_cron_"):
            for name in called(function):
                callers[name].add(function.name)
    asking = set()
    reached = list(ASKING)
    while reached:
        name = reached.pop()
        if name not in asking:
            asking.add(name)
            reached += callers[name]
    return asking


def is_marked(function):
    return any(getattr(mark, "id", "") == MARK for mark in function.decorator_list)


def test_every_button_that_asks_eim_has_one_deadline():
    asking = find_asking()
    public = {
        (owner, function.name): function
        for folder, owner, function in functions()
        if folder in ("models", "wizards") and owner and function.name.startswith("action_")
    }
    assert len(public) > 80
    unmarked = {name for name, function in public.items() if function.name in asking and not is_marked(function)}
    assert unmarked - LIKE_NAMED == set()
    assert [name for name, function in public.items() if function.name not in asking and is_marked(function)] == []


def test_no_form_or_page_asks_eim_by_itself():
    asking = find_asking()
    by_itself = ("_compute_", "_onchange_", "_inverse_", "_search_")
    found = {
        (owner, function.name)
        for folder, owner, function in functions()
        if (folder == "controllers" or function.name.startswith(by_itself)) and function.name in asking
    }
    assert found - LIKE_NAMED == set()
