from odoo import fields, models

from ..flows import SELECTION


class ExtensivDue(models.Model):
    """A moment at which a pass of a flow on an account is due before its schedule's turn: ``flows/trigger.py``.

    Or an order whose status the next pass asks EIM: ``flows/status_check.py``. A row of its own, not a mark on the
    order, so that noting it neither waits for whoever works on the order nor has that fail.
    """

    _name = "extensiv.due"
    _description = "EIM Run Due"
    _rec_name = "flow"
    _log_access = False

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    flow = fields.Selection(SELECTION, required=True, readonly=True)
    due_at = fields.Datetime(required=True, readonly=True)
    cust_ref = fields.Char("Order", readonly=True, help="EIM's reference of the order whose status is to be asked.")
    status = fields.Char(readonly=True, help="What a call of EIM's webhook said of the order's status.")

    _account_flow_idx = models.Index("(flow, account_id, due_at)")
