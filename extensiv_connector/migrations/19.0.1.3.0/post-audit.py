from odoo import SUPERUSER_ID, api
from odoo.addons.extensiv_connector.flows import schedule


def migrate(cr, version):
    """Switch the schedule of the audit on where orders are pulled already: an account is not written for it."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    schedule.cron_of(env, "audit").toggle("extensiv.account", schedule.account_domain("audit"))
