from . import extensiv_share
