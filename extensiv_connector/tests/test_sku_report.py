import base64
import csv
import io

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from ..sandbox.levels import Level
from .common import ConnectorCase, ConnectorMixin


class ReportMixin:
    """EIM knows MUG-1, GHOST-1, GHOST-2 and TWIN-1; here are a tee, a mug, two twins and a service."""

    def _make_products(self):
        self.tee, self.mug = self.products
        self.twins = self.env["product.product"].create(
            [
                {"name": "Twin", "default_code": "TWIN-1", "is_storable": True},
                {"name": "Other twin", "default_code": "TWIN-1", "is_storable": True},
            ]
        )
        self.unnamed = self.env["product.product"].create({"name": "No reference", "is_storable": True})
        self.env["product.product"].create({"name": "Repair", "default_code": "REPAIR", "type": "service"})
        now = "2024-01-01T00:00:00+00:00"
        self.sandbox.store.levels.items = {
            sku: {"EAST": Level(quantity, quantity, now)}
            for sku, quantity in (("MUG-1", 7), ("GHOST-1", 1), ("GHOST-2", 2), ("TWIN-1", 3))
        }
        self.connect()

    def _compare(self):
        with self.flows():
            action = self.account.action_sku_report()
        return self.env[action["res_model"]].search(action["domain"])


@tagged("post_install", "-at_install")
class TestSkuReport(ReportMixin, ConnectorCase):
    def setUp(self):
        super().setUp()
        self._make_products()

    def _line(self, lines, sku):
        return lines.filtered(lambda line: line.sku == sku)

    def test_matched_only_there_only_here_double(self):
        lines = self._compare()
        mug = self._line(lines, "MUG-1")
        self.assertEqual(mug.state, "matched")
        self.assertEqual(mug.product_id, self.mug)
        self.assertEqual(mug.eim_quantity, 7)
        ghost = self._line(lines, "GHOST-1")
        self.assertEqual(ghost.state, "eim_only")
        self.assertEqual(ghost.product_id, self.env["product.product"])
        self.assertIn("GHOST-1", ghost.message)
        tee = self._line(lines, "TEE-1")
        self.assertEqual(tee.state, "odoo_only")
        self.assertEqual(tee.product_id, self.tee)
        twins = self._line(lines, "TWIN-1")
        self.assertEqual(set(twins.mapped("state")), {"double"})
        self.assertEqual(twins.product_id, self.twins)
        self.assertIn("several products", twins[0].message)
        unnamed = lines.filtered(lambda line: line.product_id == self.unnamed)
        self.assertEqual(unnamed.state, "odoo_only")
        self.assertEqual(unnamed.sku, False)
        self.assertFalse(self._line(lines, "REPAIR"), "services are not stock")

    def test_every_page_is_read(self):
        self.sandbox.store.levels.items = {
            f"P-{number}": {"EAST": Level(1, 1, "2024-01-01T00:00:00+00:00")} for number in range(230)
        }
        lines = self._compare()
        self.assertEqual(len(lines.filtered(lambda line: line.state == "eim_only")), 230)
        self.assertTrue(lines.report_id.is_complete)

    def test_what_could_not_be_read_is_said(self):
        self.sandbox.store.levels.items = {
            f"P-{number}": {"EAST": Level(1, 1, "2024-01-01T00:00:00+00:00")} for number in range(230)
        }
        self.fault(route="list_inventory", kind="invalid", match="page=2")
        with self.flows():
            action = self.account.action_sku_report()
        self.assertIn("EIM has more", action["display_name"])

    def test_many_skus_are_matched_in_as_few_queries_as_few(self):
        Product = self.env["product.product"]
        Product.create(
            [
                {"name": f"Product {number}", "default_code": f"MANY-{number}", "is_storable": True}
                for number in range(200)
            ]
        )

        def queries(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            matches = Product._extensiv_match(self.account, {f"MANY-{number}": () for number in range(count)})
            self.assertTrue(all(match.product for match in matches.values()))
            return self.cr.sql_log_count - before

        self.assertEqual(queries(200), queries(2))

    def test_what_odoo_has_stands_beside_what_eim_has(self):
        stock = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1).lot_stock_id
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": stock.id})
        Quant = self.env["stock.quant"]
        Quant._update_available_quantity(self.mug, stock, 4)
        Quant._update_available_quantity(self.mug, shelf, 3)
        self.assertEqual(self._line(self._compare(), "MUG-1").odoo_quantity, 7, "nothing is mapped yet")
        self.account.location_ids[:1].write({"stock_location_id": shelf.id, "push_enabled": True})
        lines = self._compare()
        self.assertEqual(self._line(lines, "MUG-1").odoo_quantity, 3)
        self.assertEqual(self._line(lines, "TEE-1").odoo_quantity, 0)

    def test_skus_of_waiting_orders_are_listed_with_how_many_wait(self):
        self.add_orders(
            {"cust_ref": "W-1", "items": [{"item": "NOPE", "quantity": 1, "price": "5"}]},
            {"cust_ref": "W-2", "items": [{"item": "NOPE", "quantity": 2, "price": "5"}]},
        )
        self.fault(route="update_order_status", kind="invalid")
        self.pull()
        self.assertEqual(self.inbox("W-1").state, "failed")
        self.add_orders(
            {
                "cust_ref": "W-3",
                "items": [
                    {"item": "NOPE", "quantity": 1, "price": "5"},
                    {"item": "TEE-1", "quantity": 1, "price": "5"},
                    {"item": "MUG-1", "quantity": 1, "price": "5"},
                ],
            }
        )
        lines = self._compare()
        nope = self._line(lines, "NOPE")
        self.assertEqual((nope.state, nope.waiting_count, nope.is_listed), ("eim_only", 3, False), "each order once")
        self.assertIn("EIM's stock list does not have it", nope.message)
        tee = self._line(lines, "TEE-1")
        self.assertEqual(tee.state, "matched")
        self.assertEqual(tee.product_id, self.tee)
        self.assertEqual(tee.waiting_count, 1)
        mug = self._line(lines, "MUG-1")
        self.assertEqual(mug.state, "matched")
        self.assertEqual(mug.waiting_count, 1)
        self.assertEqual(mug.is_listed, True)
        nope.product_id = self.tee
        nope.action_create_alias()
        with self.flows():
            self.env["extensiv.error"].search(
                [("account_id", "=", self.account.id), ("flow", "=", "orders")]
            ).action_retry()
        self.assertEqual(self.inbox("W-1").state, "imported")

    def test_orders_that_cannot_be_read_do_not_spoil_the_comparison(self):
        self.fault(route="list_orders", kind="invalid")
        with self.flows():
            action = self.account.action_sku_report()
        self.assertIn("without some of the waiting orders", action["display_name"])
        self.assertTrue(self.env[action["res_model"]].search(action["domain"]))

    def test_a_sku_spelt_nearly_so_has_its_product_proposed(self):
        self.sandbox.store.levels.items["tee-1"] = self.sandbox.store.levels.items["GHOST-1"]
        lines = self._compare()
        tee = self._line(lines, "tee-1")
        self.assertEqual(tee.state, "eim_only")
        self.assertEqual(tee.product_id, self.tee)
        self.assertIn("only by capitals", tee.message)
        text = base64.b64decode(lines.report_id.template_file).decode("utf-8-sig")
        self.assertNotIn("tee-1", text, "importing the template makes no second product of it")
        tee.action_create_alias()
        self.assertEqual(self._line(self._compare(), "tee-1").state, "matched")

    def test_create_alias(self):
        lines = self._compare()
        ghost = self._line(lines, "GHOST-1")
        with self.assertRaisesRegex(UserError, "Choose a product"):
            ghost.action_create_alias()
        ghost.product_id = self.tee
        lines.action_create_alias()
        self.assertEqual(ghost.state, "matched")
        self.assertFalse(self._line(lines.exists(), "TEE-1"), "the tee has its SKU now")
        again = self._line(self._compare(), "GHOST-1")
        self.assertEqual(again.state, "matched")
        self.assertEqual(again.product_id, self.tee)

    def test_create_product(self):
        lines = self._compare()
        with self.flows():
            self._line(lines, "GHOST-1").action_create_product()
        product = self._line(lines, "GHOST-1").product_id
        self.assertEqual(product.default_code, "GHOST-1")
        self.assertEqual(product.is_storable, True)
        self.assertTrue(product.name)
        self.assertEqual(self._line(self._compare(), "GHOST-1").state, "matched")
        with self.assertRaisesRegex(UserError, "only at EIM"):
            self._line(lines, "MUG-1").action_create_product()

    def test_what_a_product_has_that_is_not_sold_is_not_made_again(self):
        Product = self.env["product.product"]
        Product.create(
            [
                {"name": "Old", "default_code": "GHOST-1", "active": False},
                {"name": "Sample", "default_code": "GHOST-2", "sale_ok": False},
            ]
        )
        self.sandbox.store.levels.items["KIT-1"] = self.sandbox.store.levels.items["GHOST-1"]
        Product.create([{"name": name, "default_code": "KIT-1", "type": "consu"} for name in ("Kit", "Other kit")])
        lines = self._compare()
        self.assertIn("archived", self._line(lines, "GHOST-1").message)
        self.assertIn("not for sale", self._line(lines, "GHOST-2").message)
        self.assertEqual(self._line(lines, "KIT-1").state, "double", "stock or not")
        before = Product.with_context(active_test=False).search_count([])
        with self.flows(), self.assertRaisesRegex(UserError, "no product yet"):
            lines.action_create_product()
        self.assertEqual(Product.with_context(active_test=False).search_count([]), before)

    def test_the_template_goes_through_odoos_import(self):
        lines = self._compare()
        text = base64.b64decode(lines.report_id.template_file).decode("utf-8-sig")
        columns, *rows = csv.reader(io.StringIO(text))
        self.assertEqual(columns, ["id", "name", "default_code"])
        by_name = {row[1]: row for row in rows}
        self.assertNotIn("Mug", by_name, "what matches needs no correction")
        self.assertEqual(by_name["Black tee"][2], "TEE-1")
        self.assertEqual(by_name["GHOST-1"], ["", "GHOST-1", "GHOST-1"])
        by_name["Black tee"][2] = "GHOST-2"
        wizard = self.env["base_import.import"].create(
            {
                "res_model": "product.product",
                "file": text.replace("TEE-1", "GHOST-2").encode(),
                "file_type": "text/csv",
                "file_name": "internal_references.csv",
            }
        )
        result = wizard.execute_import(
            columns, columns, {"has_headers": True, "quoting": '"', "separator": ",", "encoding": "utf-8"}
        )
        self.assertFalse(result["messages"])
        self.assertEqual(self.tee.default_code, "GHOST-2")
        self.assertEqual(self.tee.search_count([("default_code", "=", "GHOST-1")]), 1)

    def test_filters_and_groups(self):
        lines = self._compare()
        view = self.env.ref("extensiv_connector.extensiv_sku_report_line_view_search")
        for state in ("matched", "eim_only", "odoo_only", "double"):
            self.assertIn(f'name="{state}"', view.arch)
            self.assertTrue(lines.filtered(lambda line, state=state: line.state == state))


@tagged("post_install", "-at_install")
class TestSkuTemplate(ReportMixin, ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_the_template_is_downloaded(self):
        self.sandbox.sandbox.reset(**self.sandbox_options)
        self._make_products()
        self.authenticate("admin", "admin")
        admin = self.env.ref("base.user_admin")
        with self.flows():
            action = self.account.with_user(admin).action_sku_report()
        shown = self.env[action["res_model"]].with_user(admin).with_context(**action["context"])
        self.sandbox.store.levels.items = {}
        with self.flows():
            self.account.with_user(admin).action_sku_report()  # a newer one, in another tab
        response = self.url_open(shown.action_download_template()["url"])
        self.assertEqual(response.status_code, 200)
        self.assertIn("internal_references.csv", response.headers["Content-Disposition"])
        self.assertIn("GHOST-1", response.text)
