from odoo import api, models

from ..flows import lengths


class ExtensivMappingMixin(models.AbstractModel):
    """A setting beside the account by which money or data can be lost.

    Changes of its fields with ``tracking=True`` are told in the account's chatter: who, when, from what to what.
    """

    _name = "extensiv.mapping.mixin"
    _description = "Mapping of an EIM Account"

    def _valid_field_parameter(self, field, name):
        return name == "tracking" or super()._valid_field_parameter(field, name)

    def write(self, vals):
        names = [name for name in vals if getattr(self._fields.get(name), "tracking", False)]
        before = {record: {name: record[name] for name in names} for record in self} if names else {}
        result = super().write(vals)
        if "account_id" in vals:
            self.check_access("write")  # where it is now: before writing, Odoo asks the rules of where it was
        infos = self.fields_get(names) if before else {}
        for record, values in before.items():
            _changed, tracking = record._mail_track(infos, values)
            if tracking:
                record.account_id.sudo()._message_log(
                    body=record.display_name, author_id=self.env.user.partner_id.id, tracking_value_ids=tracking
                )
        return result

    @api.constrains(lengths.find_fields)
    def _check_lengths(self):
        if self._name in lengths.LONGEST:
            lengths.check(self)

    @api.ondelete(at_uninstall=False)
    def _log_deletion(self):
        for record in self:
            record.account_id.sudo()._message_log(
                body=self.env._("%s was deleted.", record.display_name), author_id=self.env.user.partner_id.id
            )
