"""On a phone a list is cards, which carry what can be done with a row: of every screen, also of those to come."""

import ast
from pathlib import Path

from lxml import etree

from odoo.tests import TransactionCase, tagged

ADDON = Path(__file__).parents[1]
OURS = ("extensiv_connector", "extensiv_connector_queue")
TABLES = ("list", "kanban")


@tagged("post_install", "-at_install")
class TestPhone(TransactionCase):
    def actions(self):
        """Return the window actions of ours that open on a list."""
        ids = self.env["ir.model.data"].search([("module", "in", OURS), ("model", "=", "ir.actions.act_window")])
        actions = self.env["ir.actions.act_window"].browse(ids.mapped("res_id"))
        return actions.filtered(lambda action: action.view_mode.split(",")[0] == "list")

    def archs(self, action):
        """Return what the list and the cards of an action show."""
        shown = dict(action.view_ids.mapped(lambda view: (view.view_mode, view.view_id.id)))
        views = self.env[action.res_model].get_views([(shown.get(kind, False), kind) for kind in TABLES])["views"]
        return [etree.fromstring(views[kind]["arch"]) for kind in TABLES]

    def test_a_list_has_cards_for_a_phone(self):
        self.assertTrue(self.actions())
        for action in self.actions():
            self.assertIn("kanban", action.view_mode.split(","), action.xml_id)

    def test_cards_carry_what_a_row_can_do(self):
        for action in self.actions():
            with self.subTest(action.xml_id):
                rows, cards = self.archs(action)
                of_row = {button.get("name") for button in rows.xpath("//button[not(ancestor::header)]")}
                of_card = {node.get("name") for node in cards.xpath("//templates//*[@type='object']")}
                self.assertLessEqual(of_row, of_card)

    def test_cards_have_what_stands_above_the_list(self):
        always = "//header/button[@display='always']"
        for action in self.actions():
            with self.subTest(action.xml_id):
                of_list, of_cards = ({node.get("name") for node in arch.xpath(always)} for arch in self.archs(action))
                self.assertLessEqual(of_list, of_cards)

    def test_a_table_on_a_form_has_cards_for_a_phone(self):
        views = self.env["ir.ui.view"].search([("type", "in", ("form", "list", "kanban"))])
        seen = 0
        for view in views.filtered(lambda view: (view.xml_id or "").split(".")[0] in OURS):
            for table in etree.fromstring(view.arch).xpath("//field[list]"):
                seen += 1
                with self.subTest(view.xml_id, field=table.get("name")):
                    self.assertTrue(table.xpath("kanban"))
                    if mode := table.get("mode"):
                        self.assertEqual(mode, "list,kanban")
                    of_row = {button.get("name") for button in table.xpath("list/button")}
                    self.assertLessEqual(
                        of_row, {node.get("name") for node in table.xpath("kanban//*[@type='object']")}
                    )
                    if table.xpath("list[@editable]") and not table.xpath("kanban[@can_open='false']"):
                        self.assertTrue(table.xpath("form") or self.has_form(view, table), "what is edited in a dialog")
        self.assertGreater(seen, 10)

    def has_form(self, view, table):
        """Tell whether the records of a table on a form have a form of their own."""
        if view.model not in self.env:
            return False
        comodel = self.env[view.model]._fields[table.get("name")].comodel_name
        return bool(self.env["ir.ui.view"].search_count([("model", "=", comodel), ("type", "=", "form")], limit=1))

    def test_what_code_opens_as_a_list_has_cards(self):
        for path in ADDON.rglob("*.py"):
            if path.parent.name in ("models", "wizards", "flows", "controllers"):
                for node in ast.walk(ast.parse(path.read_text())):
                    for mode in self.modes(node):
                        self.assertTrue("list" not in mode or "kanban" in mode, f"{path.name}: {mode}")

    def modes(self, node):
        """Return the view modes that a dict in the code gives to an action."""
        if not isinstance(node, ast.Dict):
            return []
        pairs = zip(node.keys, node.values, strict=True)
        of_mode = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "view_mode"]
        return [value.value.split(",") for value in of_mode if isinstance(value, ast.Constant)]

    def test_a_button_without_words_has_a_name(self):
        for view in self.env["ir.ui.view"].search([("model", "!=", False)]):
            if (view.xml_id or "").split(".")[0] in OURS:
                for button in etree.fromstring(view.arch).xpath(
                    "//button[@icon and not(@string)]|//a[i and not(.//text()[normalize-space()])]"
                ):
                    has_words = "".join(button.itertext()).strip() or button.xpath(".//field")
                    self.assertTrue(
                        has_words or button.get("title") or button.get("aria-label"),
                        f"{view.xml_id}: {etree.tostring(button)}",
                    )
