import logging
import random
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import consteq

from ..eim.errors import EimError
from ..flows import SHARE_CRON, lengths, runner, schedule, stepping_back
from ..flows.deadline import one_deadline
from ..flows.hosts import read_hosts

_logger = logging.getLogger(__name__)

OPEN = ("sent", "opened")
# Where EIM's own set-up pages live, with all their subdomains.
DEFAULT_HOSTS = "cartrover.com, extensiv.com"
SHARE_HOSTS = "extensiv_connector.share_hosts"
"""The system parameter that names other hosts."""
VALID_DAYS = 14
WHICH_CART = "extensiv_connector.mail_activity_type_which_cart"
# Seconds between two questions to EIM while a merchant waits on the page.
ASK_EVERY = 10


class ExtensivCartShare(models.Model):
    """An invitation: a warehouse asks a merchant to let EIM reach a cart, without ever seeing its credentials.

    The set-up link is EIM's and comes from there; the merchant grants access on EIM's and the cart's pages. Here is
    only who was asked for what, and whether a cart of that kind has appeared at EIM since.
    """

    _name = "extensiv.cart.share"
    _description = "EIM Cart Set-up Share"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    account_id = fields.Many2one(
        "extensiv.account",
        required=True,
        index=True,
        ondelete="cascade",
        tracking=True,
        default=lambda self: self._default_account(),
        help="The account whose carts the new one will be among.",
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True, precompute=True)
    partner_id = fields.Many2one(
        "res.partner",
        "Merchant",
        required=True,
        check_company=True,
        tracking=True,
        help="Whose cart it is. The invitation goes to this contact's e-mail address.",
    )
    partner_email = fields.Char(related="partner_id.email", string="E-mail")
    type_id = fields.Many2one(
        "extensiv.cart.type",
        "Cart",
        required=True,
        ondelete="restrict",
        tracking=True,
        help="The kind of cart that is to be connected.",
    )
    requirements = fields.Text(related="type_id.requirements")
    setup_url = fields.Char(
        "Set-up Link",
        required=True,
        groups="extensiv_connector.group_manager",
        help="The link that EIM gave you for this cart. It must be https and lead to EIM.",
    )
    access_token = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        groups="extensiv_connector.group_manager",
        default=lambda self: secrets.token_urlsafe(32),
    )
    page_url = fields.Char(
        "Page",
        compute="_compute_page_url",
        groups="extensiv_connector.group_manager",
        help="The page that the invitation leads to. Whoever has the address can open it.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("sent", "Sent"),
            ("opened", "Opened"),
            ("connected", "Connected"),
            ("expired", "Expired"),
            ("withdrawn", "Withdrawn"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    expires_on = fields.Date(
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=VALID_DAYS),
        copy=False,
        tracking=True,
        help="The last day on which the link works. Sending it again gives it two more weeks.",
    )
    sent_at = fields.Datetime(readonly=True, copy=False)
    opened_at = fields.Datetime(readonly=True, copy=False, help="When the merchant pressed Grant API Access.")
    asked_at = fields.Datetime(readonly=True, copy=False)
    known_sources = fields.Json(readonly=True, copy=False)
    cart_id = fields.Many2one(
        "extensiv.cart", "Connected Cart", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    new_cart_ids = fields.Many2many(
        "extensiv.cart",
        string="New Carts",
        compute="_compute_new_cart_ids",
        help="Carts that appeared at EIM since the invitation was sent, and answer no other.",
    )
    asked_sources = fields.Json(readonly=True, copy=False, help="The new carts of which a person was asked already.")

    _access_token_unique = models.Constraint("UNIQUE(access_token)", "Two shares cannot have one token.")

    # -- computes and constraints

    @api.model
    def _default_account(self):
        accounts = self.env["extensiv.account"].search([("company_id", "=", self.env.company.id)], limit=2)
        return accounts if len(accounts) == 1 else accounts.browse()

    @api.depends("account_id.company_id")
    def _compute_company_id(self):
        """Take the account's company; until one is chosen the person's, whose contacts are offered."""
        for share in self:
            share.company_id = share.account_id.company_id or self.env.company

    @api.depends("state", "known_sources", "account_id.cart_ids.order_source")
    def _compute_new_cart_ids(self):
        new = self.filtered(lambda share: share.state in OPEN)._new_carts()
        for share in self:
            share.new_cart_ids = new.get(share, False)

    @api.depends("partner_id.name", "type_id.name")
    def _compute_display_name(self):
        for share in self:
            share.display_name = bool(share.type_id and share.partner_id) and self.env._(
                "%(cart)s of %(merchant)s", cart=share.type_id.name, merchant=share.partner_id.name
            )

    @api.depends("access_token")
    def _compute_page_url(self):
        for share in self:
            share.page_url = f"{share.get_base_url()}/extensiv/share/{share.access_token}"

    @api.constrains(lengths.find_fields)
    def _check_lengths(self):
        lengths.check(self)

    @api.constrains("setup_url")
    def _check_setup_url(self):
        for share in self:
            share._assert_allowed(share.setup_url)

    @api.model
    def _allowed_hosts(self):
        """Return the hosts that set-up links may lead to, by Settings, Extensiv."""
        return read_hosts(self.env["ir.config_parameter"].sudo().get_param(SHARE_HOSTS)) or read_hosts(DEFAULT_HOSTS)

    @api.model
    def _assert_allowed(self, url):
        """Refuse a link that is not plainly https to a host of EIM's: people trust what this page opens.

        :raise ValidationError: in a sentence for the person who entered it
        """
        hosts = self._allowed_hosts()
        parts = None
        # Browsers read a backslash as a slash, and drop blanks and control characters.
        if not any(character <= " " or character in "\\\x7f" for character in url):
            try:
                parts = urlsplit(url)
                port = parts.port
            except ValueError:
                parts = None
        if (
            not parts
            or parts.scheme != "https"
            or not parts.hostname
            or parts.username is not None
            or port not in (None, 443)
            or not any(parts.hostname == host or parts.hostname.endswith(f".{host}") for host in hosts)
        ):
            raise ValidationError(
                self.env._(
                    "The set-up link must begin with https:// and lead to %(hosts)s. Copy it from EIM.",
                    hosts=", ".join(hosts),
                )
            )

    def write(self, vals):
        result = super().write(vals)
        if "account_id" in vals:
            self.check_access("write")  # where it is now: before writing, Odoo asks the rules of where it was
        return result

    # -- what a person does

    @one_deadline
    def action_send(self):
        """Mail the merchant the link to our page; sending again gives an open share more time.

        The carts that EIM has at this moment are remembered, so that a new one is recognised.

        :raise UserError: the account is not connected, the merchant has no e-mail address, the link is not allowed
        """
        self._check_manager()
        for share in self:
            if share.state == "connected":
                raise UserError(self.env._("The cart is connected already."))
            if not share.partner_id.email:
                raise UserError(self.env._("%s has no e-mail address.", share.partner_id.name))
            share._assert_allowed(share.setup_url)
            if share.account_id.state != "connected":
                raise UserError(
                    self.env._(
                        "%s is not connected, so nobody would notice the new cart. Press Connect on it first.",
                        share.account_id.name,
                    )
                )
        self.account_id.action_check_carts()
        for share in self.filtered(lambda share: share.state != "connected"):  # else it appeared before the reminder
            today = fields.Date.context_today(share)
            vals = {
                "state": "opened" if share.state == "opened" else "sent",
                "sent_at": fields.Datetime.now(),
                "expires_on": max(share.expires_on, today + timedelta(days=VALID_DAYS)),
            }
            if share.state not in OPEN:
                vals["known_sources"] = share.account_id.cart_ids.mapped("order_source")
            if share.state in ("expired", "withdrawn"):
                vals.update(access_token=secrets.token_urlsafe(32), opened_at=False)
            share.write(vals)
            share._mail("mail_template_share_invitation")
        self._toggle_cron()
        return True

    def action_withdraw(self):
        """Make the link lead nowhere."""
        self._check_manager()
        self.filtered(lambda share: share.state in ("draft", *OPEN))._close("withdrawn")
        return True

    def action_open_page(self):
        """Show the page as the merchant sees it."""
        self.ensure_one()
        self._check_manager()
        return {"type": "ir.actions.act_url", "url": f"/extensiv/share/{self.access_token}", "target": "new"}

    def _check_manager(self):
        self.check_access("write")
        self.env["extensiv.account"]._check_manager()

    def _mail(self, template):
        """Queue a mail of ``template`` and have the queue sent at once; both only if the transaction succeeds.

        What it says stays out of the chatter: whoever has the link may open the page.
        """
        Mail = self.env["mail.mail"].sudo()
        for share in self:
            mail = Mail.browse(self.env.ref(f"extensiv_connector.{template}").sudo().send_mail(share.id))
            to = ", ".join(mail.recipient_ids.mapped("display_name"))
            mail.mail_message_id.body = self.env._("Mailed to %(people)s: %(subject)s", people=to, subject=mail.subject)
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    # -- what the merchant's page does

    @api.model
    def _of_token(self, token):
        """Return the share that a visitor may see, empty for a wrong, expired or withdrawn token."""
        none = self.sudo().browse()
        # PostgreSQL refuses some characters that an address can carry and no token does.
        share = none.search([("access_token", "=", token)], limit=1) if token and token.isprintable() else none
        if (
            share
            and consteq(share.access_token, token)
            and share.state in ("connected", *OPEN)
            and not share._is_over()
        ):
            return share
        return none

    def _is_over(self):
        return self.expires_on < fields.Date.context_today(self)

    def _open(self):
        """Record that the merchant went on to EIM, and return where; the page then waits for the cart.

        :raise ValidationError: the link is not allowed (any more)
        """
        self.ensure_one()
        self._assert_allowed(self.setup_url)
        if self.state == "sent":
            self.write({"state": "opened", "opened_at": fields.Datetime.now()})
        return self.setup_url

    def _trigger_find_carts(self):
        """Have EIM asked soon, but not more often than every ten seconds however many pages are waiting."""
        self.ensure_one()
        now = fields.Datetime.now()
        if self.state == "opened" and (not self.asked_at or self.asked_at <= now - timedelta(seconds=ASK_EVERY)):
            self.asked_at = now
            self.env.ref(SHARE_CRON).sudo()._trigger()

    # -- noticing the new cart

    def _new_carts(self):
        """Return ``{share: carts}``: those that appeared since the share was sent and answer none, oldest first."""
        accounts = self.account_id._origin.ids
        carts = (
            self.env["extensiv.cart"]
            .with_context(active_test=False)
            .search([("account_id", "in", accounts)], order="id")
            .grouped("account_id")
        )
        taken = self.search([("account_id", "in", accounts), ("cart_id", "!=", False)]).cart_id
        none = self.env["extensiv.cart"]
        return {
            share: (carts.get(share.account_id._origin, none) - taken).filtered(
                lambda cart, known=share.known_sources or (): cart.order_source not in known
            )
            for share in self
        }

    @api.model
    def _connect_new(self, account):
        """Connect the open shares of ``account`` for whose kind of cart one appeared since they were sent.

        One cart answers one share, the oldest first. A cart whose name tells no kind answers the one share that it can
        be of; where there are several, a person is asked.
        """
        shares = self.search([("account_id", "=", account.id), ("state", "in", OPEN)], order="sent_at, id")
        if not shares:
            return
        new = shares._new_carts()
        unnamed = {}
        taken = self.env["extensiv.cart"]
        for share in shares:
            free = new[share] - taken
            if carts := free.filtered(lambda cart, share=share: cart.type_id == share.type_id):
                share._connect(carts[0])
                taken += carts[0]
            elif carts := free.filtered(lambda cart: not cart.type_id):
                unnamed[share] = carts
        # What a person was asked about answers another share by now.
        shares.filtered(lambda share: share not in unnamed).activity_unlink([WHICH_CART])
        for share, carts in unnamed.items():
            if len(carts) == 1 and sum(carts in others for others in unnamed.values()) == 1:
                share._connect(carts)
            else:
                share._ask_which(carts)
        self._toggle_cron()

    def _connect(self, cart):
        """Note that ``cart`` is the one that was asked for, and tell both sides."""
        self.ensure_one()
        cart._set_kind(self.type_id)
        self.write({"state": "connected", "cart_id": cart.id})
        self.activity_unlink([WHICH_CART])
        self._mail("mail_template_share_connected_merchant")
        self._mail("mail_template_share_connected_warehouse")

    def _ask_which(self, carts):
        """Ask the responsible person, once a cart, whether one of ``carts`` is what the merchant connected."""
        self.ensure_one()
        if set(carts.mapped("order_source")) <= set(self.asked_sources or ()):
            return
        self.asked_sources = carts.mapped("order_source")
        person = self.account_id._get_notified_user() or self.create_uid
        to_person = self.with_context(lang=person.lang)
        self.activity_unlink([WHICH_CART])
        self.activity_schedule(
            WHICH_CART,
            user_id=person.id,
            summary=to_person.env._("Which cart did %s connect?", self.partner_id.name),
            note=to_person.env._(
                "New at EIM, under names that tell no kind: %s. If one of them is this merchant's, press This Cart "
                "beside it.",
                ", ".join(carts.mapped("order_source")),
            ),
        )

    @api.model
    def _choose(self, share_id, cart):
        """Connect the share ``share_id`` to ``cart``, which a person says is what the merchant connected.

        :raise UserError: it is connected already, or the cart is none that can have answered it
        """
        share = self.browse(share_id).exists()
        share.check_access("write")
        if share.state not in OPEN:
            raise UserError(self.env._("The invitation is no longer open. Press Send Again on it first."))
        if cart not in share._new_carts()[share]:
            raise UserError(
                self.env._("%s was known before the invitation was sent, or is another merchant's.", cart.name)
            )
        share._connect(cart)
        self.sudo()._connect_new(share.account_id)

    @api.model
    def _toggle_cron(self):
        """Ask EIM by schedule only while somebody waits for a cart."""
        if cron := self.env.ref(SHARE_CRON, raise_if_not_found=False):
            cron.sudo().toggle(self._name, [("state", "in", OPEN)])

    @api.model
    def _cron_find_carts(self):
        """Look for new carts at EIM for every account that somebody was asked to connect one to."""
        shares = self.sudo().search([("state", "in", OPEN)])
        deadline = schedule.new_deadline(self.env)
        accounts = shares.account_id.filtered(lambda account: account.state == "connected" and not account._is_copy())
        accounts -= stepping_back.find_waiting(accounts)
        # In any order: one that EIM lets wait does not keep the others from their turn every time.
        for account in random.sample(list(accounts), len(accounts)):
            left = runner.seconds_until(deadline)
            if left < runner.CALL_SECONDS:
                break
            account = account.with_company(account.company_id)
            try:
                with account._eim(schedule.get_share(deadline, left), wait=2.0, log=False) as client:
                    carts = client.list_carts()
            except EimError as error:
                # The next run asks again; what is wrong with the connection is told by the flows.
                _logger.info("EIM account %s: carts not listed, %s", account.id, type(error).__name__)
                continue
            # Merchants' pages asked meanwhile and wrote to their shares, and EIM may have taken its time.
            runner.refresh_snapshot(self.env)
            account.cart_ids._sync_from_eim(account, carts)
            if self.env.context.get("ir_cron_progress_id"):
                self.env["ir.cron"]._commit_progress(1)
        self._toggle_cron()

    @api.autovacuum
    def _gc_shares(self):
        """Let links expire whose last day is over."""
        self.search([("state", "in", OPEN), ("expires_on", "<", fields.Date.today())])._close("expired")

    def _close(self, state):
        """Let the links of these shares lead nowhere; which cart answers one is asked no more."""
        self.state = state
        self.activity_unlink([WHICH_CART])
        self.asked_sources = False
        self._toggle_cron()
