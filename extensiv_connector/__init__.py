from . import controllers
from . import models
from . import report
from . import wizards


def post_init_hook(env):
    """Make the products for shipping, discount and tax, so that the first account finds them.

    Not in a data file: a product that an order used could not be uninstalled with its external id.
    """
    env["product.product"]._extensiv_service_products()


def uninstall_hook(env):
    """Forget the external ids of accounts, of which the demonstration's has one.

    Odoo would delete such an account by itself first, which its orders forbid; all of them go with their tables.
    """
    env["ir.model.data"].search([("module", "=", "extensiv_connector"), ("model", "=", "extensiv.account")]).unlink()
