"""Where EIM's pages are for this database: its own addresses, or what an administrator says instead."""

from ..eim.pages import APP, PAGES, page_address

# System parameters: the base address of EIM's application, and a prefix for the path of one page of it.
ADDRESS = "extensiv_connector.eim_address"
PATH = "extensiv_connector.eim_page_"


def page_url(env, name, accounts=None):
    """Return the address of one of EIM's pages.

    :param name: a key of ``eim.pages.PAGES``
    :param accounts: for the page of alerts, which an account may have elsewhere; several that differ have none
    :raise KeyError: there is no such page
    """
    if PAGES[name].base:
        return page_address(name)
    own = set(accounts.mapped("alerts_url")) - {False, APP} if accounts and name == "alerts" else set()
    if len(own) == 1:
        return own.pop()
    parameters = env["ir.config_parameter"].sudo()
    return page_address(name, parameters.get_param(ADDRESS), parameters.get_param(f"{PATH}{name}"))
