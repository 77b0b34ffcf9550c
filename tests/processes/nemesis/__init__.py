"""Disasters drawn at random under a real Odoo with workers, and what must hold once they are over.

    room        the place: a PostgreSQL of its own, the sandbox, Odoo servers, logs, a person's browser
    disasters   what is drawn
    shop        what goes on meanwhile: orders come, are delivered and cancelled, goods move
    person      the buttons that a person presses when Odoo asks for it
    holds       what must hold in the end

Everything is drawn from one seed, and each draw is written down with its moment (`draws.log`), so that a failure can
be looked at and repeated: `make nemesis SEED=17`.
"""
