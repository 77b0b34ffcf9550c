"""What a button that looks for carts or locations at EIM found there, in sentences, and what to do next."""

from . import location_proposal


def say_carts(env, answers, new):
    """Return what was found.

    :param answers: ``{account: carts that EIM has}``
    :param new: names of those not known before
    """
    found = sum(map(len, answers.values()))
    if not found:
        return env._("EIM has no cart yet. Set one up there (Carts, New Setup), then check again.")
    said = env._("Carts at EIM: %(found)s, of them new: %(new)s.", found=found, new=len(new))
    return " ".join(filter(None, [said, new and env._("New: %s.", ", ".join(new))]))


def say_locations(env, answers, new):
    """Return what was found; in the guide's step of settings, what stands for it is proposed.

    :param answers: ``{account: locations that EIM has}``
    :param new: ``extensiv.location`` records not known before
    """
    found = sum(map(len, answers.values()))
    if not found:
        return env._("EIM has no location yet. Create one there (Merchants, Locations & Products), then fetch again.")
    said = [env._("Locations at EIM: %(found)s, of them new: %(new)s.", found=found, new=len(new))]
    if new:
        said.append(env._("New: %s.", ", ".join(new.mapped("name"))))
    for account in answers:
        if account.setup_step == "settings":
            said += [
                env._("Proposed for %(name)s: %(place)s.", name=each.name, place=each.stock_location_id.display_name)
                for each in location_proposal.propose(account)
            ]
    return " ".join(said)
