"""Whether the addon leaves anything behind: all names in a database after it, against one without it."""

from __future__ import annotations

from . import ADDON, LOGS, CommandError, demonstration, sandbox
from .databases import base, complaints, copy, cursor, drop, run_script, with_addon

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
        args = demonstration.arguments(eim.base_url)
        printed = run_script(name, demonstration.SCRIPT, args, log=LOGS / "uninstall-use.log")
    made = demonstration.read(printed)
    if not (made["pulled"] and made["levels"] and made["shipments"]):
        raise CommandError(f"Before uninstalling, something was not done: {made}")
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
    done = f"{made['pulled']} orders pulled, {made['levels']} levels and {made['shipments']} shipments pushed"
    return f"{done}, then uninstalled: nothing of {len(NAMES)} kinds is left"


def names(database: str, query: str) -> set[str]:
    with cursor(database) as cr:
        cr.execute(query)
        return {row[0] for row in cr.fetchall()}
