"""A manager who proves EIM's routes: orders and levels to prove them with, and the wizard as it is filled in."""

from contextlib import contextmanager
from types import SimpleNamespace

from odoo.sql_db import db_connect
from odoo.tests import Form, new_test_user

from ..flows.runner import flow_lock
from .shipments_common import ShipmentCase

BUYER = {
    "cust_first_name": "Wilhelmina",
    "cust_last_name": "Featherstone",
    "cust_e_mail": "mina@example.com",
    "cust_phone": "617 555 0199",
    "ship_first_name": "Wilhelmina",
    "ship_last_name": "Featherstone",
    "ship_address_1": "12 Elm Street",
    "ship_city": "Nantucket",
}
PRIVATE = ("Wilhelmina", "Featherstone", "mina@", "617 555", "Elm Street", "Nantucket", "demo-key")


class ProveCase(ShipmentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            login="prover",
            groups="base.group_user,extensiv_connector.group_manager",
        )

    def receive(self, cust_ref="A-1", **values):
        """Let an order be in the inbox that EIM still lists as new: it refused the acknowledgement."""
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "2", "price": "5"}],
                **values,
            }
        )
        self.fault(route="acknowledge", kind="invalid", message="Not now")
        self.pull()
        order = self.inbox(cust_ref)
        self.assertFalse(order.acknowledged_at)
        return order

    def ready(self, cust_ref="S-1", **values):
        """Return the inbox order of a sale order that has left and waits in Ready."""
        sale = self.order(cust_ref, **values)
        self.ship(sale.picking_ids)
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        return sale.extensiv_order_id

    def location(self, quantity=7):
        self.account.location_ids.filtered(lambda location: location.name != "EAST").unlink()
        location = self.account.location_ids
        location.write({"push_enabled": True, "source": "single", "stock_location_id": self.warehouse.lot_stock_id.id})
        return location

    def form(self, route, **records):
        """Return the wizard as a manager fills it in."""
        form = Form(
            self.env["extensiv.prove"]
            .with_user(self.manager)
            .with_context(default_account_id=self.account.id, default_route=route)
        )
        for name, record in records.items():
            setattr(form, name, record)
        return form

    def prove(self, route, **records):
        """Choose, look and press; return the wizard."""
        wizard = self.form(route, **records).save()
        self.send(wizard)
        return wizard

    def send(self, wizard):
        with self.flows():
            wizard.action_send()
        self.env.invalidate_all()

    @contextmanager
    def at_work(self, flow):
        """Let another process be at work on the flow: a connection that is not the test's holds its lock."""
        database = db_connect(self.env.cr.dbname)
        elsewhere = SimpleNamespace(
            id=self.account.id, env=SimpleNamespace(registry=SimpleNamespace(cursor=database.cursor))
        )
        with flow_lock(elsewhere, flow) as free:
            self.assertTrue(free)
            yield

    def proof(self, route):
        return (self.account.route_proofs or {}).get(route)

    def routes(self, person=None):
        """Return the page of EIM's routes."""
        page = self.env["extensiv.diagnosis"].with_user(person or self.manager).create({"account_id": self.account.id})
        page.action_open_routes()
        return page

    def line(self, name, page=None):
        return (page or self.routes()).route_ids.filtered(lambda line: line.name == name)

    def error(self, key, step="acknowledge"):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("key", "=", key), ("step", "=", step), ("state", "=", "open")]
        )
