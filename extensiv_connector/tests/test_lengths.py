"""A text that a person types is as long as screens and EIM bear; the update brings what is beyond within the bounds."""

import re

from odoo.exceptions import ValidationError
from odoo.modules.module import load_script
from odoo.tests import tagged

from ..eim.wire import Cart
from ..flows import cart_prefixes, lengths
from .common import ConnectorCase

# Fields that are bounded elsewhere, or that no person types.
ELSEWHERE = {
    ("extensiv.account", "name"),  # by its table
    ("extensiv.fetch", "reference"),  # one that is too long is no order's: the dialog says so
    ("extensiv.prove", "request_line"),  # a call of EIM's as shown, checked as it is read
}
CONSTRAINTS = {
    "extensiv_account": {
        "import_batch_size_positive": ("import_batch_size", 5000, 1000),
        "push_batch_size_positive": ("push_batch_size", -1, 1),
        "shipments_per_call_possible": ("shipments_per_call", 51, 50),
        "silence_hours_positive": ("silence_hours", 9000, 8760),
        "untold_hours_positive": ("untold_hours", -5, 0),
        "owed_days_positive": ("owed_days", 4000, 3650),
        "payload_days_positive": ("payload_days", 99999, 36500),
        "name_short": ("name", "A" * 90 + " 1234567890 (copy)", "A" * 69 + "…" + "A" * 12 + " 1234567890 (copy)"),
    },
    "extensiv_cart": {"wait_tracking_days_positive": ("wait_tracking_days", 1000, 365)},
}


@tagged("post_install", "-at_install")
class TestLengths(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cart = cls.env["extensiv.cart"].create({"account_id": cls.account.id, "order_source": "A", "name": "A"})

    def test_every_text_that_a_person_types_is_bounded(self):
        typed = {
            (name, field.name)
            for name, model in self.registry.items()
            if name.startswith("extensiv.") and not model._abstract
            for field in model._fields.values()
            if field.type == "char" and field.store and not field.readonly
        }
        bounded = {(model, field) for model, fields in lengths.LONGEST.items() for field in fields}
        self.assertEqual(typed - bounded - ELSEWHERE, set())

    def test_what_is_too_long_is_refused_in_a_sentence(self):
        self.cart.write({"name": "A" * 100, "prefix": "P" * 30})
        with self.assertRaisesRegex(ValidationError, "^Shorten Prefix to 30 characters at most.$"):
            self.cart.prefix = "P" * 31
        for model, vals in {
            "extensiv.sku.alias": {"sku": "S" * 251, "product_id": self.products[0].id},
            "extensiv.location": {"name": "L" * 251},
            "extensiv.diagnosis": {"sku": "S" * 251},
        }.items():
            with self.subTest(model), self.assertRaisesRegex(ValidationError, "to 250 characters at most"):
                self.env[model].create({"account_id": self.account.id, **vals})
        with self.assertRaisesRegex(ValidationError, "Shorten API User to 250"):
            self.account.api_user = "U" * 251

    def test_what_eim_names_at_length_is_cut_to_what_a_screen_bears(self):
        cart = self.env["extensiv.cart"]._sync_from_eim(self.account, [Cart("B" * 250, "B" * 250)])
        self.assertEqual((cart.order_source, cart.name), ("B" * 250, "B" * 99 + "…"))
        taken = {f"{'b' * length}:" for length in range(2, 251)}
        self.assertEqual(cart_prefixes.propose("B" * 250, taken), "B" * 20 + "2:")

    def test_the_copy_of_an_account_with_a_long_name_is_named_so(self):
        self.account.name = "A" * 100
        copy = self.account.copy()
        self.assertTrue(copy.name.endswith("(copy)"))
        self.assertLessEqual(len(copy.name), 100)

    def test_an_update_brings_numbers_and_names_within_their_bounds(self):
        records = {"extensiv_account": self.account, "extensiv_cart": self.cart}
        self.env.flush_all()
        for table, constraints in CONSTRAINTS.items():
            for constraint, (column, before, _after) in constraints.items():
                self.env.cr.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{constraint}")
                self.env.cr.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [before, records[table].id])
        kept = self.cart.name
        load_script("extensiv_connector/migrations/19.0.1.7.0/pre-bounds.py", "pre-bounds").migrate(self.env.cr, "")
        self.env.invalidate_all()
        for table, constraints in CONSTRAINTS.items():
            for column, _before, after in constraints.values():
                self.assertEqual(records[table][column], after, column)
            for constraint in constraints:
                name = f"{table}_{constraint}"
                definition = records[table]._table_objects[name].get_definition(self.registry)
                self.env.cr.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        self.assertEqual(self.cart.name, kept)

    def test_no_bound_is_without_its_update(self):
        bounds = {
            name
            for table in CONSTRAINTS
            for name, constraint in self.env[table.replace("_", ".")]._table_objects.items()
            if re.search("BETWEEN|char_length", constraint.get_definition(self.registry))
        }
        self.assertEqual(bounds, {f"{table}_{name}" for table, names in CONSTRAINTS.items() for name in names})
