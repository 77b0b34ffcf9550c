"""Odoo with all that the addon needs imported, and no database open; for a process that forks, see `forked`."""

from odoo.modules.module import load_openerp_module
from odoo.service import server
from odoo.tools import config

from .databases import cursor, with_addon, write_config


def preload() -> None:
    """Import what a script in Odoo imports before it begins, as `odoo shell` does."""
    config.parse_config(["-c", str(write_config()), "--no-http"], setup_logging=True)
    server.load_server_wide_modules()
    with cursor(with_addon()) as cr:
        cr.execute("SELECT name FROM ir_module_module WHERE state = 'installed' ORDER BY id")
        for [name] in cr.fetchall():
            load_openerp_module(name)


preload()
