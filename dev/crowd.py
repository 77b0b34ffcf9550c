"""`make crowd`: the demonstration's orders beside the modules that shops use, of Odoo and of the OCA.

Each may extend what the addon works with: the orders must come to the same totals as without them, and the log have no
warning. A rule of `auditlog` is on sale orders, and a rule of `sale_exception` holds one of them back. Confirming in
batches is as quick as without them: no part of it is off.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from . import ADDON, LOGS, CommandError, demonstration, oca, postgres, run_command, sandbox, say, step
from .databases import (
    base,
    base_content,
    complaints,
    content_of,
    copy,
    digest,
    drop,
    finish,
    install,
    install_log,
    mark_content,
    script_process,
    with_addon,
)

OF_ODOO = (
    "sale_management sale_mrp stock_dropshipping sale_loyalty website_sale account stock_picking_batch purchase_stock "
    "sale_margin sale_project product_expiry l10n_us l10n_de crm"
).split()
OF_OCA = "queue_job sale_exception partner_firstname auditlog".split()
NAME = "extensiv_crowd"
TEMPLATE = "extensiv_base_crowd"

# What `auditlog` writes down, and an exception that holds back the order of one reference.
RULES = """
env["auditlog.rule"].create({
    "name": "Sale orders", "model_id": env["ir.model"]._get_id("sale.order"),
    "log_read": False, "log_write": True, "log_create": True, "log_unlink": True,
    "log_type": "full"}).set_to_confirmed()
env["exception.rule"].create({
    "name": "Not this one", "description": "This order is looked at by a person", "model": "sale.order",
    "exception_type": "by_py_code",
    "code": "failed = object.extensiv_cust_ref == %r" % args["held"]})
env.cr.commit()
"""


AUDITED = """
print(env["auditlog.log"].search_count([("model_model", "=", "sale.order")]))
"""
# Which parts of confirming in batches are off beside the others, for methods that they were not made for.
PARTS_OFF = """
import json
from odoo.addons.extensiv_connector.flows import confirm_batch
print(json.dumps(confirm_batch.describe(env)))
"""
REASON = "is looked at by a person"


def main() -> int:
    modules = [*OF_ODOO, *OF_OCA]
    with contextlib.ExitStack() as stack:
        stack.enter_context(postgres.running(fast=True))
        stack.callback(drop, NAME)
        alone = demonstrate(copy(with_addon(), NAME), "alone")
        held = choose(alone)
        environ = oca.environ()
        copy(with_modules(modules, environ), NAME)
        with step(f"{ADDON} beside them"):
            install(NAME, "-i", ADDON, False, **environ)
        refuse(f"Odoo complained while installing {ADDON} beside others", complaints(install_log(NAME)))
        run(RULES, {"held": held}, "rules", environ)
        crowd = demonstrate(NAME, "crowd", environ)
        audited = int(run(AUDITED, {}, "audited", environ))
        off = json.loads(run(PARTS_OFF, {}, "parts", environ))
    refuse("Parts of confirming in batches are off", [f"{part}: {methods}" for part, methods in off])
    compare(alone, crowd, held)
    if not audited:
        raise CommandError("auditlog wrote nothing down of sale orders.")
    say(
        f"\nAll is well: {len(crowd['orders'])} orders beside {len(modules)} modules as without them, "
        f"{crowd['levels']} levels and {crowd['shipments']} shipments pushed, one order held back by an exception."
    )
    return 0


def with_modules(modules: list[str], environ: dict[str, str]) -> str:
    """Return a template with the modules and without the addon, making it when it is not there or outdated."""
    content = digest(base_content(), modules, oca.content())
    if content_of(TEMPLATE) != content:
        with step(f"{len(modules)} modules that shops use, once"):
            copy(base(), TEMPLATE)
            install(TEMPLATE, "-i", ",".join(modules), False, **environ)
            mark_content(TEMPLATE, content)
    return TEMPLATE


def demonstrate(database: str, name: str, environ: dict[str, str] | None = None) -> dict:
    """Let the demonstration's account do all it can in a database; return what came of it.

    :raise CommandError: Odoo's log has a warning
    """
    with step(f"The demonstration's orders, {name}"):
        with sandbox.running(LOGS / f"crowd-{name}-sandbox.log", "--port", "0", "--no-rate-limit") as eim:
            printed = run(demonstration.SCRIPT, demonstration.arguments(eim.base_url), name, environ)
    refuse(f"Odoo complained in the demonstration's flow, {name}", complaints(log_of(name)))
    return demonstration.read(printed)


def run(script: str, args: dict, name: str, environ: dict[str, str] | None = None) -> str:
    log = log_of(name)
    return finish(script_process(NAME, script, args, log=log, **(environ or {})), log)


def log_of(name: str) -> Path:
    return LOGS / f"crowd-{name}.log"


def choose(alone: dict) -> str:
    """Return the reference of an order that was confirmed."""
    return min(reference for reference, (_state, sale_state, *_rest) in alone["orders"].items() if sale_state == "sale")


def compare(alone: dict, crowd: dict, held: str) -> None:
    """:raise CommandError: an order came out otherwise than without the others, or an exception held none back"""
    expected = dict(alone["orders"])
    found = dict(crowd["orders"])
    total = expected.pop(held)[2]
    held_back = found.pop(held)
    differences = [
        f"{key}: {expected.get(key)} alone, {found.get(key)} beside the others"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
    if held_back[1] == "sale":
        differences.append(f"{held}: the exception did not hold it back")
    if held_back[2] != total:
        differences.append(f"{held}: its total is {held_back[2]} where an exception holds it, else {total}")
    if REASON not in crowd["errors"].get(held, ""):
        differences.append(f"{held}: nobody is told of the exception: {crowd['errors'].get(held)}")
    if crowd["levels"] != alone["levels"]:
        differences.append(f"{alone['levels']} levels alone, {crowd['levels']} beside the others")
    if crowd["shipments"] != alone["shipments"] - 1:
        differences.append(f"{alone['shipments']} shipments alone, {crowd['shipments']} beside the others")
    refuse("Beside other modules something comes out otherwise", differences)


def refuse(title: str, complained: list[str]) -> None:
    """:raise CommandError: there are complaints"""
    if complained:
        raise CommandError("\n".join([f"{title}:", *complained]))


if __name__ == "__main__":
    run_command(main)
