from . import test_advice
from . import test_jobs
from . import test_pictures_browser
from . import test_settings
