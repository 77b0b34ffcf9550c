"""What stands in front of a cart's order numbers: as it is stored, and what is proposed for a cart that has none."""

from .lengths import PREFIX


def tidy(vals):
    """Return ``vals`` of a cart with the prefix as it is stored, and with none where a person wants none."""
    if vals.get("no_prefix"):
        return {**vals, "prefix": False}
    if "prefix" not in vals:
        return vals
    # What nobody sees would tell nobody where an order came from.
    prefix = "".join(character for character in vals["prefix"] or "" if character.isprintable()).strip()
    return {**vals, "prefix": prefix, "no_prefix": False} if prefix else {**vals, "prefix": False}


def propose_all(env, vals_list):
    """Put a free prefix into the values of each cart about to be made that come without.

    It comes from the integration, not from what the shop calls itself: a list of carts names the shop, an order only
    its source, and both are to propose the same.
    """
    of_accounts = [vals for vals in vals_list if vals.get("account_id")]
    lacking = [vals for vals in of_accounts if "prefix" not in vals and vals.get("order_source")]
    if not lacking:
        return
    accounts = env["extensiv.account"].sudo().browse({vals["account_id"] for vals in of_accounts})
    companies = {account.id: account.company_id for account in accounts}
    taken = {company.id: set() for company in companies.values()}
    Cart = env["extensiv.cart"].sudo().with_context(active_test=False)
    for cart in Cart.search([("company_id", "in", list(taken))]):
        taken[cart.company_id.id].add((cart.prefix or "").lower())
    for vals in of_accounts:
        taken[companies[vals["account_id"]].id].add((vals.get("prefix") or "").lower())
    kinds = _find_kinds(env, lacking)
    for vals in lacking:
        prefixes = taken[companies[vals["account_id"]].id]
        kind = kinds[vals["order_source"]]
        vals["prefix"] = propose(kind.name or vals["order_source"], prefixes)
        prefixes.add(vals["prefix"].lower())


def propose(name, taken):
    """Return the first free prefix: two letters and a colon, three where taken, then on; numbered at the end.

    :param name: of the kind of cart, or EIM's of the cart
    :param taken: the prefixes in use, in lower case
    """
    letters = "".join(character for character in name.upper() if character.isalnum())[: PREFIX - 10] or "CART"
    for length in range(min(2, len(letters)), len(letters) + 1):
        if (prefix := f"{letters[:length]}:").lower() not in taken:
            return prefix
    number = 2
    while (prefix := f"{letters}{number}:").lower() in taken:
        number += 1
    return prefix


def _find_kinds(env, vals_list):
    """Return ``{order source: kind}`` of carts about to be made."""
    found = env["extensiv.cart.type"]._find({vals["order_source"] for vals in vals_list})
    for vals in vals_list:
        if vals.get("type_id"):
            found[vals["order_source"]] = env["extensiv.cart.type"].browse(vals["type_id"])
    return found
