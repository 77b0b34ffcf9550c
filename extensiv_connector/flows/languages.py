"""Whose language a text is in: what a customer reads is in the customer's, what is said to people in the reader's."""

from decimal import Decimal

from odoo import SUPERUSER_ID
from odoo.tools.misc import get_lang

from ..eim.texts import Figure, Text, words_of


def reader_of(account):
    """Return the language of who reads what a pass of ``account`` says: who pressed a button, else who is in charge."""
    env = account.env
    if env.uid != SUPERUSER_ID and env.lang:
        return env.lang
    return account.responsible_id.lang or account.company_id.partner_id.lang or env.lang or "en_US"


def in_language_of(partner, records):
    """Return ``records`` in the language in which ``partner``, a customer, has documents."""
    return records.with_context(lang=partner.lang or records.env.lang)


def translated(env, said):
    """Return a text of ``eim`` in the language of ``env``; EIM's own words stay as they are.

    :param said: an ``EimError``, another error that a function of ``eim`` raises, a ``Text`` or another ``str``
    """
    if isinstance(said, Exception):
        said = words_of(said)
    if isinstance(said, Figure):
        return said.replace(".", get_lang(env).decimal_point)
    if not isinstance(said, Text):
        return said
    return env._(said.template, **{name: translated(env, value) for name, value in said.values.items()})


def all_translated(env, texts):
    """Return each of ``texts`` as ``translated`` does."""
    return [translated(env, text) for text in texts]


def figure(env, value):
    """Return a number as people write it in the language of ``env``, with the digits that it has."""
    text = f"{value:f}" if isinstance(value, Decimal) else f"{value:.6f}".rstrip("0").rstrip(".")
    return translated(env, Figure("0" if text == "-0" else text))


def amount_in(currency, amount):
    """Return an amount with the decimals of ``currency``, as people write it in the language that it is read in."""
    return translated(currency.env, Figure(f"{amount:.{currency.decimal_places}f}"))


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
    return "\n".join(dict.fromkeys(filter(None, [own, description, line.comment, translated(product.env, note)])))
