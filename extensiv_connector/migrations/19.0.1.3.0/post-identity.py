from odoo import SUPERUSER_ID, api
from odoo.addons.extensiv_connector.flows.database_identity import find_differences, read_identity


def migrate(cr, version):
    """Complete what is known of the database that accounts went live in, unless it is another one than this."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    this = read_identity(env)
    for account in env["extensiv.account"].with_context(active_test=False).search([]).filtered("live_database"):
        if not find_differences(account.live_database, this):
            account.live_database = {**this, **account.live_database}
