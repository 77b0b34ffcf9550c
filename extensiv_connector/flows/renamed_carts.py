"""New order sources that look like a known cart under another name: a person says which they are.

A cart that somebody renamed in EIM would otherwise begin anew, with default settings: another warehouse, another tax
policy, shipped by whatever Odoo chooses. Until a person has answered, its orders are not imported.
"""

from difflib import SequenceMatcher

from .order_refusal import Refusal
from .trigger import trigger

STEP = "renamed"
ALIKE = 0.8  # how much of two names' letters has to be the same
SHORTEST = 4  # letters of a name that another may begin with


class CartQuestion(Refusal):
    """An order of a cart about which a person is asked; one error tells of the cart, not one of each order."""

    is_reported = True


def check(cart):
    """Refuse an order of a ``cart`` of which nobody said yet whether it is a known one renamed.

    :raise Refusal: as long as that is so
    """
    if cart.renamed_from_id:
        raise CartQuestion(get_message(cart), category="settings")


def get_message(cart):
    """Return what a person is asked about ``cart``."""
    return cart.env._(
        "%(new)s is new and looks like %(known)s renamed. Its orders wait: open the cart %(new)s and press It Was "
        "Renamed to go on with the settings of %(known)s, or It Is a New Cart once its own settings are right.",
        new=cart.order_source,
        known=cart.renamed_from_id.order_source,
    )


def ask(carts, listed):
    """Ask about those of ``carts``, just made, that look like another cart of their account that has orders.

    :param listed: the order sources that EIM named together with them: what is there beside a new one was not renamed
    """
    # Somebody was invited to connect these.
    invited = carts.env["extensiv.cart.share"].sudo().search([("cart_id", "in", carts.ids)]).cart_id
    for account, new in (carts - invited).grouped("account_id").items():
        known = (account.with_context(active_test=False).cart_ids - new).filtered(
            lambda cart: cart.order_source not in listed and not cart.renamed_from_id
        )
        known = known.filtered("order_count")
        failures = {}
        for cart in new:
            alike = known.filtered(lambda other, cart=cart: _looks_like(cart, other))
            if alike:
                cart.renamed_from_id = max(alike, key=lambda other, cart=cart: _likeness(cart, other))
                failures[get_key(cart)] = {"message": get_message(cart), "category": "settings", "document": cart}
        account.env["extensiv.error"].sudo()._report(account, "orders", failures, STEP)


def _looks_like(new, known):
    """Whether a cart may be another under a new name: of one kind, or with nearly the same letters."""
    if new.type_id or known.type_id:
        return new.type_id == known.type_id
    one = _letters(new)
    other = _letters(known)
    shorter = min(one, other, key=len)
    begins = len(shorter) >= SHORTEST and one[: len(shorter)] == other[: len(shorter)]
    return begins or _likeness(new, known) >= ALIKE


def _likeness(new, known):
    return SequenceMatcher(None, _letters(new), _letters(known)).ratio()


def _letters(cart):
    return "".join(character for character in cart.order_source.casefold() if character.isalpha())


def get_key(cart):
    """Return what the error about ``cart`` is known by."""
    return f"cart {cart.order_source}"


def accept_as_new(cart):
    """Have a cart imported as one of its own."""
    _settle(cart)
    _import_waiting(cart)


def merge(cart):
    """Go on with the cart that ``cart`` is the new name of: it takes the name and the orders. Return it."""
    known = cart.renamed_from_id
    env = cart.env
    source = cart.order_source
    _settle(cart)
    env["extensiv.order"].search([("cart_id", "=", cart.id)]).cart_id = known
    env["sale.order"].search([("extensiv_cart_id", "=", cart.id)]).extensiv_cart_id = known
    shares = env["extensiv.cart.share"]
    shares.search([("cart_id", "=", cart.id)]).cart_id = known
    methods = env["extensiv.ship.method"].search([("cart_id", "=", cart.id)])
    methods.unlink()  # proposed for it alone; the known cart has its own
    env.flush_all()
    old = known.order_source
    cart.unlink()
    # What Odoo would propose anew for the new name stays as it is.
    kept = [name for name, field in known._fields.items() if field.store and field.compute and not field.readonly]
    settings = {name: known._fields[name].convert_to_write(known[name], known) for name in kept}
    known.write({**settings, "order_source": source, "active": True})
    known.account_id._message_log(
        body=env._("EIM's name of cart %(cart)s was %(old)s and is now %(new)s.", cart=known.name, old=old, new=source)
    )
    _import_waiting(known)
    return known


def _settle(cart):
    cart.env["extensiv.error"]._resolve(cart.account_id, "orders", [get_key(cart)], STEP, states=("open", "dismissed"))
    cart.renamed_from_id = False


def _import_waiting(cart):
    """Have the failed orders of ``cart`` imported by the next pass."""
    failed = cart.env["extensiv.order"].search([("cart_id", "=", cart.id), ("state", "=", "failed")])
    failed.try_lock_for_update().write({"state": "received"})
    trigger(cart.env, "orders", cart.account_id)
