from odoo import SUPERUSER_ID, http
from odoo.http import Response, request

from ..flows import monitoring

NOT_STORED = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


class ExtensivHealth(http.Controller):
    """What monitoring asks from outside. There is no such page until an administrator makes a token."""

    # Nobody is logged in, so no session is looked for or left behind; the token is the proof.
    @http.route(
        monitoring.ROUTE, type="http", auth="none", methods=["GET"], csrf=False, save_session=False, sitemap=False
    )
    def health(self, **params):
        """Say when each flow of each account had its last good pass, and which errors are open."""
        env = request.env(user=SUPERUSER_ID)
        token = monitoring.get_token(env)
        if not token:
            return Response(status=404, headers=NOT_STORED)
        if not monitoring.is_allowed(token, request.httprequest.headers.get("Authorization", "")):
            return Response(status=401, headers={**NOT_STORED, "WWW-Authenticate": "Bearer"})
        health = monitoring.get_health(env)
        if self._wants_json(params.get("format")):
            return Response(monitoring.to_json(health), content_type=monitoring.JSON, headers=NOT_STORED)
        return Response(monitoring.to_text(health), content_type=monitoring.TEXT, headers=NOT_STORED)

    def _wants_json(self, name):
        """Whether the answer is to be JSON: by the address, else by what the caller says that it takes."""
        if name:
            return name == "json"
        accepted = request.httprequest.accept_mimetypes
        return accepted.best_match(["text/plain", monitoring.JSON], default="text/plain") == monitoring.JSON
