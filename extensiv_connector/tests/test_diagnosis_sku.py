"""The diagnosis of a SKU."""

from odoo.tests import tagged

from .test_diagnosis import DiagnosisCase


@tagged("post_install", "-at_install")
class TestSku(DiagnosisCase):
    """Why does the cart show another quantity?"""

    def setUp(self):
        super().setUp()
        self.stock = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1).lot_stock_id
        self.location = self.account.location_ids[0]
        self.location.stock_location_id = self.stock
        if "push_enabled" in self.location:
            self.location.push_enabled = True
        self.env["stock.quant"]._update_available_quantity(self.products[0], self.stock, 7)

    def hold(self, quantity, sku="TEE-1"):
        """Let EIM hold a level."""
        self.sandbox.store.levels.push([{"sku": sku, "qty_available": quantity, "warehouse": self.location.name}])

    def test_unknown_here(self):
        self.assertFound(self.diagnose(sku="NOPE"), "PROBLEM", "SKU NOPE is not an internal reference")

    def test_capitals(self):
        self.assertFound(
            self.diagnose(sku="tee-1"), "PROBLEM", "the internal reference TEE-1: they differ only by capitals"
        )

    def test_pushing_is_off(self):
        self.assertFound(self.diagnose(sku="TEE-1"), "PROBLEM", "Pushing levels is switched off on the account")

    def test_not_tracked(self):
        self.products[1].is_storable = False
        self.assertFound(self.diagnose(sku="MUG-1"), "PROBLEM", "does not track the stock")

    def test_not_mapped(self):
        switch = {"push_enabled": False} if "push_enabled" in self.location else {}
        self.location.write({**switch, "stock_location_id": False})
        text = self.diagnose(sku="TEE-1")
        self.assertFound(text, "NOTE", f"Nothing is pushed to the location {self.location.name}")
        self.assertFound(text, "PROBLEM", "No location of EIM gets stock")

    def test_quantity_and_how_it_is_made_up(self):
        self.add("R-1")
        self.pull()
        self.assertFound(self.diagnose(sku="TEE-1"), "NOTE", "7 on hand, 2 of it reserved, 5 free")

    def test_eim_does_not_know_it(self):
        self.assertFound(self.diagnose(sku="TEE-1"), "PROBLEM", "EIM has no level of the SKU TEE-1")

    def test_eim_holds_another_quantity(self):
        self.hold(3)
        text = self.diagnose(sku="TEE-1")
        self.assertFound(text, "PROBLEM", f"EIM holds for {self.location.name}: 3 available", "Odoo would push 7")

    def test_both_agree_so_the_issue_is_between_eim_and_the_cart(self):
        self.hold(7)
        text = self.diagnose(sku="TEE-1")
        self.assertFound(text, "OK", f"EIM holds for {self.location.name}: 7 available")
        self.assertLook(
            text, "Locations & Products", "Last Inventory Run", "successful", "Sync Inventory with Location"
        )
        self.assertIn("(Pacific)", text)

    def test_recent_orders_are_subtracted_by_eim(self):
        self.hold(7)
        self.add("R-2")
        self.assertFound(self.diagnose(sku="TEE-1"), "NOTE", "In all EIM shows 5 available")

    def test_open_errors_are_named(self):
        self.env["extensiv.error"]._report(
            self.account,
            "inventory",
            {f"{self.location.name}/TEE-1": {"message": "EIM refused: SKU not found", "category": "data"}},
        )
        self.assertFound(self.diagnose(sku="TEE-1"), "PROBLEM", "EIM refused: SKU not found")
