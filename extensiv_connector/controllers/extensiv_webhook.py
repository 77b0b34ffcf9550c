import re
from functools import partial

from odoo import SUPERUSER_ID, http
from odoo.http import Response, request

from ..flows import webhook

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_BYTES = 5 * 2**20
FORM = "application/x-www-form-urlencoded"


def limit_body(_controller):
    """Return how long a body may be.

    Of a body that calls itself a form, as many a sender's library has it, Odoo keeps the fields alone: what was signed
    is read before.
    """
    if request.httprequest.mimetype == FORM:
        request.httprequest.max_content_length = MAX_BYTES
        request.httprequest.get_data()
    return MAX_BYTES


class ExtensivWebhook(http.Controller):
    """Where EIM calls when it has something new. Whoever else calls costs one read and one HMAC."""

    # Nobody is logged in, so no session is looked for or left behind; the signature is the proof.
    @http.route(
        "/extensiv/webhook/<string:token>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=limit_body,
        sitemap=False,
    )
    def receive(self, token, **_params):
        """Answer 200 to a call that EIM signed, and only then see what it is about."""
        if not TOKEN.fullmatch(token):
            return Response(status=404)
        account, key = request.env["extensiv.account"].with_user(SUPERUSER_ID)._of_webhook(token)
        if not key:
            return Response(status=404)
        headers = request.httprequest.headers
        body = request.httprequest.get_data()
        if not webhook.is_signed(body, headers.get("X-Webhook-Signature", ""), key):
            return Response(status=401)
        response = Response(status=200)
        event = headers.get("X-Webhook-Event", "")
        response.call_on_close(partial(webhook.receive, request.env.registry, account.id, event, body))
        return response
