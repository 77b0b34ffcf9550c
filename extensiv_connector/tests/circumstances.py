"""The circumstances that orders may meet, by their names."""

from . import circumstances_of_orders, circumstances_of_stock
from .circumstance import CIRCUMSTANCES, NEEDS


def available(env):
    """Return the names of the circumstances that the database of ``env`` has the modules for."""
    return [
        name
        for name in CIRCUMSTANCES
        if name not in NEEDS or (NEEDS[name][0] in env and NEEDS[name][1] in env[NEEDS[name][0]]._fields)
    ]


def meet(world, *names):
    """Let ``world`` have the circumstances of these names, in the order in which they are registered."""
    world.categories = {}
    for name in sorted(names, key=list(CIRCUMSTANCES).index):
        CIRCUMSTANCES[name](world)
    world.env.flush_all()


__all__ = ["CIRCUMSTANCES", "NEEDS", "available", "circumstances_of_orders", "circumstances_of_stock", "meet"]
