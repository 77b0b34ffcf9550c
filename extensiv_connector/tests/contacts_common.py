"""Who buys and where it goes to: the orders and contacts of the tests."""

from odoo.tests import TransactionCase, tagged

from ..eim.wire import Order

JANE = {
    "first_name": "Jane",
    "last_name": "Roe",
    "address_1": "510 Milpas St",
    "city": "Santa Barbara",
    "state": "CA",
    "zip": "93103",
    "country": "USA",
    "phone": "805 399 2278",
    "e_mail": "jane@example.com",
}
DOCK = {
    "first_name": "Jane",
    "last_name": "Roe",
    "address_1": "7 Dock Rd",
    "address_2": "Gate 2",
    "address_3": "Bay 9",
    "city": "Portland",
    "state": "Oregon",
    "zip": "97201-1234",
    "country": "US",
    "phone": "503-555-0100",
}
ACME = {**JANE, "company": "Acme Inc."}
REDACTED = "**PII Removed**"


@tagged("post_install", "-at_install")
class ContactsCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env.company
        cls.company.country_id = cls.env.ref("base.us")
        cls.account = cls.env["extensiv.account"].create(
            {
                "name": "Contacts",
                "base_url": "http://127.0.0.1:9",
                "api_user": "contacts",
                "api_key": "key",
            }
        )
        cls.partners = cls.env["res.partner"].with_company(cls.company)

    def order(self, billing=None, delivery=None, **values):
        """Build an order; ``billing`` and ``delivery`` without their prefixes."""
        self.count = getattr(self, "count", 0) + 1
        raw = {"cust_ref": f"R-{self.count}", "cust_po_no": f"W-{self.count}", **values}
        for prefix, address in (("cust_", JANE if billing is None else billing), ("ship_", delivery or {})):
            raw.update({prefix + part: text for part, text in address.items()})
        return Order.parse(raw)

    def resolve(self, *orders, fixed=None):
        return self.partners._extensiv_resolve(self.account, list(orders), fixed)

    def one(self, billing=None, delivery=None, **values):
        [contacts] = self.resolve(self.order(billing, delivery, **values))
        return contacts

    def contact(self, **values):
        return self.env["res.partner"].create({"name": "Jane Roe", **values})

    def state(self, code):
        return self.company.country_id.state_ids.filtered(lambda state: state.code == code)

    def created_by(self, work):
        """Return the contacts that ``work`` creates."""
        last = self.env["res.partner"].with_context(active_test=False).search([], order="id desc", limit=1)
        work()
        return self.env["res.partner"].search([("id", ">", last.id)])
