"""Whether the addon leaves anything behind: all names in a database after it, against one without it."""

from __future__ import annotations

from . import ADDON, LOGS, CommandError, sandbox
from .databases import base, complaints, copy, cursor, drop, manifest, run_script, with_addon

# The demonstration's account with all that it does: it has an external id, and records of every kind refer to it.
USE_IT = """
from odoo.tools.convert import convert_file
for file in args["demo"]:
    convert_file(env, args["addon"], file, {}, "init", noupdate=True)
account = env.ref(args["addon"] + ".extensiv_account_sandbox")
account.write({"base_url": args["base_url"], "import_from": "2000-01-01"})
env.cr.commit()
account.action_connect()
account.write({"pull_orders": True, "push_inventory": True, "push_shipments": True})
account.action_record_calls()
location = account.location_ids[0]
location.write({"push_enabled": True, "stock_location_id": env.ref("stock.stock_location_stock").id})
env.cr.commit()
account.action_pull_orders()
account.action_push_inventory()
pickings = env["sale.order"].search([("extensiv_account_id", "=", account.id), ("state", "=", "sale")]).picking_ids
pickings = pickings.filtered(lambda picking: picking.state == "assigned")
pickings.move_ids.picked = True
pickings._action_done()
env.cr.commit()
account.action_push_shipments()
account.action_fetch_alerts()
account.action_audit()
account.action_pull_orders()
env.cr.commit()
print(env["extensiv.order"].search_count([("account_id", "=", account.id)]),
      env["extensiv.stock.level"].search_count([]),
      env["sale.order"].search_count([("extensiv_shipment_state", "=", "sent")]))
"""
UNINSTALL = """
env["ir.module.module"].search([("name", "=", args["addon"])]).button_immediate_uninstall()
"""
# What an uninstalled addon must not leave, each as a query of names.
NAMES = {
    "column": "SELECT table_name || '.' || column_name FROM information_schema.columns",
    "table, index or sequence": "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "constraint": "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE contype != 'n'",
    "function": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "trigger": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "model": "SELECT model FROM ir_model",
    "field": "SELECT model || '.' || name FROM ir_model_fields",
    "scheduled action": "SELECT cron_name FROM ir_cron",
    "action": "SELECT type || ' ' || (name ->> 'en_US') FROM ir_actions",
    "menu": "SELECT parent_path || (name ->> 'en_US') FROM ir_ui_menu",
    "view": "SELECT COALESCE(model, '') || ' ' || name FROM ir_ui_view",
    "group": "SELECT name ->> 'en_US' FROM res_groups",
    "privilege": "SELECT name ->> 'en_US' FROM res_groups_privilege",
    "access right": "SELECT name FROM ir_model_access",
    "record rule": "SELECT name FROM ir_rule",
    "parameter": "SELECT key FROM ir_config_parameter",
    "sequence of numbers": "SELECT name FROM ir_sequence",
    "kind of activity": "SELECT name ->> 'en_US' FROM mail_activity_type",
    "template of a message": "SELECT name ->> 'en_US' FROM mail_template",
    # not those of other modules: of any model that inherits from theirs, Odoo forgets to remove a few
    "external id": "SELECT name FROM ir_model_data WHERE module = 'extensiv_connector'",
    "message": "SELECT model || ' ' || id FROM mail_message WHERE model LIKE 'extensiv%'",
    "attachment": "SELECT res_model || ' ' || id FROM ir_attachment WHERE res_model LIKE 'extensiv%'",
}


def check() -> str:
    """Install the addon, let the demonstration's account do all it can, uninstall it; return what was done in words.

    :raise CommandError: something of it is left, or Odoo complained
    """
    name = copy(with_addon(), "extensiv_uninstall")
    log = LOGS / "uninstall.log"
    with sandbox.running(LOGS / "uninstall-sandbox.log", "--port", "0", "--no-rate-limit") as eim:
        args = {"base_url": eim.base_url, "addon": ADDON, "demo": manifest()["demo"]}
        printed = run_script(name, USE_IT, args, log=LOGS / "uninstall-use.log")
    orders, levels, shipments = map(int, printed.split())
    if not (orders and levels and shipments):
        raise CommandError(f"Before uninstalling {orders} orders, {levels} levels and {shipments} shipments were made.")
    run_script(name, UNINSTALL, {"addon": ADDON}, log=log)
    left = [
        f"{kind}: {thing}"
        for kind, query in NAMES.items()
        for thing in sorted(names(name, query) - names(base(), query))
    ]
    if left:
        raise CommandError("\n  ".join([f"Uninstalling {ADDON} leaves behind:", *left]))
    if complained := complaints(log):
        raise CommandError("\n".join([f"Odoo complained while uninstalling {ADDON}:", *complained]))
    drop(name)
    done = f"{orders} orders pulled, {levels} levels and {shipments} shipments pushed, then uninstalled"
    return f"{done}: nothing of {len(NAMES)} kinds is left"


def names(database: str, query: str) -> set[str]:
    with cursor(database) as cr:
        cr.execute(query)
        return {row[0] for row in cr.fetchall()}
