from . import extensiv_cancel
from . import extensiv_choose_product
from . import extensiv_fetch
from . import extensiv_merchants
from . import extensiv_sku_report
