import base64
import io
from itertools import combinations
from urllib.parse import urlsplit

from lxml import etree
from PIL import Image

from odoo.exceptions import UserError
from odoo.modules.module import load_script
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open
from odoo.tools.safe_eval import safe_eval

from ..eim.pages import APP, HELP, PAGES
from ..flows.eim_pages import page_url
from .common import ConnectorCase

SIDE = 16
DIFFERENT = 20
"""How far two pictures are apart at least: the mean difference of their points' colours, of 255."""


def look(picture):
    """Return a picture as it looks from afar: its points' colours on white, 16 x 16."""
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB").resize((SIDE, SIDE)).tobytes()


def distance(one, other):
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


class IntegrationsCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.Type = self.env["extensiv.cart.type"]
        self.user, self.manager = (
            new_test_user(self.env, f"extensiv_{name}", groups=f"base.group_user,extensiv_connector.group_{name}")
            for name in ("user", "manager")
        )

    def kind(self, name):
        return self.env.ref(f"extensiv_connector.cart_type_{name}")


@tagged("post_install", "-at_install")
class TestPictures(IntegrationsCase):
    def test_every_kind_has_a_picture_and_no_two_look_alike(self):
        types = self.Type.search([])
        self.assertFalse(types.filtered(lambda kind: not kind.image_128))
        self.assertEqual(len(set(types.mapped("image_128"))), len(types))
        looks = {kind.name: look(kind.image_128) for kind in types}
        alike = [
            (one, other) for one, other in combinations(looks, 2) if distance(looks[one], looks[other]) < DIFFERENT
        ]
        self.assertEqual(alike, [])

    def test_an_update_brings_them_and_leaves_what_a_person_chose(self):
        path = "extensiv_connector/migrations/19.0.1.2.0/post-pictures.py"
        script = load_script(path, "post_pictures")
        shopify, ecwid = self.kind("shopify"), self.kind("ecwid")
        new = shopify.image_128
        before, chosen = ecwid.image_128, self.kind("zoho").image_128
        shopify.image_128 = before
        ecwid.image_128 = chosen
        self.env.flush_all()
        script.BEFORE = {"shopify": self._digest(before), "ecwid": self._digest(before), "gone": ""}
        script.migrate(self.env.cr, "19.0.1.2.0")
        self.env.invalidate_all()
        self.assertEqual(shopify.image_128, new)
        self.assertEqual(ecwid.image_128, chosen)

    def _digest(self, picture):
        return self.env["ir.attachment"]._compute_checksum(base64.b64decode(picture))

    def test_the_update_knows_every_picture_that_was_there_before(self):
        before = load_script("extensiv_connector/migrations/19.0.1.2.0/post-pictures.py", "post_pictures_all").BEFORE
        self.assertEqual(len(before), 48)
        for name, digest in before.items():
            with file_open(f"extensiv_connector/static/img/carts/{name}.png", "rb") as picture:
                self.assertNotEqual(self.env["ir.attachment"]._compute_checksum(picture.read()), digest, name)


@tagged("post_install", "-at_install")
class TestGallery(IntegrationsCase):
    def found(self, name, value=None):
        """Return what a filter of the gallery, or a text in one of its fields, finds."""
        arch = etree.fromstring(
            self.Type.get_view(self.env.ref("extensiv_connector.extensiv_cart_type_view_search_gallery").id, "search")[
                "arch"
            ]
        )
        if value is None:
            domain = arch.xpath(f"//filter[@name='{name}']")[0].get("domain")
        else:
            domain = arch.xpath(f"//field[@name='{name}']")[0].get("filter_domain")
        return self.Type.with_user(self.user).search(safe_eval(domain, {"self": value}))

    def test_it_is_the_menu_of_everybody_of_ours(self):
        menu = self.env.ref("extensiv_connector.menu_extensiv_integrations")
        action = menu.action
        self.assertEqual(menu.name, "Integrations")
        self.assertEqual(action.view_mode, "kanban")
        for person in (self.user, self.manager):
            self.assertIn(menu.id, self.env["ir.ui.menu"].with_user(person)._visible_menu_ids())
            views = self.Type.with_user(person).get_views(
                [(action.view_id.id, "kanban"), (action.search_view_id.id, "search")]
            )
            arch = etree.fromstring(views["views"]["kanban"]["arch"])
            self.assertEqual(arch.get("action"), "action_open_window")
            self.assertEqual(arch.get("create"), "false")

    def test_it_is_searched_by_name_and_by_function(self):
        self.assertEqual(self.found("name", "channel"), self.kind("channeladvisor"))
        self.assertIn(self.kind("shopify"), self.found("inventory"))
        self.assertNotIn(self.kind("cratejoy"), self.found("inventory"))
        self.assertNotIn(self.kind("infusionsoft"), self.found("shipments"))
        self.assertEqual(self.found("orders"), self.Type.search([]))

    def test_connected_carts_are_told_in_ones_own_companies(self):
        self.assertFalse(self.found("connected"))
        self.connect()
        shopify = self.kind("shopify").with_user(self.user)
        self.assertEqual(shopify.cart_count, 1)
        self.assertIn(shopify, self.found("connected"))
        self.assertFalse(self.kind("cin7").cart_count)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.user.write({"company_ids": [(4, elsewhere.id)]})
        self.assertFalse(shopify.with_context(allowed_company_ids=elsewhere.ids).cart_count)


@tagged("post_install", "-at_install")
class TestWindow(IntegrationsCase):
    def window(self, name, person):
        """Return the window's text as a person reads it."""
        action = self.kind(name).with_user(person).action_open_window()
        self.assertEqual(action["target"], "new")
        self.assertEqual(action["res_id"], self.kind(name).id)
        model = self.Type.with_user(person)
        view = model.get_views([action["views"][0]])
        fields = {field: {} for field in view["models"][model._name]["fields"]}
        [values] = model.browse(action["res_id"]).web_read(fields)
        return etree.fromstring(view["views"]["form"]["arch"]), values

    def supports(self, values):
        page = etree.fromstring(f"<div>{values['functions_table']}</div>")
        return {
            "".join(item.find("span/strong").itertext()): (item.get("data-support"), "".join(item.itertext()))
            for item in page.iter("li")
        }

    def test_it_says_what_odoo_can_do_and_what_must_be_at_hand(self):
        _arch, values = self.window("infusionsoft", self.user)
        supports = self.supports(values)
        self.assertEqual(
            {title: support for title, (support, _text) in supports.items()},
            {"Pull orders": "basic", "Push stock": "basic", "Push shipments": "none", "Cancellations": "unknown"},
        )
        self.assertIn("become sale orders", supports["Pull orders"][1])
        self.assertIn("by hand", supports["Push shipments"][1])
        self.assertIn("does not say", supports["Cancellations"][1])
        self.assertIn("Infusionsoft account", values["requirements"])

    def test_what_is_not_done_is_said(self):
        self.kind("neto").limits = "Neto makes no coffee."
        arch, values = self.window("neto", self.user)
        self.assertEqual(values["limits"], "Neto makes no coffee.")
        self.assertTrue(arch.xpath("//field[@name='limits']"))

    def test_set_up_is_for_managers_and_others_read_whom_to_ask(self):
        arch, _values = self.window("shopify", self.manager)
        self.assertTrue(arch.xpath("//button[@name='action_set_up']"))
        self.assertFalse(arch.xpath("//field[@name='who_connects']"))
        self.manager.name = "Mara Manager"
        self.env.ref("base.user_admin").name = "Ada Admin"
        self.env.invalidate_all()
        arch, values = self.window("shopify", self.user)
        self.assertFalse(arch.xpath("//button[@name='action_set_up']"))
        self.assertEqual(values["who_connects"], "Ada Admin, Mara Manager")
        with self.assertRaisesRegex(UserError, "Only an Extensiv manager"):
            self.kind("shopify").with_user(self.user).action_set_up()

    def set_up(self):
        return self.kind("shopify").with_user(self.manager).action_set_up()

    def test_set_up_makes_a_first_account(self):
        self.account.unlink()
        action = self.set_up()
        self.assertEqual(action["res_model"], "extensiv.account")
        self.assertEqual(action["views"], [(False, "form")])
        self.assertFalse(action.get("res_id"))

    def test_set_up_goes_on_at_connect_and_at_carts_once_connected(self):
        action = self.set_up()
        self.assertEqual(action["res_id"], self.account.id)
        self.assertEqual(self.account.setup_step, "connect")
        self.connect()
        for step in ("settings", "done"):
            self.account.setup_step = step
            action = self.set_up()
            self.assertEqual((action["res_id"], self.account.setup_step), (self.account.id, "carts"), step)

    def test_set_up_leaves_running_what_runs(self):
        self.connect()
        self.account.write({"setup_step": "done", "pull_orders": True, "push_inventory": False, "live_inventory": True})
        self.set_up()
        self.assertTrue(self.account.pull_orders)
        self.assertFalse(self.account.live_inventory, "Go Live again switches nothing on that was off")

    def test_of_several_accounts_one_is_chosen(self):
        other = self.account.copy({"name": "Other shops", "api_user": "other"})
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        far = self.account.copy({"name": "Far shops", "company_id": elsewhere.id, "responsible_id": False})
        action = self.set_up()
        found = self.env["extensiv.account"].with_user(self.manager).search(action["domain"])
        self.assertEqual(found, self.account + other)
        self.assertNotIn(far, found)
        [(view, kind)] = action["views"]
        arch = etree.fromstring(self.env["extensiv.account"].get_view(view, kind)["arch"])
        self.assertEqual(arch.get("action"), "action_setup_cart")
        chosen = other.with_user(self.manager).action_setup_cart()
        self.assertEqual(chosen["res_id"], other.id)
        self.assertEqual(other.setup_step, "connect")


@tagged("post_install", "-at_install")
class TestSteps(IntegrationsCase):
    def finished(self):
        """Return the steps that carry a checkmark, by what the view says."""
        arch = etree.fromstring(self.env["extensiv.account"].get_view(view_type="form")["arch"])
        names = ("setup_step", "setup_reached", "state", "pull_orders", "push_inventory", "push_shipments")
        values = {name: self.account[name] for name in names}
        return [
            button.get("string")
            for button in arch.xpath("//button[@name='action_setup_goto']")
            if not safe_eval(button.get("invisible"), values)
            and not safe_eval(button.find("i").get("invisible"), values)
        ]

    def go(self, action, **context):
        with self.flows():
            getattr(self.account.with_context(**context), action)()

    def test_finished_steps_carry_a_checkmark(self):
        self.assertEqual(self.finished(), [])
        self.connect()
        self.assertEqual(self.finished(), ["1. Connect"])
        self.go("action_setup_next")
        self.assertEqual(self.finished(), ["1. Connect", "2. Carts"])
        self.go("action_setup_next")
        self.assertEqual(self.finished(), ["1. Connect", "2. Carts", "3. Settings"])
        self.go("action_setup_goto", setup_step="connect")
        self.assertEqual(self.finished(), ["1. Connect", "2. Carts", "3. Settings"], "going back undoes nothing")
        self.account.write({"setup_step": "done", "pull_orders": True})
        self.go("action_setup_resume")
        self.assertEqual(self.finished(), ["1. Connect", "2. Carts", "3. Settings", "4. Go Live"])
        self.go("action_undo_live")
        self.assertEqual(self.finished(), ["1. Connect", "2. Carts", "3. Settings"])

    def test_closing_the_guide_finishes_nothing(self):
        self.connect()
        self.go("action_setup_close")
        self.go("action_setup_goto", setup_step="carts")
        self.assertEqual(self.finished(), ["1. Connect"])

    def test_a_lost_connection_is_not_a_finished_step(self):
        self.connect()
        self.go("action_disconnect")
        self.assertEqual(self.finished(), [])

    def test_the_import_of_products_opens(self):
        action = self.account.with_user(self.manager).action_import_products()
        self.assertEqual(action["tag"], "import")
        self.assertEqual(action["params"], {"active_model": "product.product"})


@tagged("post_install", "-at_install")
class TestEimPages(IntegrationsCase):
    def test_they_are_built_from_one_address(self):
        for name, page in PAGES.items():
            self.assertTrue(page_url(self.env, name).startswith(page.base or APP), name)
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("extensiv_connector.eim_address", "https://eim.example/")
        parameters.set_param("extensiv_connector.eim_page_carts", "/carts")
        self.assertEqual(page_url(self.env, "carts"), "https://eim.example/carts")
        self.assertEqual(page_url(self.env, "wms"), "https://eim.example")
        self.assertEqual(urlsplit(page_url(self.env, "help_locations")).hostname, urlsplit(HELP).hostname)

    def test_an_account_may_say_where_its_alerts_are(self):
        other = self.account.copy({"api_user": "other"})
        both = self.account + other
        self.assertEqual(page_url(self.env, "alerts", both), APP)
        self.account.alerts_url = "https://app.example.com/alerts"
        self.assertEqual(page_url(self.env, "alerts", both), "https://app.example.com/alerts")
        self.assertEqual(page_url(self.env, "carts", both), APP)
        other.alerts_url = "https://app.example.com/others"
        self.assertEqual(page_url(self.env, "alerts", both), APP, "which of them is unknown")
