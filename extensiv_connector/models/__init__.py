# What own models inherit, own models, then what extends them or Odoo's.
from . import extensiv_mapping_mixin
from . import extensiv_stock_trigger_mixin

from . import extensiv_account
from . import extensiv_alert
from . import extensiv_bucket
from . import extensiv_call
from . import extensiv_cart
from . import extensiv_cart_share
from . import extensiv_cart_type
from . import extensiv_due
from . import extensiv_error
from . import extensiv_location
from . import extensiv_order
from . import extensiv_run
from . import extensiv_ship_method
from . import extensiv_sku_alias
from . import extensiv_stock_level

from . import delivery_carrier
from . import extensiv_account_connection
from . import extensiv_account_dashboard
from . import extensiv_account_flows
from . import extensiv_account_monitor
from . import extensiv_account_setup
from . import mail_quiet
from . import product_pricelist
from . import product_product
from . import product_template
from . import res_partner
from . import sale_order
from . import sale_order_line
from . import stock_location
from . import stock_move
from . import stock_picking
from . import stock_quant
from . import stock_rule
