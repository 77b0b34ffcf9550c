from . import extensiv_account
from . import res_config_settings
