"""Products made of the lines of orders whose SKU belongs to none, where the account asks for it.

Once per SKU and company, also where several processes import at once: a unique index of the database decides, and who
is late repeats the batch and finds the product. What is made is marked to be looked at; its stock is left alone at EIM,
for nobody has counted it yet.
"""

from dataclasses import replace

from odoo.fields import Domain

from ..eim.parsing import is_nothing
from .sku_spelling import spelling_key

CODES = frozenset(
    ("upc", "ean", "ean13", "ean8", "gtin", "jan", "isbn", "barcode", "upca", "upce", "gtin12", "gtin13", "gtin14")
)
LENGTHS = frozenset((8, 12, 13, 14))  # digits of a barcode of goods


def create_missing(account, drafts, matches):
    """Make a product of each SKU of ``drafts`` that no product has nor resembles, and put it into ``matches``.

    :param matches: ``{SKU: Match}``, of ``product.product._extensiv_match``
    """
    if account.sku_policy == "create":
        create_unknown(account, drafts, matches)


def create_unknown(account, drafts, matches):
    """Do what ``create_missing`` does, whatever the account asks for; each draft notes what was made for it."""
    lines = {}
    for draft in drafts:
        if draft.wire.problems or draft.record.cart_id.renamed_from_id:
            continue  # refused whatever its products are
        for line in draft.wire.lines:
            match = None if line.is_left_out or is_nothing(line.sku) else matches.get(line.sku)
            if match and match.problem and not match.found and not match.alike:
                lines.setdefault(line.sku, (draft, line))
    if not lines:
        return
    lost = _find_renamed(account, lines)
    for sku, product in lost.items():
        matches[sku] = replace(
            matches[sku],
            found=(product,),
            problem=account.env._(
                "A product was made of SKU %(sku)s before: %(product)s, which has another internal reference by now. "
                "Add an alias of the SKU to the product that it is.",
                sku=sku,
                product=product.display_name,
            ),
        )
    # Of spellings that a person takes for one another the first becomes a product, the others are for a person.
    first = {spelling_key(sku): sku for sku in reversed(lines)}
    new = {sku: lines[sku] for sku in first.values() if sku not in lost}
    for sku, product in _create(account, new).items():
        draft, _line = new[sku]
        matches[sku] = replace(matches[sku], product=product, problem="", kind="reference", code=sku)
        draft.notes.append(_say_made(account.env, sku, product))
    if others := lines.keys() - first.values():
        matches.update(account.env["product.product"]._extensiv_match(account, dict.fromkeys(others, ())))


def _say_made(env, sku, product):
    return env._(
        "SKU %(sku)s belonged to no product, so one was made: %(product)s. Look at it under Products, filter "
        "To Review; its stock is left alone at EIM until you choose otherwise.",
        sku=sku,
        product=product.display_name,
    )


def _find_renamed(account, skus):
    """Return ``{SKU: product}`` of those of ``skus`` of which a product was made that has another reference by now."""
    Product = account.env["product.product"].sudo().with_context(active_test=False)
    return {
        product.extensiv_created_sku: product
        for product in Product.search(
            Domain("extensiv_created_sku", "in", list(skus))
            & Domain("extensiv_created_company_id", "=", account.company_id.id)
        )
    }


def _create(account, lines):
    """Create the products of ``{SKU: (Draft, wire.OrderLine)}`` and return ``{SKU: product}``."""
    barcodes = _find_barcodes(account, lines)
    vals_list = [prepare_vals(account, draft, line, barcodes.get(sku)) for sku, (draft, line) in sorted(lines.items())]
    products = account.env["product.product"].create(vals_list)
    return {product.extensiv_created_sku: product for product in products}


def prepare_vals(account, draft, line, barcode=None):
    """Return the values of the product made of a ``wire.OrderLine``."""
    vals = {
        "name": (line.description or line.sku).splitlines()[0],
        "default_code": line.sku,
        "is_storable": True,
        "sale_ok": True,
        "list_price": _price(account, draft, line),
        "extensiv_created_sku": line.sku,
        "extensiv_created_company_id": account.company_id.id,
        "extensiv_to_review": True,
        "extensiv_stock_rule": "leave",
    }
    if barcode:
        vals["barcode"] = barcode
    if category := draft.record.cart_id.product_categ_id:
        vals["categ_id"] = category.id
    return vals


def _price(account, draft, line):
    """Return the line's price of one unit in the company's currency, 0 where the cart sent none that can be read."""
    price = line.price
    if price is None and line.extended_amount is not None and line.quantity:
        price = line.extended_amount / line.quantity
    if not price or price < 0:
        return 0.0
    company = account.company_id
    code = draft.wire.currency
    currency = draft.record.cart_id.currency_id or company.currency_id
    if code:
        Currency = account.env["res.currency"].with_context(active_test=False)
        currency = Currency.search([("name", "=", code)], limit=1)
    if not currency:
        return 0.0
    date = draft.wire.order_date or draft.record.create_date
    return currency._convert(float(price), company.currency_id, company, date)


def _find_barcodes(account, lines):
    """Return ``{SKU: barcode}`` of those that came with one which is nobody's yet; of several SKUs with one, the
    first.
    """
    wanted = {}
    for sku, (_draft, line) in sorted(lines.items()):
        code = next(
            (
                alias.code
                for alias in line.aliases
                if "".join(filter(str.isalnum, alias.code_type.casefold())) in CODES and _is_barcode(alias.code)
            ),
            sku if _is_barcode(sku) else None,
        )
        if code and code not in wanted.values():
            wanted[sku] = code
    if not wanted:
        return {}
    codes = list(wanted.values())
    products = account.env["product.product"].sudo().with_context(active_test=False)
    taken = set(products.search([("barcode", "in", codes)]).mapped("barcode"))
    taken.update(account.env["product.uom"].sudo().search([("barcode", "in", codes)]).mapped("barcode"))
    return {sku: code for sku, code in wanted.items() if code not in taken}


def _is_barcode(code):
    return code.isascii() and code.isdigit() and len(code) in LENGTHS
