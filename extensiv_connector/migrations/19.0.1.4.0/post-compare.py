from odoo import SUPERUSER_ID, api
from odoo.addons.extensiv_connector.flows import schedule

OWN = "[('create_uid', '=', user.id)]"
RULES = {
    "extensiv_compare_own_rule": "['|', ('create_uid', '=', user.id), '&', '&', ('is_nightly', '=', True), "
    "('create_uid', '=', 1), ('company_id', 'in', company_ids)]",
    "extensiv_compare_line_own_rule": "['|', ('create_uid', '=', user.id), '&', '&', "
    "('compare_id.is_nightly', '=', True), ('compare_id.create_uid', '=', 1), "
    "('compare_id.company_id', 'in', company_ids)]",
}


def migrate(cr, version):
    """Switch the comparison by night on where stock is pushed already, and show people what it finds.

    An account is not written for it, and rules are not overwritten by an update.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    schedule.cron_of(env, "compare").toggle("extensiv.account", schedule.account_domain("compare"))
    for name, domain in RULES.items():
        rule = env.ref(f"extensiv_connector.{name}", raise_if_not_found=False)
        if rule and rule.domain_force == OWN:
            rule.domain_force = domain
