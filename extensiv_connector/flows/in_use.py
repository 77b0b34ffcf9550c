"""What is used by records of the addon and so cannot be deleted: said in words, before the database refuses."""

from collections import defaultdict

from odoo.exceptions import UserError
from odoo.fields import Domain

ADDON = "extensiv_connector"
# So many of the records that use one are named.
MOST_NAMED = 3


def find_links(registry):
    """Return by which fields records stand in the way of deleting others.

    :return: ``{model: ((model that points to it, field, whether deleting goes on to those records), …)}`` of each model
        that a field of the addon with ``restrict`` points to, and of each whose deletion the database takes on to such
    """
    links = {}
    pointing = [field for model in registry.values() if _has_table(model) for field in model._fields.values()]
    for field in pointing:
        if _is_own(field) and field.store and getattr(field, "ondelete", None) == "restrict":
            links.setdefault(field.comodel_name, set()).add((field.model_name, field.name, False))
    cascading = [
        field for field in pointing if field.type == "many2one" and field.store and field.ondelete == "cascade"
    ]
    found = True
    while found:
        found = False
        for field in cascading:
            link = (field.model_name, field.name, True)
            if field.model_name in links and link not in links.get(field.comodel_name, ()):
                links.setdefault(field.comodel_name, set()).add(link)
                found = True
    return {name: tuple(sorted(found)) for name, found in links.items()}


def _has_table(model):
    return model._auto and not model._abstract and not model._transient


def _is_own(field):
    return any(module.startswith(ADDON) for module in field._modules)


def check_unused(records, links):
    """Make sure that nothing of the addon is in the way of deleting ``records``.

    :param links: as ``find_links`` returns them
    :raise UserError: what uses one of them, and what to do instead
    """
    going = defaultdict(set)
    reached = [records]
    while reached:
        deleted = reached.pop()
        going[deleted._name].update(deleted.ids)
        for model, name, goes_on in links.get(deleted._name, ()):
            domain = Domain([(name, "in", deleted.ids), ("id", "not in", list(going[model]))])
            users = deleted.env[model].sudo().with_context(active_test=False)
            if goes_on:
                reached += filter(None, [users.search(domain)])
            elif users.search_count(domain, limit=1):
                raise UserError(_say_used(records, deleted, users, domain, name))


def _say_used(records, deleted, users, domain, name):
    """Return the sentences for a person who deletes ``records``, whereupon ``deleted`` would go as well.

    :param users: the model of what uses some of ``deleted``, by its field ``name``, under ``domain``
    """
    env = records.env
    found = users.search(domain, limit=10 * MOST_NAMED)
    used = (found[:1][name] & deleted)[:1]
    values = {"record": _name(used), "users": _name_users(env, found, users.search_count(domain), name)}
    if used in records:
        said = env._("%(record)s cannot be deleted, because it is used: %(users)s.", **values)
    else:
        said = env._("This cannot be deleted, because %(record)s belongs to it and is used: %(users)s.", **values)
    return f"{said} {_advise(env, records, users._fields[name])}"


def _name(record):
    return f"{record.env['ir.model']._get(record._name).name} “{record.sudo().display_name}”"


def _name_users(env, users, count, name):
    """Return what kind of records ``users`` are, the names of those that the person may see, and how many more."""
    label = env["ir.model"]._get(users._name).name
    kind = f"{label} ({users._fields[name]._description_string(env)})"
    seen = users.with_env(env)._filtered_access("read")[:MOST_NAMED]
    names = ", ".join(seen.mapped("display_name"))
    if not names:
        return env._("%(kind)s, %(count)s in all", kind=kind, count=count)
    if count > len(seen):
        names = env._("%(names)s and %(count)s more", names=names, count=count - len(seen))
    return f"{kind}: {names}"


def _advise(env, records, field):
    """Return what to do instead of deleting ``records``, to which ``field`` points."""
    can_be_changed = not field.readonly
    if records._active_name:
        if can_be_changed:
            return env._("Archive it instead, or choose another one there first.")
        return env._("Archive it instead.")
    if can_be_changed:
        return env._("Choose another one there first.")
    return env._("It has to stay, as the record of what was done.")
