"""What the connector records on Odoo's own models: ids, references, states and SKUs as EIM sent them.

People do not write it, in no form and by no call: orders would be told of twice, or never. What is theirs to set (a
rule, a buffer, a carrier, a buyer's wishes) is not read-only.
"""

from odoo.exceptions import AccessError


def is_recorded(field):
    """Whether nobody but the connector writes ``field`` of one of Odoo's models; it works as superuser."""
    return field.readonly and field.name.startswith("extensiv_")


def is_refused(model, field, operation):
    """Whether who acts on ``model`` must not do ``operation`` on ``field``, for the connector records it."""
    return operation == "write" and is_recorded(field) and not model.env.su


def check_written_by_connector(model, field, operation):
    """Refuse that a person writes what the connector records.

    :raise AccessError: it is so
    """
    if is_refused(model, field, operation):
        raise AccessError(
            model.env._(
                "“%(field)s” is what the connector recorded of EIM. Nobody else writes it, of whatever company.",
                field=field.get_description(model.env, ["string"])["string"],
            )
        )
