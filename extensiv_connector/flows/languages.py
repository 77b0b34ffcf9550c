"""Whose language a text is in: what a customer reads is in the customer's, what is said to people in the reader's."""

from odoo import SUPERUSER_ID


def reader_of(account):
    """Return the language of who reads what a pass of ``account`` says: who pressed a button, else who is in charge."""
    env = account.env
    if env.uid != SUPERUSER_ID and env.lang:
        return env.lang
    return account.responsible_id.lang or account.company_id.partner_id.lang or env.lang or "en_US"


def in_language_of(partner, records):
    """Return ``records`` in the language in which ``partner``, a customer, has documents."""
    return records.with_context(lang=partner.lang or records.env.lang)


def for_visitor(env, partner, accepted):
    """Return the language of a page for a visitor who is not logged in.

    It is the one that ``partner``, whom the page is for, has mails in; where that is not known, the first of the
    browser's that is installed, or that an installed one is a variety of.

    :param accepted: the browser's languages, the preferred one first, as ``de-AT``
    :return: the code of an installed language, or None
    """
    installed = [code for code, _name in env["res.lang"].get_installed()]
    if partner.lang in installed:
        return partner.lang
    for wanted in (language.replace("-", "_") for language in accepted):
        family = wanted.partition("_")[0].lower()
        alike = [code for code in installed if code.partition("_")[0].lower() == family]
        if alike:
            return next((code for code in alike if code.lower() == wanted.lower()), alike[0])
    return None


def describe_goods(product, line, note, unknown=""):
    """Return the text of a line of goods: Odoo's own for it, then the cart's words where they say more.

    :param product: in the customer's language
    :param line: a ``wire.OrderLine``
    :param note: what pricing says of the line
    :param unknown: what stands in the place of Odoo's text where the product is not known
    """
    own = unknown or product.get_product_multiline_description_sale()
    description = line.description if unknown or line.description not in own else ""
    return "\n".join(dict.fromkeys(filter(None, [own, description, line.comment, note])))
