"""What a shop may have that orders meet when they are confirmed: a function that changes an `identical_world.World`."""

CIRCUMSTANCES = {}
"""``{name: function}``"""
NEEDS = {}
"""``{name: (model, field)}`` of the modules that a database may lack."""


def circumstance(function=None, *, needs=None):
    """Register a function as the circumstance of its name.

    :param needs: a model and a field without which a database does not have it
    """

    def register(function):
        CIRCUMSTANCES[function.__name__] = function
        if needs:
            NEEDS[function.__name__] = needs
        return function

    return register(function) if function else register
