"""The warning of a form that is edited: what its settings would make of EIM's levels."""

from .stock_preview import Counts, StockPreview, is_alarming
from .stock_sources import find_sources
from .zero_stop import FEW

# A form lists the largest changes only; the preview has them all.
LISTED = 50


class LevelWarning:
    """What the settings in an account's form would make of the levels that EIM accepted last; EIM is not asked.

    :param account: an ``extensiv.account``, perhaps one that is being edited
    :param locations: by default those to which stock is pushed
    """

    def __init__(self, account, locations=None):
        self.env = account.env
        if locations is None:
            locations = account.location_ids.filtered("push_enabled")
        self._preview = StockPreview(account, find_sources(account, locations) if locations else [])

    def of_settings(self):
        """Return an onchange's warning where many levels would change, else None."""
        counts = self._preview.counts()
        total = _sum(counts)
        zeros = total.zero - total.unknown_zero
        above = total.above - total.unknown
        known = zeros + total.changed + total.same
        sentences = []
        if zeros > FEW or is_alarming(zeros, above):
            numbers = {"zeros": zeros, "all": above}
            sentences.append(
                self.env._("%(zeros)s of %(all)s SKUs would become 0.", **numbers)
                if len(counts) < 2
                else self.env._("%(zeros)s of %(all)s stock levels would become 0, all locations together.", **numbers)
            )
        elif total.changed > FEW and is_alarming(total.changed, known):
            sentences.append(
                self.env._("%(changed)s of %(all)s stock levels change.", changed=total.changed, all=known)
            )
        if total.unknown_zero > FEW or is_alarming(total.unknown_zero, total.unknown):
            sentences.append(
                self.env._(
                    "EIM was never told %(unknown)s levels from here, and %(zeros)s of them would be pushed as 0.",
                    unknown=total.unknown,
                    zeros=total.unknown_zero,
                )
            )
        return self._warning(sentences) if sentences else None

    def of_first_push(self):
        """Return an onchange's warning that says what would be pushed, None where nothing would."""
        total = _sum(self._preview.counts())
        pushed = total.zero + total.changed + total.first
        if not pushed:
            return None
        sentences = [
            self.env._(
                "%(pushed)s stock levels would be pushed, %(zeros)s of them as 0.", pushed=pushed, zeros=total.zero
            )
        ]
        if total.unknown:
            sentences.append(
                self.env._("EIM was never told %s of them from here; Preview shows what it has.", total.unknown)
            )
        return self._warning(sentences)

    def largest_changes(self):
        """Return the largest changes as a table, for the form."""
        rows = self._preview.largest(LISTED)
        products = self.env["product.product"].browse(dict.fromkeys(row[2] for row in rows if row[2]))
        names = dict(zip(products.ids, products.sudo().mapped("display_name"), strict=True))
        return self.env["ir.qweb"]._render(
            "extensiv_connector.level_preview",
            {"rows": [(location, sku, names.get(product), *numbers) for location, sku, product, *numbers in rows]},
        )

    def _warning(self, sentences):
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


def _sum(counts):
    """Return the sum of ``{location id: Counts}``."""
    total = Counts()
    for of_one in counts.values():
        for name, value in vars(of_one).items():
            setattr(total, name, getattr(total, name) + value)
    return total
