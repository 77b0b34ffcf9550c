"""What EIM calls the delivery methods: its own list of ship methods, and the proposals that are made from it."""


def map_by_list(account, carriers, methods):
    """Fill in what EIM calls ``carriers``, delivery methods about which no person said so.

    One that EIM lists by its name is mapped to that method for ``account``, for its code is the account's own.

    :param methods: ``eim.wire.ShipMethod`` objects, empty where EIM does not say
    """
    env = account.env
    listed = env["extensiv.eim.method"]._sync_from_eim(account, methods) if methods else {}
    Mapping = env["extensiv.carrier.method"]
    mapped = Mapping.search([("account_id", "=", account.id), ("delivery_carrier_id", "in", carriers.ids)])
    proposals = []
    for carrier in carriers:
        name, method = carrier._extensiv_proposal(methods)
        carrier.with_context(extensiv_proposing=True).write({"extensiv_carrier": name, "extensiv_method": method})
        found = carrier._extensiv_find(methods)
        if found and carrier not in mapped.delivery_carrier_id:
            proposals.append(
                {
                    "account_id": account.id,
                    "delivery_carrier_id": carrier.id,
                    "method_id": listed[found.code].id,
                    "is_proposed": True,
                }
            )
    Mapping.create(proposals)


def map_by_name(account, carriers):
    """Map ``carriers`` to what is listed of ``account`` under their names; what a person wrote on one stays.

    :return: how many were mapped
    """
    env = account.env
    listed = env["extensiv.eim.method"].search([("account_id", "=", account.id)])
    Mapping = env["extensiv.carrier.method"]
    mapped = Mapping.search([("account_id", "=", account.id), ("cart_id", "=", False)]).delivery_carrier_id
    proposals = []
    for carrier in carriers - mapped:
        found = carrier._extensiv_find(listed)
        if found and (not carrier.extensiv_carrier or carrier.extensiv_method in (found.description, found.code)):
            proposals.append(
                {
                    "account_id": account.id,
                    "delivery_carrier_id": carrier.id,
                    "method_id": found.id,
                    "is_proposed": True,
                }
            )
    return len(Mapping.create(proposals))
