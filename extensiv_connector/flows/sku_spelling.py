"""SKUs that a person takes for one another: they differ by capitals, blanks, or what no screen shows.

SKUs are identities and match exactly; nothing here matches anything. It finds what was probably meant, and shows
why it is not the same.
"""

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain

from odoo.tools import SQL

# Not of the category "format", but shown as nothing all the same: joiners, fillers and variation selectors.
_SHOWN_AS_NOTHING = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0}
_SHOWN_AS_NOTHING.update(range(0xFE00, 0xFE10))


def _is_blank(character):
    return character.isspace() or unicodedata.category(character) in ("Zs", "Zl", "Zp")


def _is_invisible(character):
    return unicodedata.category(character) in ("Cc", "Cf") or ord(character) in _SHOWN_AS_NOTHING


# What the basic plane has of them, and the tags; PostgreSQL holds no NUL.
_BLANKS, _INVISIBLE = (
    "".join(filter(is_such, map(chr, chain(range(1, 0x10000), range(0xE0000, 0xE0080)))))
    for is_such in (_is_blank, _is_invisible)
)
_UNSEEN = _BLANKS + _INVISIBLE

# What each kind of difference is when it is taken away.
_REDUCE = {
    "capitals": str.lower,
    "blanks": lambda code: code.translate(dict.fromkeys(map(ord, _BLANKS))),
    "invisible": lambda code: code.translate(dict.fromkeys(map(ord, _INVISIBLE))),
    "lookalike": lambda code: unicodedata.normalize("NFKC", code),
}


@dataclass(frozen=True)
class Alike:
    """What is spelt nearly as a SKU.

    :param product_id: the product that has it
    :param code: how it is spelt there
    :param kind: ``reference``, ``barcode``, ``packaging`` (the barcode of one) or ``alias``
    """

    product_id: int
    code: str
    kind: str


def find_alike(env, account, skus):
    """Find what differs from SKUs by its spelling alone: references, barcodes of products and of packagings, and the
    account's aliases.

    One query for all SKUs. Products are those of the account's company and shared ones, in use or not.

    :return: ``{SKU: [Alike]}`` of the SKUs that have any, internal references first
    """
    if not skus:
        return {}
    env["product.product"].flush_model(["default_code", "barcode", "active", "product_tmpl_id"])
    env["product.template"].flush_model(["company_id"])
    env["product.uom"].flush_model()
    env["extensiv.sku.alias"].flush_model()
    env["res.company"].flush_model(["parent_path"])
    rows = env.execute_query(
        SQL(
            """SELECT sku.code, named.code, named.kind, named.product_id
                 FROM (SELECT code, %(sku_key)s AS key FROM unnest(%(skus)s::text[]) AS given(code)) AS sku
                 JOIN (SELECT code, kind, product_id, active, company_id, %(named_key)s AS key
                         FROM (%(named)s) AS given
                        WHERE code IS NOT NULL) AS named ON named.key = sku.key AND named.code <> sku.code
                WHERE sku.key <> ''
                  AND (named.company_id IS NULL OR named.company_id = ANY ((
                       SELECT string_to_array(RTRIM(parent_path, '/'), '/') FROM res_company
                        WHERE id = %(company)s)::int[]))
                ORDER BY named.active DESC, named.kind IN ('barcode', 'packaging'), named.kind, named.product_id""",
            skus=list(skus),
            sku_key=_key_sql(),
            named_key=_key_sql(),
            named=_named_sql(account),
            company=account.company_id.id,
        )
    )
    alike = defaultdict(list)
    for sku, code, kind, product in rows:
        alike[sku].append(Alike(product, code, kind))
    return dict(alike)


def _named_sql(account):
    """Return SQL for ``code, kind, product_id, active, company_id`` of everything that a product is known by."""
    return SQL(
        """SELECT code, kind, product.id AS product_id, product.active, template.company_id
             FROM product_product AS product
             JOIN product_template AS template ON template.id = product.product_tmpl_id
            CROSS JOIN LATERAL (VALUES (product.default_code, 'reference'), (product.barcode, 'barcode'))
                  AS own(code, kind)
            UNION ALL
           SELECT pack.barcode, 'packaging', product.id, product.active, template.company_id
             FROM product_uom AS pack
             JOIN product_product AS product ON product.id = pack.product_id
             JOIN product_template AS template ON template.id = product.product_tmpl_id
            UNION ALL
           SELECT alias.sku, 'alias', product.id, product.active, template.company_id
             FROM extensiv_sku_alias AS alias
             JOIN product_product AS product ON product.id = alias.product_id
             JOIN product_template AS template ON template.id = product.product_tmpl_id
            WHERE alias.account_id = %s AND alias.active""",
        account.id,
    )


def _key_sql():
    """Return SQL that makes the same of all spellings of ``code``; what is plain ASCII is spared the costly part."""
    return SQL(
        """LOWER(CASE WHEN octet_length(code) = char_length(code) THEN TRANSLATE(code, %s, '')
                      ELSE TRANSLATE(NORMALIZE(code, NFKC), %s, '') END)""",
        "".join(filter(str.isascii, _UNSEEN)),
        _UNSEEN,
    )


def differences(one, other):
    """Return by what two spellings differ: ``capitals``, ``blanks``, ``invisible``, ``lookalike``, those that matter.

    ``lookalike`` are characters that are drawn alike, such as those of full width.
    """
    needed = [
        kind for kind in _REDUCE if not _same(one, other, [reduce for name, reduce in _REDUCE.items() if name != kind])
    ]
    # A no-break blank is a blank, and looks like one: each would do.
    return needed or [kind for kind, reduce in _REDUCE.items() if _same(one, other, [reduce])][:1]


def spelling_key(code):
    """Return a SKU for comparing: the same of all its spellings."""
    for reduce in _REDUCE.values():
        code = reduce(code)
    return code


def _same(one, other, reductions):
    for reduce in reductions:
        one = reduce(one)
        other = reduce(other)
    return one == other


def visible(code):
    """Return a SKU so that all of it is seen: blanks as ``␣``, other unseen characters by their name or number."""
    is_plain = unicodedata.normalize("NFKC", code) == code
    shown = []
    for character in code:
        number = f"U+{ord(character):04X}"
        if character == " ":
            shown.append("␣")
        elif _is_blank(character) or _is_invisible(character):
            shown.append(f"⟨{unicodedata.name(character, number).lower()}⟩")
        elif unicodedata.normalize("NFKC", character) != character or not is_plain and unicodedata.combining(character):
            shown.append(f"{character}⟨{number}⟩")
        else:
            shown.append(character)
    return "".join(shown)


def is_clean(code):
    """Tell whether a SKU is spelt as a person would type it: nothing unseen but single blanks between words."""
    return (
        code == " ".join(code.split())
        and code == unicodedata.normalize("NFKC", code)
        and not any(map(_is_invisible, code))
    )
