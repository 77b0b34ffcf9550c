from . import test_account
from . import test_any_order
from . import test_browser
from . import test_cancel
from . import test_carts
from . import test_contacts
<<<<<<< HEAD
from . import test_fetch
=======
from . import test_inventory
from . import test_inventory_browser
from . import test_inventory_mapping
from . import test_inventory_property
from . import test_inventory_push
>>>>>>> 3f9f41c (Push stock levels by difference: mapping, wanted quantities, acceptance, waking, comparing)
from . import test_money_rounding
from . import test_order_lines
from . import test_order_money
from . import test_orders
from . import test_security
from . import test_views
