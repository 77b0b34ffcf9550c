from odoo.tests import HttpCase, new_test_user, tagged

from ..eim.pages import APP
from .common import ConnectorMixin


@tagged("post_install", "-at_install")
class TestHelpPages(ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        for login, groups in (
            ("extensiv_user", "base.group_user,extensiv_connector.group_user"),
            ("salesman", "base.group_user,sales_team.group_sale_salesman"),
            ("portal", "base.group_portal"),
        ):
            new_test_user(cls.env, login, groups=groups)

    def get(self, path, login=None):
        self.authenticate(login, login)
        return self.url_open(path, allow_redirects=False)

    def test_the_guide_is_read_by_everybody_inside(self):
        for login in ("extensiv_user", "salesman"):
            answer = self.get("/extensiv/guide", login)
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
            self.assertIn('id="questions-and-answers"', answer.text)
        self.assertEqual(self.url_open("/extensiv_connector/static/doc/guide.css").status_code, 200)
        self.assertEqual(self.get("/extensiv/guide", "portal").status_code, 404)
        self.assertIn("/web/login", self.get("/extensiv/guide").headers["Location"])

    def test_eims_pages_are_found_by_everybody_inside(self):
        self.account.alerts_url = "https://app.example.com/alerts"
        for login, alerts in (("extensiv_user", "https://app.example.com/alerts"), ("salesman", APP)):
            for page, address in (("wms", APP), ("alerts", alerts)):
                answer = self.get(f"/extensiv/eim/{page}", login)
                self.assertEqual(answer.status_code, 303)
                self.assertEqual(answer.headers["Location"].rstrip("/"), address)
        self.assertEqual(self.get("/extensiv/eim/nowhere", "salesman").status_code, 404)
        self.assertEqual(self.get("/extensiv/eim/wms", "portal").status_code, 404)


@tagged("post_install", "-at_install")
class TestIntegrationsInBrowser(ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_from_a_picture_to_the_set_up(self):
        self.account.unlink()
        self.sandbox.store.add_alert({"subject": "Cart access", "order_source": "Etsy"})
        self.env["ir.default"].set("extensiv.account", "base_url", self.sandbox.base_url)
        self.start_tour(
            "/odoo/action-extensiv_connector.extensiv_integrations_action", "extensiv_integrations", login="admin"
        )

    def test_a_user_looks_and_asks(self):
        new_test_user(self.env, "extensiv_user", groups="base.group_user,extensiv_connector.group_user")
        self.start_tour(
            "/odoo/action-extensiv_connector.extensiv_integrations_action",
            "extensiv_integrations_user",
            login="extensiv_user",
        )
