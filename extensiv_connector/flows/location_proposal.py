"""Proposing which location of Odoo stands for a location of EIM: by its name, or where there is one of each."""

from odoo.fields import Domain


def propose(account):
    """Map each location of ``account`` that nothing stands for yet, where one of Odoo's is meant beyond doubt.

    Proposed once, for a person to look at: what they empty stays empty. Nothing is pushed to it by that.

    :return: the locations that were mapped
    """
    every = account.sudo().location_ids
    asking = every.filtered(
        lambda location: (
            location.source == "single" and not location.stock_location_id and not location.proposed_location_id
        )
    )
    meant = _find_meant(account, asking) if asking else {}
    taken = set().union(*(location._stock_roots().ids for location in every), every.proposed_location_id.ids)
    mapped = every.browse()
    for location, place in meant.items():
        if place.id not in taken and list(meant.values()).count(place) == 1:
            location.write({"stock_location_id": place.id, "proposed_location_id": place.id})
            mapped += location
    return mapped


def _find_meant(account, asking):
    """Return ``{location: the one location of Odoo that is meant}``."""
    env = account.sudo().env
    company = account.company_id
    warehouses = env["stock.warehouse"].search([("company_id", "=", company.id)])
    if len(warehouses) == 1 and len(account.sudo().location_ids) == 1:
        return {asking: warehouses.lot_stock_id}
    places = {}
    for warehouse in warehouses:
        for name in (warehouse.name, warehouse.code):
            places.setdefault(_plain(name), set()).add(warehouse.lot_stock_id)
    named = Domain.OR(Domain("name", "=ilike", location.name) for location in asking)
    internal = Domain("usage", "=", "internal") & Domain("company_id", "=", company.id)
    for place in env["stock.location"].search(internal & named):
        places.setdefault(_plain(place.name), set()).add(place)
    found = {location: places.get(_plain(location.name), ()) for location in asking}
    return {location: next(iter(of_name)) for location, of_name in found.items() if len(of_name) == 1}


def _plain(name):
    """Return a name without capitals, blanks and signs: ``East-Coast`` is ``EAST COAST``."""
    return "".join(character for character in name.casefold() if character.isalnum())
