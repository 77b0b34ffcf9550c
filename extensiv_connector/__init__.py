from . import controllers
from . import models
from . import wizards


def post_init_hook(env):
    """Make the products for shipping, discount and tax, so that the first account finds them.

    Not in a data file: a product that an order used could not be uninstalled with its external id.
    """
    env["product.product"]._extensiv_service_products()
