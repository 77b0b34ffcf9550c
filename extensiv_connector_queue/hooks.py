"""What is done when the addon goes."""

from . import jobs


def uninstall_hook(env):
    """Hand what waits as jobs back to Odoo's schedules, which never stopped."""
    jobs.hand_back(env)
