from urllib.parse import urlsplit

from odoo import SUPERUSER_ID, api
from odoo.addons.extensiv_connector.eim.credentials import is_eim_host, is_loopback
from odoo.addons.extensiv_connector.models.extensiv_account import API_HOSTS


def migrate(cr, version):
    """Name the hosts that accounts have used until now, so that none stops: an administrator may take them off."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute("SELECT DISTINCT base_url FROM extensiv_account")
    hosts = {urlsplit(base_url).hostname or "" for (base_url,) in cr.fetchall()}
    parameters = env["ir.config_parameter"]
    named = set((parameters.get_param(API_HOSTS) or "").replace(",", " ").split())
    foreign = {host for host in hosts - named if host and not (is_eim_host(host) or is_loopback(host))}
    if foreign:
        parameters.set_param(API_HOSTS, ", ".join(sorted(named | foreign)))
