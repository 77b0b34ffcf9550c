"""What contacts are searched by: domains that an index answers, and that find no more than a batch asks for.

A relay's phone, or a marketplace's e-mail, is that of many thousands, and so may be a name: "Amazon Customer".
"""

from odoo.fields import Domain
from odoo.tools import SQL

from .addresses import fold

# Of a zip so much is looked for: what makes it more precise comes after it.
ZIP_LENGTH = 5


def named(names):
    """Return a domain of the contacts with one of ``names``, whatever the case and however many blanks."""
    texts = {text for name in names for text in (name, fold(name))}
    return Domain.custom(
        to_sql=lambda model, alias, query: SQL(
            r"lower(regexp_replace(%s, '\s+', ' ', 'g')) = ANY(ARRAY(SELECT lower(name) FROM unnest(%s) AS name))",
            model._field_to_sql(alias, "name", query),
            list(texts),
        )
    )


def zipped(zips):
    """Return a domain of the contacts whose zip may be one of ``zips``, for comparing; "" is that of none."""
    return Domain.custom(
        to_sql=lambda model, alias, query: SQL(
            r"left(lower(regexp_replace(COALESCE(%s, ''), '\s+', '', 'g')), %s) = ANY(%s::text[])",
            model._field_to_sql(alias, "zip", query),
            ZIP_LENGTH,
            list({code[:ZIP_LENGTH] for code in zips}),
        )
    )


def formerly_named(names):
    """Return a domain of the contacts that those of one of ``names`` were merged into."""
    return Domain.custom(
        to_sql=lambda model, alias, query: SQL(
            "%s ?| %s", model._field_to_sql(alias, "extensiv_former", query), [fold(name) for name in names]
        )
    )


def without(name, anybodys):
    """Return a domain of the contacts that the field ``name`` does not tell apart: empty, or one of ``anybodys``."""
    return Domain(name, "=", False) | Domain(name, "in", list(anybodys))


def search_one_of_each(partners, domain, name, values):
    """Return ids of contacts of ``domain``, the oldest of each commercial entity, value of ``name`` and phone.

    :param values: those of the field ``name`` that count
    """
    if not values:
        return []
    groups = partners._read_group(
        domain & Domain(name, "in", list(values)), ["commercial_partner_id", name, "phone"], ["id:min"]
    )
    return [id_ for *_group, id_ in groups]
