"""How long a text may be that a person types, so that screens, an index of PostgreSQL and EIM bear it."""

from odoo.exceptions import ValidationError

from ..eim.parsing import MAX_IDENTITY

NAME = 100  # characters
CODE = MAX_IDENTITY  # what EIM names: it is never shortened
PREFIX = 30
ADDRESS = 2000

LONGEST = {
    "delivery.carrier": {"extensiv_carrier": CODE, "extensiv_method": CODE},
    "extensiv.account": {
        "api_user": CODE,
        "api_key": CODE,
        "merchant_pk": CODE,
        "webhook_key": CODE,
        "base_url": ADDRESS,
        "alerts_url": ADDRESS,
    },
    "extensiv.cart": {"name": NAME, "prefix": PREFIX},
    "extensiv.cart.pay.type": {"pay_type": CODE},
    "extensiv.cart.share": {"setup_url": ADDRESS},
    "extensiv.cart.type": {"name": NAME, "code": CODE},
    "extensiv.diagnosis": {"order_number": CODE, "sku": CODE},
    "extensiv.location": {"name": CODE},
    "extensiv.ship.method": {"ship_code": CODE},
    "extensiv.sku.alias": {"sku": CODE},
}
"""``{model: {field: characters}}``; the name of an account is bounded by its table."""


def find_fields(records):
    """Return the names of the model's fields that have a longest text."""
    return list(LONGEST.get(records._name, ()))


def check(records):
    """:raise ValidationError: a text is longer than its field's longest"""
    for name, longest in LONGEST[records._name].items():
        if any(len(text or "") > longest for text in records.sudo().mapped(name)):
            raise ValidationError(
                records.env._(
                    "Shorten %(field)s to %(longest)s characters at most.",
                    field=records._fields[name]._description_string(records.env),
                    longest=longest,
                )
            )
