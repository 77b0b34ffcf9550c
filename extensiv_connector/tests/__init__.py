from . import test_account
from . import test_browser
from . import test_contacts
from . import test_money_rounding
from . import test_orders
from . import test_security
from . import test_views
