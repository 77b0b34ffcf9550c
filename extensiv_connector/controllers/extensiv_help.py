from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request
from odoo.tools import file_open

from ..eim.pages import PAGES
from ..flows.eim_pages import page_url

GUIDE = "extensiv_connector/static/doc/guide.html"


class ExtensivHelp(http.Controller):
    """The user guide, and the way to EIM's pages from texts that know no account: forms not saved yet, empty lists."""

    @http.route("/extensiv/guide", type="http", auth="user", methods=["GET"], sitemap=False)
    def guide(self):
        """Show the user guide, as shipped with this version of the addon."""
        self._check_internal()
        with file_open(GUIDE) as page:
            return request.make_response(
                page.read(),
                # The next version's guide is shown at once.
                headers={"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"},
            )

    @http.route("/extensiv/eim/<string:name>", type="http", auth="user", methods=["GET"], sitemap=False, readonly=True)
    def eim(self, name):
        """Lead to one of EIM's pages; where its path is unknown, to EIM's front page."""
        self._check_internal()
        if name not in PAGES:
            raise NotFound()
        # What an account says of its page of alerts is for those who may see the account.
        Account = request.env["extensiv.account"]
        accounts = Account.search([]) if Account.has_access("read") else Account
        return request.redirect(page_url(request.env, name, accounts), local=False)

    def _check_internal(self):
        if not request.env.user._is_internal():
            raise NotFound()
