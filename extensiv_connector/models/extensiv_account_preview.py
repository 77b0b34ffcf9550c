from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows.stock_preview import Counts, StockPreview, is_alarming
from ..flows.stock_sources import find_sources
from ..flows.zero_stop import FEW

# A form lists the largest changes only; the preview has them all.
LISTED = 50


class ExtensivAccount(models.Model):
    """What a change of the account would make of EIM's levels: the preview, and a warning while a form is edited."""

    _inherit = "extensiv.account"

    level_preview = fields.Html("What Would Change", store=False, readonly=True, sanitize=False)

    def action_preview_stock(self):
        """Show EIM's levels beside what would be pushed to every location that is pushed, or mapped at least."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        locations = self.location_ids
        mapped = locations.filtered("push_enabled") or locations.filtered(
            lambda location: location.source == "all" or location.stock_location_id
        )
        return self._preview_stock(mapped)

    def _preview_stock(self, locations):
        """Open the preview of ``locations``, pushed or not.

        :raise UserError: nothing is mapped, or EIM could not be asked
        """
        self.ensure_one()
        self.check_access("read")
        if self.state != "connected":
            raise UserError(self.env._("%s is not connected. Press Connect first.", self.name))
        if not locations:
            raise UserError(
                self.env._("No location of Odoo stands for a location of EIM yet. Map one under Locations.")
            )
        return self.env["extensiv.stock.preview"]._make(self, locations)._open()

    # -- warnings while a form is edited

    @api.onchange("quantity_basis", "buffer_qty", "owner_id", "subtract_waiting")
    def _onchange_stock_settings(self):
        """Warn before a setting changes many levels. EIM is not asked: what it accepted last is what is known."""
        if not self.push_inventory or self.state != "connected":
            return None
        preview = self._preview_of_form()
        counts = preview.counts()
        warning = self._warning_of_levels(counts)
        self.level_preview = warning and self._largest_changes(preview)
        return warning

    @api.onchange("push_inventory")
    def _onchange_push_inventory(self):
        """Say what switching stock on would push, as far as is known without asking EIM."""
        if not self.push_inventory or self._origin.push_inventory or self.state != "connected":
            return None
        preview = self._preview_of_form()
        total = _added_up(preview.counts())
        pushed = total.zero + total.changed + total.first
        if not pushed:
            return None
        sentences = [
            self.env._("%(pushed)s levels would be pushed, %(zeros)s of them as 0.", pushed=pushed, zeros=total.zero)
        ]
        if total.unknown:
            sentences.append(
                self.env._("EIM was never told %s of them from here; Preview shows what it has.", total.unknown)
            )
        self.level_preview = self._largest_changes(preview)
        return self._level_warning(sentences)

    def _preview_of_form(self):
        """Return the ``StockPreview`` of what stands in the form, beside what EIM accepted last."""
        locations = self.location_ids.filtered("push_enabled")
        return StockPreview(self, find_sources(self, locations) if locations else [])

    def _largest_changes(self, preview):
        """Return the first lines of a ``StockPreview`` as a table, for a form."""
        rows = preview.largest(LISTED)
        products = self.env["product.product"].browse(dict.fromkeys(row[2] for row in rows if row[2]))
        names = dict(zip(products.ids, products.sudo().mapped("display_name"), strict=True))
        return self.env["ir.qweb"]._render(
            "extensiv_connector.level_preview",
            {"rows": [(location, sku, names.get(product), *numbers) for location, sku, product, *numbers in rows]},
        )

    def _warning_of_levels(self, counts):
        """Return an onchange's warning where many levels would change, else None.

        :param counts: ``{location id: Counts}``
        """
        total = _added_up(counts)
        zeros, above = total.zero - total.unknown_zero, total.above - total.unknown
        known = zeros + total.changed + total.same
        sentences = []
        if zeros > FEW or is_alarming(zeros, above):
            told = {"zeros": zeros, "all": above}
            sentences.append(
                self.env._("%(zeros)s of %(all)s SKUs would become 0.", **told)
                if len(counts) < 2
                else self.env._("%(zeros)s of %(all)s levels would become 0, all locations together.", **told)
            )
        elif total.changed > FEW and is_alarming(total.changed, known):
            sentences.append(self.env._("%(changed)s of %(all)s levels change.", changed=total.changed, all=known))
        if total.unknown_zero > FEW or is_alarming(total.unknown_zero, total.unknown):
            sentences.append(
                self.env._(
                    "EIM was never told %(unknown)s levels from here, and %(zeros)s of them would be pushed as 0.",
                    unknown=total.unknown,
                    zeros=total.unknown_zero,
                )
            )
        return self._level_warning(sentences) if sentences else None

    def _level_warning(self, sentences):
        return {
            "warning": {
                "title": self.env._("Stock Levels at EIM"),
                "message": " ".join(
                    [
                        *sentences,
                        self.env._(
                            "The largest changes are listed in the form. Discard to keep the setting as it was; once "
                            "it is saved, the levels are pushed, and many zeros wait for a person."
                        ),
                    ]
                ),
            }
        }


def _added_up(counts):
    """Return the sum of ``{location id: Counts}``."""
    total = Counts()
    for of_location in counts.values():
        for name, value in vars(of_location).items():
            setattr(total, name, getattr(total, name) + value)
    return total
