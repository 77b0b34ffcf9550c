"""`make crowd`: the demonstration's orders beside the modules that shops use, of Odoo and of the OCA.

Each may extend what the addon works with: the orders must come to the same totals as without them, and the log have no
warning. A rule of `auditlog` is on sale orders, and a rule of `sale_exception` holds one of them back.
"""

from __future__ import annotations

import contextlib
import json

from . import ADDON, LOGS, CommandError, oca, postgres, run_command, sandbox, say, step
from .databases import (
    base,
    complaints,
    copy,
    drop,
    finish,
    install,
    install_log,
    manifest,
    script_process,
    with_addon,
)

OF_ODOO = (
    "sale_management sale_mrp stock_dropshipping sale_loyalty website_sale account stock_picking_batch purchase_stock "
    "sale_margin sale_project product_expiry l10n_us l10n_de crm"
).split()
OF_OCA = "queue_job sale_exception partner_firstname auditlog".split()
NAME = "extensiv_crowd"

# The demonstration's flow: its products and account, its orders, some of which leave, and what EIM is told of them.
DEMONSTRATION = """
import json
from odoo.tools.convert import convert_file
for file in args["demo"]:
    convert_file(env, args["addon"], file, {}, "init", noupdate=True)
account = env.ref(args["addon"] + ".extensiv_account_sandbox")
account.write({"base_url": args["base_url"], "import_from": "2000-01-01"})
env.cr.commit()
account.action_connect()
account.write({"pull_orders": True, "push_inventory": True, "push_shipments": True})
location = account.location_ids[0]
location.write({"push_enabled": True, "stock_location_id": env.ref("stock.stock_location_stock").id})
env.cr.commit()
account.action_pull_orders()
account.action_push_inventory()
orders = env["extensiv.order"].search([])
sales = orders.sale_order_id.filtered(lambda sale: sale.state == "sale")
pickings = sales.picking_ids.filtered(lambda picking: picking.state == "assigned")
for picking in pickings:
    picking.carrier_tracking_ref = f"1Z{picking.id}"
pickings.move_ids.picked = True
pickings._action_done()
env.cr.commit()
account.action_push_shipments()
account.action_fetch_alerts()
env.cr.commit()
env.invalidate_all()
print(json.dumps({
    "totals": {order.cust_ref: [order.state, order.sale_order_id.state, order.sale_order_id.amount_total,
                                order.sale_order_id.amount_tax, len(order.sale_order_id.order_line)]
               for order in orders},
    "levels": env["extensiv.stock.level"].search_count([]),
    "sent": env["sale.order"].search_count([("extensiv_shipment_state", "=", "sent")]),
    "held": args["held"] in orders.filtered(lambda order: order.sale_order_id.state != "sale").mapped("cust_ref"),
    "said": env["extensiv.error"].search(
        [("key", "=", args["held"]), ("state", "=", "open")], limit=1).message or "",
    "audited": "auditlog.log" in env and env["auditlog.log"].search_count([("model_model", "=", "sale.order")]),
}))
"""
# What `auditlog` writes down, and an exception that holds back the order of one reference.
RULES = """
env["auditlog.rule"].create({
    "name": "Sale orders", "model_id": env["ir.model"]._get_id("sale.order"),
    "log_read": False, "log_write": True, "log_create": True, "log_unlink": True, "log_type": "full"}).subscribe()
env["exception.rule"].create({
    "name": "Not this one", "description": "This order is looked at by a person", "model": "sale.order",
    "exception_type": "by_py_code",
    "code": "failed = object.extensiv_cust_ref == %r" % args["held"]})
env.cr.commit()
"""


def main() -> int:
    with contextlib.ExitStack() as stack:
        stack.enter_context(postgres.running(fast=True))
        stack.callback(drop, NAME)
        alone = demonstrate(copy(with_addon(), NAME), "alone")
        copy(base(), NAME)
        modules = [*OF_ODOO, *OF_OCA]
        with step(f"{len(modules)} modules, then {ADDON}"):
            install(NAME, "-i", ",".join(modules), False, **oca.environ())
            others = complaints(install_log(NAME))
            install(NAME, "-i", ADDON, False, **oca.environ())
        refuse(f"Odoo complained while installing {ADDON} beside others", complaints(install_log(NAME)))
        if others:
            say(f"  (without it, installing them logs {len(others)} warnings of their own)")
        crowd = demonstrate(NAME, "crowd", held=alone)
    compare(alone, crowd)
    say(
        f"\nAll is well: {len(crowd['totals'])} orders beside {len(modules)} modules as without them, "
        f"{crowd['levels']} levels and {crowd['sent']} shipments pushed, one order held back by an exception."
    )
    return 0


def demonstrate(database: str, name: str, held: dict | None = None) -> dict:
    """Run the demonstration's flow in a database; return what came of it.

    :param held: what came of it without the others, of whose orders one is then held back by an exception
    """
    log = LOGS / f"crowd-{name}.log"
    environ = oca.environ() if held else {}
    reference = choose(held) if held else ""
    with step(f"The demonstration's orders, {name}"):
        with sandbox.running(LOGS / f"crowd-{name}-sandbox.log", "--port", "0", "--no-rate-limit") as eim:
            args = {"addon": ADDON, "base_url": eim.base_url, "demo": manifest()["demo"], "held": reference}
            if held:
                run(database, RULES, args, LOGS / "crowd-rules.log", environ)
            printed = run(database, DEMONSTRATION, args, log, environ)
    refuse(f"Odoo complained in the demonstration's flow, {name}", complaints(log))
    return {**json.loads(printed.splitlines()[-1]), "reference": reference}


def run(database: str, script: str, args: dict, log, environ: dict[str, str]) -> str:
    return finish(script_process(database, script, args, log=log, **environ), log)


def choose(alone: dict) -> str:
    """Return the reference of an order that was confirmed."""
    return min(reference for reference, (_state, sale_state, *_rest) in alone["totals"].items() if sale_state == "sale")


def compare(alone: dict, crowd: dict) -> None:
    """:raise CommandError: an order came out otherwise than without the others, or an exception held none back"""
    reference = crowd["reference"]
    expected = {key: value for key, value in alone["totals"].items() if key != reference}
    found = {key: value for key, value in crowd["totals"].items() if key != reference}
    differences = [
        f"{key}: {expected.get(key)} alone, {found.get(key)} beside the others"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
    if alone["totals"][reference][2] != crowd["totals"][reference][2]:
        differences.append(f"{reference}: another total where the exception holds it")
    if not crowd["held"]:
        differences.append(f"{reference}: the exception did not hold it back")
    elif "looked at by a person" not in crowd["said"]:
        differences.append(f"{reference}: nobody is told of the exception, but {crowd['said']!r}")
    if not crowd["audited"]:
        differences.append("auditlog wrote nothing down of sale orders")
    if crowd["levels"] != alone["levels"]:
        differences.append(f"{alone['levels']} levels alone, {crowd['levels']} beside the others")
    refuse("Beside other modules something comes out otherwise", differences)


def refuse(title: str, complained: list[str]) -> None:
    """:raise CommandError: there are complaints"""
    if complained:
        raise CommandError("\n".join([f"{title}:", *complained]))


if __name__ == "__main__":
    run_command(main)
