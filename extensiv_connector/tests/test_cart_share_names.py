from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from ..eim.wire import Cart
from .common import ConnectorCase
from .test_cart_share import SETUP_URL, ShareMixin


@tagged("post_install", "-at_install")
class TestCartShareNames(ShareMixin, ConnectorCase):
    """Several accounts, several invitations, and carts that arrive under names of their own."""

    def setUp(self):
        super().setUp()
        self.share = self._make_share()

    def shared(self, kind="bigcommerce", **vals):
        """Return another invitation that was sent."""
        share = self.share.copy({"type_id": self.env.ref(f"extensiv_connector.cart_type_{kind}").id, **vals})
        self._send(share)
        return share

    def arrive(self, *sources):
        for source in sources:
            self.sandbox.store.carts[source] = source
        self._watch()
        self.env.invalidate_all()

    def cart(self, source):
        return self.account.cart_ids.filtered(lambda cart: cart.order_source == source)

    def asked(self, share):
        return share.activity_ids

    # -- several accounts

    def test_each_of_several_accounts_can_be_chosen(self):
        second = self.account.copy({"api_user": "second", "api_key": "x"})
        Share = self.env["extensiv.cart.share"]
        manager = new_test_user(
            self.env,
            login="extensiv_manager",
            groups="base.group_user,base.group_partner_manager,extensiv_connector.group_manager",
        )
        for account in (self.account, second):
            with Form(Share.with_user(manager)) as form:
                self.assertFalse(form.account_id, "which one is for the person to say")
                self.assertEqual(form.company_id, self.env.company, "whose accounts and contacts are offered")
                form.account_id = account
                form.partner_id = self.merchant
                form.type_id = self.share.type_id
                form.setup_url = SETUP_URL
            self.assertEqual(form.record.account_id, account)
            self.assertEqual(form.record.company_id, account.company_id)
        self.assertNotIn("company_id", str(Share.fields_get(["account_id"])["account_id"]["domain"]))

    def test_with_one_account_that_is_proposed(self):
        self.assertEqual(Form(self.env["extensiv.cart.share"]).account_id, self.account)

    def test_each_accounts_carts_answer_its_own_invitations(self):
        second = self.account.copy({"api_user": "second", "api_key": "x"})
        second.state = "connected"
        self._send(self.share)
        theirs = self.share.copy({"account_id": second.id})
        theirs.write({"state": "sent", "known_sources": []})
        self.env["extensiv.cart"]._sync_from_eim(second, [Cart("Acme", "Acme")])
        self.assertEqual(theirs.state, "connected")
        self.assertEqual(self.share.state, "sent")

    # -- names of their own

    def test_the_one_invitation_is_answered_by_the_one_new_cart_whatever_its_name(self):
        share = self.shared()
        self.arrive("Acme Kids Store")
        cart = self.cart("Acme Kids Store")
        self.assertEqual(share.state, "connected")
        self.assertEqual(share.cart_id, cart)
        self.assertEqual((cart.type_id, cart.prefix), (share.type_id, "BI:"), "the invitation tells its kind")
        self.assertFalse(self.asked(share))
        self.assertEqual(len(self._mails(share)), 3)

    def test_a_kind_that_takes_no_confirmation_is_not_told_after_it_was_shared(self):
        self.shared("paypal")
        self.arrive("Acme Kids Store")
        self.assertFalse(self.cart("Acme Kids Store").push_shipments)

    def test_a_prefix_under_which_orders_were_imported_stays(self):
        self.shared()
        cart = self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "order_source": "Acme Kids Store", "name": "Acme"}
        )
        self.env["extensiv.order"].create(
            {
                "account_id": self.account.id,
                "company_id": self.company.id,
                "cart_id": cart.id,
                "cust_ref": "1",
                "order_number": "1",
            }
        )
        self._watch()
        self.assertEqual(cart.type_id.name, "BigCommerce")
        self.assertEqual(cart.prefix, "AC:")

    def test_a_cart_of_another_kind_answers_no_invitation(self):
        share = self.shared()
        self.arrive("Ebay_CA")
        self.assertEqual(share.state, "sent")
        self.assertEqual(self.asked(share), self.env["mail.activity"])
        self.assertEqual(share.new_cart_ids, self.cart("Ebay_CA"), "a person may know better")

    def test_two_invitations_and_one_cart_the_person_is_asked_once(self):
        one, two = self.shared(), self.shared("ecwid")
        self.arrive("Acme Kids Store")
        self.assertEqual(one.state, "sent")
        self.assertEqual(two.state, "sent")
        for share in (one, two):
            [activity] = self.asked(share)
            self.assertEqual(activity.user_id, self.account.responsible_id)
            self.assertIn("Acme Kids Store", activity.note)
            self.assertEqual(share.new_cart_ids, self.cart("Acme Kids Store"))
        self.asked(two).unlink()
        self._watch()
        self.assertFalse(self.asked(two), "asked already")
        self.cart("Acme Kids Store").with_context(extensiv_share_id=two.id).action_answer_share()
        self.assertEqual(one.state, "sent")
        self.assertEqual(two.state, "connected")
        self.assertEqual(self.cart("Acme Kids Store").type_id, two.type_id)
        self.assertFalse(one.new_cart_ids)

    def test_nobody_is_asked_any_more_once_the_question_is_over(self):
        one, two, three = self.shared(), self.shared("ecwid"), self.shared("etsy")
        self.arrive("Acme Kids Store")
        self.assertEqual([len(self.asked(share)) for share in (one, two, three)], [1, 1, 1])
        one.action_withdraw()
        self.assertFalse(self.asked(one), "its link leads nowhere")
        self.cart("Acme Kids Store").with_context(extensiv_share_id=two.id).action_answer_share()
        self.assertEqual((three.state, self.asked(three)), ("sent", self.env["mail.activity"]), "it is another's")
        self.arrive("Zeta", "Zulu")
        self.assertEqual(len(self.asked(three)), 1, "new ones are another question")
        three.expires_on = "2020-01-01"
        self.env["extensiv.cart.share"]._gc_shares()
        self.assertEqual(three.state, "expired")
        self.assertEqual(self.asked(three), self.env["mail.activity"])

    def test_one_invitation_and_two_carts_the_person_says_which(self):
        share = self.shared()
        self.arrive("Acme Kids Store", "Zeta")
        self.assertEqual(share.state, "sent")
        self.assertEqual(len(self.asked(share)), 1)
        self.cart("Zeta").with_context(extensiv_share_id=share.id).action_answer_share()
        self.assertEqual(share.cart_id, self.cart("Zeta"))
        self.assertEqual(share.state, "connected")
        self.assertFalse(self.asked(share), "it is answered")
        self.assertFalse(self.cart("Acme Kids Store").type_id)

    def test_two_invitations_and_two_carts_saying_one_settles_the_other(self):
        one, two = self.shared(), self.shared("ecwid")
        self.arrive("Acme Kids Store", "Zeta")
        self.cart("Zeta").with_context(extensiv_share_id=one.id).action_answer_share()
        self.assertEqual(two.state, "connected")
        self.assertEqual(two.cart_id, self.cart("Acme Kids Store"))

    def test_carts_whose_names_tell_their_kind_go_first(self):
        one, two = self.shared(), self.shared("ecwid")
        self.arrive("Acme Kids Store", "BigCommerce")
        self.assertEqual(one.cart_id, self.cart("BigCommerce"))
        self.assertEqual(two.cart_id, self.cart("Acme Kids Store"))

    def test_a_cart_known_before_an_invitation_is_not_its_answer(self):
        one = self.shared()
        self.share.write({"state": "withdrawn"})
        self.arrive("Ebay_CA")
        two = self.shared("ecwid")
        with self.assertRaisesRegex(UserError, "known before"):
            self.cart("Ebay_CA").with_context(extensiv_share_id=two.id).action_answer_share()
        self.cart("Ebay_CA").with_context(extensiv_share_id=one.id).action_answer_share()
        self.assertEqual(one.cart_id.type_id.name, "eBay", "what its name tells stays")
        with self.assertRaisesRegex(UserError, "no longer open"):
            self.cart("Ebay_CA").with_context(extensiv_share_id=one.id).action_answer_share()

    def test_only_managers_say_which(self):
        share = self.shared()
        self.arrive("Acme Kids Store", "Zeta")
        user = new_test_user(self.env, login="extensiv_user", groups="base.group_user,extensiv_connector.group_user")
        with self.assertRaises(UserError):
            self.cart("Zeta").with_user(user).with_context(extensiv_share_id=share.id).action_answer_share()
