from odoo import api, fields, models
from odoo.fields import Domain

from ..eim import errors as eim


class ExtensivStockLevel(models.Model):
    """What a person is told of levels and locations that EIM does not take, and when that is over."""

    _inherit = "extensiv.stock.level"

    @api.model
    def _note_outcome(self, account, names, accepted, refused):
        """Close the errors of what EIM accepted; open one for each SKU that it refused."""
        Error = self.env["extensiv.error"]
        waiting = set(
            Error.search_fetch(
                [("account_id", "=", account.id), ("flow", "=", "inventory"), ("state", "=", "open")],
                ["key"],
            ).mapped("key")
        )
        if waiting:
            Error._resolve(
                account,
                "inventory",
                waiting.intersection(f"{names[location]}/{sku}" for location, sku, *_rest in accepted),
            )
        if not refused:
            return
        levels = {
            (level.location_id.id, level.sku): level
            for level in self.search(
                [("location_id", "in", list(names)), ("sku", "in", [change.sku for change in refused])]
            )
        }
        Error._report(
            account,
            "inventory",
            {
                f"{names[change.location_id]}/{change.sku}": {
                    "message": self._say_refused(change, error),
                    "category": "transient" if isinstance(error, eim.Blocked) else "data",
                    "process_id": error.process_id,
                    "document": levels[change.location_id, change.sku],
                }
                for change, error in refused.items()
            },
        )

    @api.model
    def _say_refused(self, change, error):
        about = {"quantity": change.quantity, "sku": change.sku, "reason": error.message}
        if isinstance(error, eim.Blocked):
            return self.env._(
                "The level %(quantity)s of %(sku)s did not reach EIM: %(reason)s It is tried again by itself.", **about
            )
        return self.env._(
            "EIM refused the level %(quantity)s of %(sku)s: %(reason)s\nIf EIM is to have this SKU, mend it there and "
            "press Retry; if not, switch Push Stock to EIM off on the product.",
            **about,
        )

    @api.model
    def _take_up_again(self, account):
        """Have the levels told again whose temporary trouble is to be tried once more."""
        due = self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("state", "=", "open"),
                ("category", "=", "transient"),
                ("next_try", "<=", fields.Datetime.now()),
                ("res_model", "=", self._name),
            ]
        )
        self.browse(due.mapped("res_id")).exists()._forget()

    @api.model
    def _note_shared(self, account, names, shared):
        """Open an error for each SKU that several products feed, once; close those that only one feeds again.

        :param shared: ``[(location id, sku)]``; nothing is told of these, and nothing guessed
        """
        Error = self.env["extensiv.error"]
        known = Error.search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("res_model", "=", "product.product"),
                ("state", "in", ("open", "dismissed")),
            ]
        )
        if not known and not shared:
            return
        feeding = self._feeding(account, [sku for _location, sku in shared])
        failures = {}
        for location, sku in shared:
            products = feeding[sku]
            failures[f"{names[location]}/{sku}"] = {
                "message": self.env._(
                    "SKU %(sku)s belongs to several products, so nothing is pushed: %(products)s. Only one may have "
                    "it as its internal reference or alias.",
                    sku=sku,
                    products=", ".join(f"{product.display_name} (ID {product.id})" for product in products),
                ),
                "category": "data",
                "document": products[:1],
            }
        gone = known.filtered(lambda error: error.key not in failures)
        gone.write({"state": "resolved", "next_try": False})
        self._report_once(account, known, failures)

    @api.model
    def _note_refused_locations(self, account, names, told, refused):
        """Open an error for each location of which EIM takes no level, once; close those that it takes again.

        :param told: ids of locations; :param refused: ``{location id: eim.Refused}``
        """
        known = self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "inventory"),
                ("res_model", "=", "extensiv.location"),
                ("state", "in", ("open", "dismissed")),
            ]
        )
        known.filtered(lambda error: error.res_id in told).write({"state": "resolved", "next_try": False})
        self._report_once(
            account,
            known,
            {
                names[location]: {
                    "message": self.env._(
                        "EIM refuses whatever it is told of the location %(location)s: %(reason)s If it was "
                        "renamed or deleted "
                        "there, mend its name here or switch its push off.",
                        location=names[location],
                        reason=error.message,
                    ),
                    "category": "settings",
                    "process_id": error.process_id,
                    "document": self.env["extensiv.location"].browse(location),
                }
                for location, error in refused.items()
            },
        )

    @api.model
    def _report_once(self, account, known, failures):
        """Report ``failures``, but not those that ``known`` errors tell in the same words, be they dismissed."""
        same = {error.key for error in known if failures.get(error.key, {}).get("message") == error.message}
        self.env["extensiv.error"]._report(
            account, "inventory", {key: value for key, value in failures.items() if key not in same}
        )

    @api.model
    def _close_errors(self, account, operator, locations):
        """Close the errors of some locations and of their levels; about what EIM refused of these it is asked anew.

        :param operator: ``in`` or ``not in``: all but these, deleted ones too
        :param locations: ids
        """
        levels = self._search([("location_id", "in", locations)])
        errors = self.env["extensiv.error"].search(
            Domain(
                [
                    ("account_id", "=", account.id),
                    ("flow", "=", "inventory"),
                    ("state", "in", ("open", "dismissed")),
                ]
            )
            & Domain.OR(
                Domain("res_model", "=", model) & Domain("res_id", operator, ids)
                for model, ids in ((self._name, levels), ("extensiv.location", locations))
            )
        )
        errors.write({"state": "resolved", "next_try": False})
        self.browse(errors.filtered(lambda error: error.res_model == self._name).mapped("res_id")).exists()._forget()
