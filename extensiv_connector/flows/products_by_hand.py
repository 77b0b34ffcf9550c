"""Products made because a person asks for them: of the SKUs that failed orders lack one for."""

from ..eim.wire import Order, codes_of
from .order_draft import Draft
from .product_creation import create_unknown


def create_for(account, orders):
    """Make a product of each SKU that ``orders`` of ``account``'s inbox lack one for, whatever the account asks for.

    :return: whether one was made
    """
    drafts = [Draft(record, Order.from_payload(record.payload)) for record in orders]
    matches = account.env["product.product"]._extensiv_match(account, codes_of(draft.wire for draft in drafts))
    create_unknown(account, drafts, matches)
    return any(draft.notes for draft in drafts)
