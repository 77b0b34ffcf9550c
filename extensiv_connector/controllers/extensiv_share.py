from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import request

from ..flows import languages


class ExtensivShare(http.Controller):
    """The page of a cart set-up share. Its visitor is not logged in: the token in the address is what lets in.

    Nothing here asks EIM. The page asks this Odoo how far it is, and a scheduled action asks EIM.
    """

    @http.route("/extensiv/share/<string:token>", type="http", auth="public", methods=["GET"], sitemap=False)
    def share(self, token):
        """Say who asks for access to what, or that the link is not valid (any more)."""
        share = request.env["extensiv.cart.share"]._of_token(token)
        return self._page(share)

    # The token is the proof that a form's visitor was invited, so a session's token would add nothing; and the
    # page may stay open for longer than a session lives.
    @http.route(
        "/extensiv/share/<string:token>/open", type="http", auth="public", methods=["POST"], csrf=False, sitemap=False
    )
    def open(self, token):
        """Record that the visitor goes on to EIM's set-up page, and lead there."""
        share = request.env["extensiv.cart.share"]._of_token(token)
        if not share or share.state == "connected":
            return self._page(share)
        try:
            url = share._open()
        except ValidationError:
            return self._page(share.browse())
        response = request.redirect(url, code=303, local=False)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @http.route("/extensiv/share/<string:token>/state", type="jsonrpc", auth="public")
    def state(self, token):
        """Return how far the share is, as the page waits: ``opened``, ``connected``, ``invalid`` …"""
        share = request.env["extensiv.cart.share"]._of_token(token)
        if not share:
            return {"state": "invalid"}
        share._trigger_find_carts()
        return {"state": share.state}

    def _say(self, share):
        """Return the sentences that name who asks, or the cart: whole, since each language has its own order."""
        names = {"company": share.company_id.name, "cart": share.type_id.name}
        return {
            "asks": share.env._("%(company)s asks to connect your %(cart)s", **names),
            "gets": share.env._(
                "Once your cart is connected, %(company)s receives your new orders through Extensiv Integration "
                "Manager, and can report tracking numbers and stock back to your cart where it takes them.",
                **names,
            ),
            "secret": share.env._(
                "You sign in on your cart's own pages. Neither %(company)s nor Extensiv Integration Manager gets to "
                "see your user name or password, and this page does not ask for them.",
                **names,
            ),
            "sign_in": share.env._("Sign in to your %(cart)s account there.", **names),
            "done": share.env._(
                "Your %(cart)s is connected with %(company)s. You both receive an e-mail that says so.", **names
            ),
        }

    def _page(self, share):
        """Return the page in the merchant's language, as the mail that led here; else in the browser's."""
        accepted = request.httprequest.accept_languages.values()
        if language := languages.for_visitor(request.env, share.partner_id, accepted):
            request.update_context(lang=language)
            share = share.with_context(lang=language)
        template = "extensiv_connector.share_page" if share else "extensiv_connector.share_invalid"
        response = request.render(
            template,
            {
                "share": share,
                "says": self._say(share),
                "html_data": {"lang": request.env.lang.replace("_", "-")},
                "no_header": True,
                "no_footer": True,
            },
            status=200 if share else NotFound.code,
        )
        # The address is a secret: neither stored by caches nor told to the pages that are opened from here.
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # Whoever grants access sees this page, not another that is laid over it.
        response.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
        return response
