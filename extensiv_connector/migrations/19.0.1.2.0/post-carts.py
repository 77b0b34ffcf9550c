from lxml import etree

from odoo import SUPERUSER_ID, api
from odoo.tools import file_open

# The kinds of which more is known now, and what the catalogue said of them before: a person's own entry stays.
KINDS = ("cart_type_paypal", "cart_type_salesforce", "cart_type_shipstation")
BEFORE = {"inventory_sync": "unknown", "shipment_confirmation": "unknown", "limits": False}


def migrate(cr, version):
    """Bring what is now known of some kinds of carts, and stop telling those of shipments that take none."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    _complete_catalogue(env)
    _switch_off_silent(env)
    _tell_prefixes(env)


def _complete_catalogue(env):
    with file_open("extensiv_connector/data/extensiv_cart_type_data.xml", "rb") as file:
        catalogue = etree.parse(file)
    for name in KINDS:
        kind = env.ref(f"extensiv_connector.{name}", raise_if_not_found=False)
        if kind:
            kind.write(
                {
                    field: catalogue.findtext(f"record[@id='{name}']/field[@name='{field}']")
                    for field, before in BEFORE.items()
                    if kind[field] == before
                }
            )


def _switch_off_silent(env):
    """Switch *Tell of Shipments* off where the kind takes none, but for carts that EIM was told of before."""
    carts = (
        env["extensiv.cart"]
        .with_context(active_test=False)
        .search([("type_id.shipment_confirmation", "=", "none"), ("push_shipments", "=", True)])
    )
    (carts - carts._get_confirmed()).push_shipments = False


def _tell_prefixes(env):
    """Ask the responsible people to look at the prefixes that ``pre-carts`` changed."""
    env.cr.execute("SELECT cart_id, old, new FROM extensiv_prefix_renamed ORDER BY cart_id")
    renamed = {env["extensiv.cart"].browse(cart_id): (old, new) for cart_id, old, new in env.cr.fetchall()}
    env.cr.execute("DROP TABLE extensiv_prefix_renamed")
    for account, carts in env["extensiv.cart"].concat(*renamed).grouped("account_id").items():
        person = account._get_notified_user()
        account = account.with_context(lang=person.lang or env.lang)
        told = account.env._(
            "Prefixes that differed from another cart's by capitals or blanks alone were changed: %s. Orders that were "
            "imported before keep their names.",
            ", ".join(f"{cart.name}: “{renamed[cart][0]}” → “{renamed[cart][1]}”" for cart in carts),
        )
        account.message_post(body=told, partner_ids=person.partner_id.ids)
