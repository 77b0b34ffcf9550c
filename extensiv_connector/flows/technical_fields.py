"""Fields of ours on Odoo's models that say nothing to a person: they stand neither among filters nor groupings.

Odoo has no setting of a field for that; it offers whatever is stored.
"""

TECHNICAL = {
    "sale.order": {
        "extensiv_lasting_notes",
        "extensiv_holds",
        "extensiv_address_doubt",
        "extensiv_has_no_total",
        "extensiv_placeholder_id",
        "extensiv_sending_at",
        "extensiv_ask_after",
        "extensiv_shipments",
        "extensiv_told_tracking",
        "extensiv_refused_carrier_id",
        "extensiv_tells_cancelled",
        "extensiv_asked",
        "extensiv_books_at",
    },
    "sale.order.line": {"extensiv_line_no"},
    "stock.move": {"extensiv_reserve_later"},
    "product.product": {"extensiv_rule_chosen", "extensiv_created_company_id"},
    "res.partner": {"extensiv_former"},
}


def hide(model, descriptions):
    """Return what ``fields_get`` says of ``model``, ``{field: {attribute: value}}``, without offering these."""
    for name in TECHNICAL[model._name] & descriptions.keys():
        descriptions[name].update(
            {attribute: False for attribute in ("searchable", "groupable") if attribute in descriptions[name]}
        )
    return descriptions
