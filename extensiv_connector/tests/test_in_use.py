"""What is in use is not deleted, and says so in words; what a person chooses is not made by a slip."""

from lxml import etree
from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..eim import errors as eim
from ..flows.in_use import find_links
from ..flows.run_message import compose, say_error
from .common import ConnectorCase

CHOSEN = {"extensiv.account", "extensiv.cart", "extensiv.location", "stock.location", "stock.warehouse"}


@tagged("post_install", "-at_install")
class TestInUse(ConnectorCase):
    def test_every_field_that_stands_in_the_way_is_known(self):
        links = find_links(self.registry)
        self.assertEqual(links, self.env["base"]._extensiv_links())
        for name, model in self.registry.items():
            if not model._auto or model._abstract or model._transient:
                continue
            for field in model._fields.values():
                ours = any(module.startswith("extensiv_connector") for module in field._modules)
                if ours and field.store and getattr(field, "ondelete", None) == "restrict":
                    self.assertIn((name, field.name, False), links[field.comodel_name])

    def test_a_cart_with_orders_says_to_archive_it(self):
        cart = self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "order_source": "Used", "name": "Used shop", "prefix": "US:"}
        )
        self.env["sale.order"].create(
            {"partner_id": self.env.user.partner_id.id, "extensiv_cart_id": cart.id, "name": "US:1"}
        )
        with self.assertRaisesRegex(UserError, "“Used shop” cannot be deleted, because it is used: .*US:1. Archive it"):
            cart.unlink()

    def test_numbers_and_names_have_bounds(self):
        for values in (
            {"payload_days": -1},
            {"payload_days": 10**6},
            {"silence_hours": -1},
            {"silence_hours": 10**4},
            {"owed_days": -1},
            {"owed_days": 10**4},
            {"import_batch_size": 0},
            {"push_batch_size": 1001},
            {"name": "A" * 101},
        ):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.account.write(values)
                self.account.flush_recordset()

    def test_a_copy_is_named_so(self):
        self.assertEqual(self.account.copy().name, f"{self.account.name} (copy)")
        self.assertEqual(self.account.copy({"name": "Other"}).name, "Other")

    def test_no_account_cart_or_location_is_made_of_its_name(self):
        for name in ("extensiv.account", "extensiv.cart", "extensiv.location"):
            with self.assertRaisesRegex(UserError, "Choose one of the list"):
                self.env[name].name_create("Slip")

    def test_what_a_run_did_is_said_in_sentences(self):
        counts = {"received": 2, "imported": 1, "failed": 0}
        self.assertEqual(compose(self.env, counts, []), "2 orders were received and 1 order was imported.")
        self.assertEqual(compose(self.env, {}, []), "Nothing new.")
        self.assertEqual(say_error(self.env, eim.Transient("EIM was not reached.")), "EIM was not reached.")
        self.assertEqual(say_error(self.env, eim.Refused("No such order")), "EIM answered: No such order.")


@tagged("post_install", "-at_install")
class TestChosen(TransactionCase):
    def test_nothing_is_made_where_one_is_chosen(self):
        wrong = []
        for view in self.env["ir.ui.view"].search([("type", "in", ("form", "list"))]):
            if (view.xml_id or "").startswith("extensiv_connector") and view.model in self.env:
                wrong += self._find(etree.fromstring(view.arch), self.env[view.model], view)
        self.assertEqual(wrong, [])

    def _find(self, node, model, view):
        """Return the fields by which one may make what is to be chosen."""
        found = []
        for child in node:
            field = model._fields.get(child.get("name")) if child.tag == "field" else None
            inner = self.env[field.comodel_name] if field is not None and field.relational else model
            shows_only = any(
                each.tag == "kanban" or (each.tag == "list" and not each.get("editable"))
                for each in child.iterancestors()
            )
            if field is not None and field.comodel_name in CHOSEN and not len(child):
                may = not field.readonly and child.get("readonly") != "1" and not shows_only
                if may and "'no_create'" not in (child.get("options") or "") and child.get("invisible") != "1":
                    found.append(f"{view.xml_id}: {field.name}")
            found += self._find(child, inner, view)
        return found
