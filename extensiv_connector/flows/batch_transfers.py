"""Transfers of a batch of orders, made together: their rows, their numbers, and the notes on where they come from."""

from contextlib import contextmanager

from odoo.tools.misc import groupby

from .confirm_batch import joins_batches, memo_of
from .quiet import is_quiet

ORIGIN = "mail.message_origin_link"


@contextmanager
def collecting(moves, merge):
    """Collect within which groups of ``moves`` want a transfer; ``make`` then makes them, before moves are merged.

    Where somebody is notified each transfer is made by itself: all that is said of one then follows on it.
    """
    memo = memo_of(moves, "transfers")
    if not memo or not is_quiet(moves.env):
        yield
        return
    before = memo.collected
    memo.collected = [] if merge else None
    try:
        yield
    finally:
        memo.collected = before


def collect(moves):
    """Collect a group of moves that wants a transfer; return whether this was done."""
    memo = memo_of(moves, "transfers")
    if not memo:
        return False
    if memo.collected is None:
        for move in moves:
            _note(memo, move)
        return False
    memo.collected.append(moves)
    return True


def make(moves):
    """Give the groups that were collected their transfers: new ones together, others one by one as Odoo does."""
    memo = memo_of(moves, "transfers")
    if not memo or memo.collected is None:
        return
    groups = memo.collected
    memo.collected = None
    new = []
    for group in groups:
        for _key, found in groupby(group, key=lambda move: move._key_assign_picking()):
            alike = group.browse().concat(*found)
            if _needs_new(memo, alike):
                _note(memo, alike[0])
                new.append(alike)
            else:
                _create(memo, new)
                new = []
                alike._assign_picking()
    _create(memo, new)


def _place(move):
    """Return what a transfer is looked for by, beside the reference."""
    kind = move.picking_type_id
    return move.location_id.id, (move.location_dest_id or kind.default_location_dest_id).id, kind.id


def _note(memo, move):
    for reference_id in move.reference_ids.ids:
        if reference_id in memo.references:
            memo.references[reference_id].add(_place(move))


def _needs_new(memo, moves):
    """Whether no transfer can be found for ``moves``: their one reference was made a moment ago, and has none there.

    What joins a batch or a wave by itself is seen by the next one, so that each is made before the next.
    """
    reference = moves.reference_ids
    if len(reference) != 1 or reference.id not in memo.references:
        return False
    return (
        all(move.reference_ids == reference for move in moves)
        and _place(moves[0]) not in memo.references[reference.id]
        and all(move.product_uom.compare(move.product_uom_qty, 0.0) >= 0 for move in moves)
        and not joins_batches(moves.picking_type_id)
    )


def _create(memo, new):
    """Create a transfer for each of the groups of moves."""
    if not new:
        return
    Picking = new[0].env["stock.picking"]
    vals_list = [moves._get_new_picking_values() for moves in new]
    if "numbers" in memo.parts:
        _number(Picking, vals_list)
    pickings = Picking.create(vals_list)
    for moves, picking in zip(new, pickings, strict=True):
        moves.write({"picking_id": picking.id})
    memo.messages = [] if "messages" in memo.parts and is_quiet(Picking.env) else None
    try:
        for moves in new:
            moves._assign_picking_post_process(new=True)
        messages = memo.messages
    finally:
        memo.messages = None
    if messages:
        _post(messages)


# -- numbers


def _number(Picking, vals_list):
    """Give the values of new transfers their numbers, in a query for each type; what is left without is Odoo's."""
    if Picking.default_get(["name"]).get("name", "/") != "/":
        return
    of_kind = {}
    for vals in vals_list:
        if vals.get("name", "/") == "/":
            of_kind.setdefault(vals.get("picking_type_id"), []).append(vals)
    for kind in Picking.env["stock.picking.type"].browse(filter(None, of_kind)):
        sequence = kind.sequence_id
        if not sequence or sequence.use_date_range or sequence.implementation != "standard":
            continue
        sequence.browse().check_access("read")
        numbered = of_kind[kind.id]
        sequence.env.cr.execute(
            "SELECT nextval(%s) FROM generate_series(1, %s)", [f"ir_sequence_{sequence.id:03}", len(numbered)]
        )
        for vals, number in zip(numbered, sequence.env.cr.fetchall(), strict=True):
            vals["name"] = sequence.get_next_char(number)


# -- messages


def collect_message(picking, source_ref, values):
    """Collect that a new transfer is to say where it comes from; return whether this was done."""
    memo = memo_of(picking, "messages")
    if not memo or memo.messages is None or len(picking) != 1 or source_ref != ORIGIN:
        return False
    if values.keys() != {"render_values", "subtype_xmlid"}:
        return False
    memo.messages.append((picking, values))
    return True


def _post(messages):
    """Post what ``message_post_with_source`` posts on each new transfer, in one ``create``."""
    pickings = messages[0][0].union(*(picking for picking, _values in messages))
    env = pickings.env
    kinds = {values["subtype_xmlid"] for _picking, values in messages}
    # A further message answers the first.
    is_first = len(pickings) == len(messages) and not env["mail.message"].sudo().search_count(
        [("model", "=", pickings._name), ("res_id", "in", pickings.ids)], limit=1
    )
    if len(kinds) > 1 or not is_first or env.user._is_public():
        for picking, values in messages:
            picking.message_post_with_source(ORIGIN, **values)
        return
    _template, view = pickings._get_source_from_ref(ORIGIN)
    bodies = {}
    for picking, values in messages:
        bodies |= env["mail.render.mixin"]._render_template_qweb_view(
            view, picking._name, picking.ids, add_context=values["render_values"]
        )
    threads = pickings._fallback_lang()
    vals_list = _prepare_messages(threads, bodies, kinds.pop())
    for picking, message, vals in zip(threads, threads._message_create(vals_list), vals_list, strict=True):
        picking._message_post_after_hook(message, vals)
        picking._notify_thread(message, vals)


def _prepare_messages(threads, bodies, subtype):
    """Return the values of a note on each of ``threads``, as ``message_post`` prepares them."""
    env = threads.env
    author_id, email = threads._message_compute_author(None, None)
    domains = threads.sudo()._mail_get_alias_domains(default_company=env.company)
    companies = threads._mail_get_companies(default=env.company)
    replies = threads._notify_get_reply_to(default=email, author_id=author_id)
    vals_list = []
    for thread in threads:
        vals = {
            "email_add_signature": True,
            "author_id": author_id,
            "author_guest_id": False,
            "email_from": email,
            "model": thread._name,
            "res_id": thread.id,
            "body": bodies[thread.id],
            "message_type": "notification",
            "parent_id": False,
            "subject": False,
            "subtype_id": env["ir.model.data"]._xmlid_to_res_id(subtype),
            "partner_ids": None,
            "incoming_email_to": False,
            "incoming_email_cc": False,
            "outgoing_email_to": False,
            "record_alias_domain_id": domains[thread.id].id,
            "record_company_id": companies[thread.id].id,
            "reply_to": replies[thread.id],
        }
        vals_list.append(vals | thread._process_attachments_for_post([], [], vals))
    return vals_list
