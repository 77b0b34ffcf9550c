"""The pictures of the App Store, the guide and README show the demonstration's screens as they are."""

import os

from PIL import Image

from odoo.tests import HttpCase, tagged

from ..sandbox.catalogue import PRODUCTS
from .common import ConnectorMixin
from .pictures_common import MOST_DIFFERENT, PHONE, PicturesMixin, Scene, far_apart, words_of

PAGE = (1100, 860)
ROMAN = {"陽子": "Yoko", "佐藤": "Sato"}
"""A machine without Japanese letters would show boxes."""
ACTION = "/odoo/action-extensiv_connector."


@tagged("post_install", "-at_install")
class TestPictures(PicturesMixin, ConnectorMixin, HttpCase):
    sandbox_options = {"orders": None, "rate_limit": False}  # the demonstration's orders

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls.account.write({"name": "Northwind shops", "responsible_id": cls.env.ref("base.user_admin").id})
        cls.company.name = "Northwind Goods"
        cls.env["extensiv.account"].search([("id", "!=", cls.account.id)]).unlink()
        stock = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1).lot_stock_id
        for number, product in enumerate(PRODUCTS, 1):
            record = cls.env["product.product"].create(
                {
                    "name": product.name,
                    "default_code": product.sku,
                    "list_price": float(product.price),
                    "is_storable": True,
                }
            )
            cls.env["stock.quant"]._update_available_quantity(record, stock, 40 + 10 * number)
        cls.stock = stock

    def account_form(self):
        return f"{ACTION}extensiv_account_action/{self.account.id}"

    def spell_in_roman_letters(self):
        for cust_ref, order in list(self.sandbox.store.orders.items()):
            spelled = {name: ROMAN[text] for name, text in order.raw.items() if isinstance(text, str) and text in ROMAN}
            if spelled:
                self.change_order(cust_ref, **spelled)

    def test_the_pictures_show_the_screens(self):
        self.spell_in_roman_letters()
        self.connect()
        with self.looking():
            self.show_the_setup()
            self.account.write({"setup_step": "done", "pull_orders": True})
            self.pull()
            self.account.cart_ids.is_new = False
            self.show_the_day()
            self.show_the_share()
            if os.environ.get("PICTURES"):
                self.keep_banner(
                    "Odoo and Extensiv Integration Manager",
                    "Orders in. Stock levels, carriers and tracking numbers back.",
                    "orders",
                )

    def show_the_setup(self):
        self.account.setup_step = "carts"
        self.show(
            "setup_carts", Scene(self.account_form(), 'await find("div[name=setup_carts] .o_data_row, .o_form_view");')
        )
        self.account.location_ids.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.account.setup_step = "live"
        with self.flows():
            self.account.action_check_live()
        self.show(
            "setup_live", Scene(self.account_form(), 'await find("div[name=setup_live] button[name=action_go_live]");')
        )

    def show_the_day(self):
        self.show(
            "dashboard",
            Scene(
                f"{ACTION}extensiv_dashboard_action",
                'await find(".o_kanban_record", "Northwind shops");'
                " await new Promise((resolve) => setTimeout(resolve, 1500));",
            ),
        )
        inbox = f"{ACTION}extensiv_order_action"
        everything = """
            await find(".o_list_view .o_data_row", "Failed");
            (await find(".o_search_panel_category_value header", "All")).click();
            await find(".o_data_row [name=badge]", "Imported");
        """
        self.show("orders", Scene(inbox, everything))
        self.show("orders_phone", Scene(inbox, 'await find(".o_kanban_record");', PHONE))
        self.show("todo", Scene(f"{ACTION}extensiv_order_todo_action", 'await find(".o_data_row");'))

    def show_the_share(self):
        merchant = self.env["res.partner"].create({"name": "Harbour Goods", "email": "harbour@example.com"})
        share = self.env["extensiv.cart.share"].create(
            {
                "account_id": self.account.id,
                "partner_id": merchant.id,
                "type_id": self.env.ref("extensiv_connector.cart_type_shopify").id,
                "setup_url": "https://app.cartrover.com/share/setup?key=abc",
            }
        )
        with self.flows():
            share.action_send()
        self.show(
            "share_page",
            Scene(
                f"/extensiv/share/{share.access_token}",
                'await find("#extensiv_share", "Northwind Goods");',
                PAGE,
                login=None,
            ),
        )

    def test_another_screen_is_noticed(self):
        """What tells two screens apart is neither blind nor afraid of another day."""
        monday = ["Mary Carver", "AM:", "Order 17", "Nov 26, 1:50 PM", "2 minutes ago", "$ 5,710.95", "Imported"]
        friday = ["Mary Carver", "AM:", "Order 9", "Mar 3, 11:02 AM", "an hour ago", "$ 12.00", "Imported"]
        self.assertEqual(words_of(monday), words_of(friday))
        self.assertLessEqual({"Mary Carver", "AM:", "Imported"}, set(words_of(monday)))
        self.assertNotEqual(words_of(monday), words_of([*friday[:-1], "Failed"]))
        white = Image.new("RGB", (600, 380), "white")
        half = Image.new("RGB", (600, 380), "white")
        half.paste("#714b67", (0, 0, 600, 100))
        self.assertLess(far_apart(white, white), 1)
        self.assertGreater(far_apart(white, half), MOST_DIFFERENT)
