from odoo import api, models

from ..flows.quiet import is_quiet


class MailThread(models.AbstractModel):
    """What is done quietly stays in the chatter; nobody is notified of it."""

    _inherit = "mail.thread"

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        if is_quiet(self.env):
            return []
        return super()._notify_thread(message, msg_vals=msg_vals, **kwargs)


class MailTemplate(models.Model):
    """Apps mail coupons, tickets and thanks on confirming an order. Its buyer bought in a shop, which mails by itself.

    Some send at once, not after the commit: rolling back, as a dry run does, would come too late.
    """

    _inherit = "mail.template"

    def send_mail(self, res_id, force_send=False, raise_exception=False, email_values=None, email_layout_xmlid=False):
        if is_quiet(self.env):
            return False
        return super().send_mail(
            res_id,
            force_send=force_send,
            raise_exception=raise_exception,
            email_values=email_values,
            email_layout_xmlid=email_layout_xmlid,
        )

    def send_mail_batch(
        self, res_ids, force_send=False, raise_exception=False, email_values=None, email_layout_xmlid=False
    ):
        if is_quiet(self.env):
            return self.env["mail.mail"]
        return super().send_mail_batch(
            res_ids,
            force_send=force_send,
            raise_exception=raise_exception,
            email_values=email_values,
            email_layout_xmlid=email_layout_xmlid,
        )


class MailMail(models.Model):
    """The last door: a mail that an app writes by itself."""

    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        if is_quiet(self.env):
            return self.browse()
        return super().create(vals_list)
