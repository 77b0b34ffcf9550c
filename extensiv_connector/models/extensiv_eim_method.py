from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import ship_methods
from ..flows.deadline import one_deadline


class ExtensivEimMethod(models.Model):
    """A shipping method as EIM lists it for an account, with the code that EIM is told."""

    _name = "extensiv.eim.method"
    _description = "EIM's Ship Method"
    _order = "account_id, carrier, description, id"
    _rec_name = "description"
    _rec_names_search = ["description", "code", "carrier"]
    _check_company_auto = True

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    carrier = fields.Char(readonly=True, help="The carrier's brand as EIM lists it; empty: EIM names none.")
    code = fields.Char(required=True, readonly=True, help="What EIM is told. Codes belong to the account.")
    description = fields.Char(readonly=True)
    active = fields.Boolean(default=True, readonly=True, help="Archived: EIM no longer lists it.")

    _code_unique = models.Constraint("UNIQUE(account_id, code)", "This method is listed already.")

    @api.depends("description", "code")
    def _compute_display_name(self):
        for method in self:
            method.display_name = f"{method.description} ({method.code})" if method.description else method.code

    @api.model
    def _sync_from_eim(self, account, methods):
        """Write down what EIM lists; what it lists no longer is archived.

        :param methods: ``eim.wire.ShipMethod`` objects, not empty
        :return: ``{code: method}`` of what it lists
        """
        known = {
            method.code: method
            for method in self.with_context(active_test=False).search([("account_id", "=", account.id)])
        }
        listed = {}
        new = {}
        for method in methods:
            vals = {"carrier": method.carrier, "description": method.description, "active": True}
            if method.code not in known:
                new.setdefault(method.code, {"account_id": account.id, "code": method.code, **vals})
                continue
            listed[method.code] = known[method.code]
            changed = {name: value for name, value in vals.items() if (known[method.code][name] or "") != value}
            if changed:
                known[method.code].write(changed)
        gone = [code for code in known if code not in listed]
        self.browse(known[code].id for code in gone).filtered("active").active = False
        listed.update((method.code, method) for method in self.create(list(new.values())))
        return listed

    @one_deadline
    def action_fetch(self):
        """Ask EIM for its list, of each connected account, and propose what delivery methods are called there.

        :raise UserError: no account is connected, or none could be asked
        """
        accounts = self.env["extensiv.account"]
        accounts._check_manager()
        self.check_access("read")
        accounts = accounts.search([("state", "=", "connected"), ("company_id", "in", self.env.companies.ids)])
        if not accounts:
            raise UserError(self.env._("No account is connected. Press Connect on one first."))
        answers, problems = accounts._ask_each(lambda client, _account: client.list_ship_methods())
        found = 0
        proposed = 0
        for account, methods in answers.items():
            account = account.sudo()
            if methods:
                found += len(self.sudo()._sync_from_eim(account, methods))
            carriers = (
                self.env["delivery.carrier"].sudo().search([("company_id", "in", (False, account.company_id.id))])
            )
            proposed += ship_methods.map_by_name(account, carriers)
        message = self.env._(
            "%(found)s ship methods at EIM. Delivery methods mapped by their names: %(proposed)s.",
            found=found,
            proposed=proposed,
        )
        return accounts._notify_asked(self.env._("Ship Methods"), message, problems)
