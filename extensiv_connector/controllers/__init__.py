from . import extensiv_health
from . import extensiv_help
from . import extensiv_share
from . import extensiv_webhook
