"""Every sentence that a person reads reaches the translator, read from the source: nothing is run."""

import ast
import re
from pathlib import Path

import pytest

ADDON = Path(__file__).parents[1] / "extensiv_connector"
SOURCES = [
    pytest.param(path, ast.parse(path.read_text(), str(path)), id=str(path.relative_to(ADDON)))
    for folder in ("controllers", "eim", "flows", "models", "report", "wizards")
    for path in sorted((ADDON / folder).rglob("*.py"))
]
every_source = pytest.mark.parametrize(("path", "tree"), SOURCES)
SAID_BY_EIM = [source for source in SOURCES if source.values[0].is_relative_to(ADDON / "eim")]
SAID_BY_ODOO = [source for source in SOURCES if source not in SAID_BY_EIM]

# Raised with something to read by a person; of the built-in ones only in ``eim``, whose callers show it.
RAISED = re.compile(r"(User|Validation|Access)Error|RedirectWarning|Refusal|Unbookable|WarehouseKey")
OF_EIM = {
    "AnswerLost", "Blocked", "BodyRefused", "CertificateInvalid", "CredentialsRefused", "EndlessList", "EimError",
    "Forbidden", "NotFound", "OutOfTime", "RateLimited", "Refused", "Transient", "Unreadable", "ValueError",
}  # fmt: skip
# What only a developer sees, who calls a function wrongly.
FOR_DEVELOPERS = {("client.py", "A page has 1 to ")}
# For logs, for PostgreSQL and for machines.
FOR_MACHINES = {
    "SQL", "Index", "UniqueIndex", "Constraint", "debug", "info", "warning", "exception", "log_unexpected",
    "ProtocolError", "OSError", "TimeoutError", "ConnectTimeoutError", "Domain",
}  # fmt: skip
WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}|^, [a-z]{2,}|\([A-Z][a-z]+\)|[A-Z][a-z]+: $")
# Keys, paths and names that are made of parts and read by nobody, or that ``flows/error_names.py`` names.
NOT_READ = {
    "flows/lock.py", "flows/missing_carrier.py", "flows/monitoring.py", "flows/shipment_outcome.py",
    "flows/renamed_carts.py", "flows/stock_levels.py",
}  # fmt: skip
# A help is exported with what it holds; whoever reads it is a developer.
COMPUTED_HELP = {"models/extensiv_account.py"}
# How often ``message`` is that of an ``extensiv.error``, or EIM's words are compared or kept and not shown.
OWN_MESSAGES = {
    "flows/books.py": 1, "flows/credit_notes.py": 1, "flows/holds.py": 1, "flows/inventory_reading.py": 2,
    "flows/kit_fulfilment.py": 1, "flows/read_back.py": 1, "flows/refusals.py": 1, "flows/shipment_outcome.py": 1,
    "flows/shipped_elsewhere.py": 1, "flows/stock_errors.py": 1, "flows/stock_push.py": 2,
    "wizards/extensiv_diagnosis.py": 1,
}  # fmt: skip


def name_of(node):
    """Return how what is called, or raised, is named."""
    return getattr(node, "attr", getattr(node, "id", ""))


def parent_calls(tree, names):
    """Return the ids of the nodes below calls of ``names``."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node.func) in names)
    return {id(part) for call in calls for part in ast.walk(call)}


def is_bare(node):
    """Whether an argument is a sentence that nothing marks: a literal, or one put together."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and " " in node.value
    if isinstance(node, ast.IfExp):
        return is_bare(node.body) or is_bare(node.orelse)
    if isinstance(node, ast.BoolOp):
        return any(map(is_bare, node.values))
    if isinstance(node, ast.BinOp):
        return is_bare(node.left) or is_bare(node.right)
    if isinstance(node, ast.JoinedStr):
        return any(is_bare(part) for part in node.values)
    return False


@every_source
def test_what_is_raised_for_a_person_is_marked(path, tree):
    raised = OF_EIM if path.is_relative_to(ADDON / "eim") else OF_EIM - {"ValueError"}
    bare = {
        node.lineno: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (RAISED.fullmatch(name_of(node.func)) or name_of(node.func) in raised)
        if node.args and is_bare(node.args[0])
        if not any(path.name == name and start in ast.unparse(node) for name, start in FOR_DEVELOPERS)
    }
    assert bare == {}


@every_source
def test_what_is_marked_is_one_literal(path, tree):
    """Else Odoo's export does not find it, or finds half of it."""
    wrong = {
        node.lineno: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func) in ("_", "_lt")
        if not (node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str))
    }
    if path.name == "languages.py":  # says anew what eim marked
        wrong = {line: text for line, text in wrong.items() if "said.template" not in text}
    if path.name == "product_product.py":  # says what stands above, marked
        wrong = {line: text for line, text in wrong.items() if not text.endswith("env._(name)")}
    assert wrong == {}


@every_source
def test_what_is_marked_is_found_by_the_export(path, tree):
    """Within an f-string it finds nothing; of a tuple whose neighbour is marked it takes what is not."""
    within = {
        part.lineno: ast.unparse(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if isinstance(part, ast.Call) and name_of(part.func) in ("_", "_lt")
    }
    beside = {
        node.lineno: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Tuple) and any(isinstance(item, ast.Constant) for item in node.elts)
        if any(isinstance(item, ast.Call) and name_of(item.func) == "_lt" for item in node.elts)
    }
    assert within | beside == {}


@every_source
def test_several_values_of_a_marked_text_have_names(path, tree):
    """A translator may have to put them in another order."""
    wrong = {
        node.lineno: node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func) == "_" and isinstance(node.args[0], ast.Constant)
        if len(re.findall(r"%[sdg]", node.args[0].value.replace("%%", ""))) > 1
    }
    assert wrong == {}


@every_source
def test_no_sentence_is_put_together_of_pieces(path, tree):
    machines = parent_calls(tree, FOR_MACHINES)
    found = {
        node.lineno: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and id(node) not in machines
        if any(isinstance(part, ast.Constant) and WORDS.search(part.value) for part in node.values)
    }
    place = str(path.relative_to(ADDON))
    if place in NOT_READ | COMPUTED_HELP or path.name in dict(FOR_DEVELOPERS):
        return
    assert found == {}


@pytest.mark.parametrize(("path", "tree"), SAID_BY_ODOO)
def test_words_of_eim_are_shown_in_the_readers_language(path, tree):
    """``languages.translated`` says them; the ``message`` of an error of ``eim`` is English, as its ``str``."""
    caught = {
        node.lineno: ast.unparse(node)
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler)
        and handler.name
        and OF_EIM & set(re.findall(r"\w+", ast.unparse(handler.type)))
        for node in ast.walk(handler)
        if isinstance(node, ast.Call) and ast.unparse(node) == f"str({handler.name})"
    }
    shown = {
        node.lineno: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "message" and isinstance(node.ctx, ast.Load)
        if name_of(node.value) in ("error", "trouble", "refusal")
    }
    assert caught == {}
    assert len(shown) == OWN_MESSAGES.get(str(path.relative_to(ADDON)), 0), f"say it by languages.translated: {shown}"


@pytest.mark.parametrize(("path", "tree"), SAID_BY_ODOO)
def test_the_labels_of_another_fields_selection_are_translated(path, tree):
    """Its ``selection`` is English; ``_description_selection`` is what a person reads."""
    wrong = {
        node.lineno: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda) and ast.unparse(node.body).endswith(".selection")
    }
    assert wrong == {}


@pytest.mark.parametrize(("path", "tree"), SAID_BY_ODOO)
def test_numbers_are_written_as_the_reader_writes_them(path, tree):
    """``:g`` writes an English point, and a million as 1e+06."""
    wrong = {
        node.lineno: ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue)
        and node.format_spec
        and re.search(r"[gfe]'$", ast.unparse(node.format_spec))
    }
    assert {line: text for line, text in wrong.items() if path.name not in ("languages.py", "monitoring.py")} == {}


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in sorted((ADDON / "static" / "src").rglob("*.js"))]
)
def test_a_script_marks_what_it_shows(path):
    """A sentence in a script stands in ``_t``; those of templates are exported by themselves."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)
    sentences = re.findall(r"""["'`]([A-Z][a-z]+ [a-z][^"'`]*)["'`]""", re.sub(r"_t\([^)]*\)", "", code))
    assert sentences == []
