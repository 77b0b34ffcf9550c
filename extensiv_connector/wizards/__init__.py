from . import extensiv_add_alias
from . import extensiv_cancel
from . import extensiv_choose_product
from . import extensiv_diagnosis
from . import extensiv_diagnosis_account
from . import extensiv_diagnosis_order
from . import extensiv_diagnosis_sku
from . import extensiv_fetch
