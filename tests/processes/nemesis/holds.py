"""What must hold once the disasters are over, as sentences about what does not."""

import re
from collections import Counter, defaultdict

from sandbox.service import MERCHANT_KEY

from .room import CRONS
from .shop import BUYER_WORD, CARD, LOCATION, SKUS

FORBIDDEN = {
    "a buyer": re.compile(BUYER_WORD, re.IGNORECASE),
    "a card number": re.compile(r"[\s-]?".join(CARD.replace(" ", ""))),
    "the key": re.compile(re.escape(MERCHANT_KEY)),
}


def find_troubles(room, shop) -> list[str]:
    """Return what does not hold; empty once all is well."""
    return [
        *_account(room),
        *_orders(room, shop),
        *_shipments(room, shop),
        *_levels(room),
        *_errors(room),
        *_leftovers(room),
    ]


def _account(room):
    [(state, push_all_first, audit_days)] = room.query("SELECT state, push_all_first, audit_days FROM extensiv_account")
    if state != "connected":
        yield f"the account is {state}"
    if push_all_first or audit_days:
        yield f"a restored database is not looked through: push_all_first {push_all_first}, audit_days {audit_days}"


def _orders(room, shop):
    """Every order that EIM gave us has one inbox record and one sale order."""
    at_eim = {order["cust_ref"]: order["order_status"] for order in room.sandbox.get("/sandbox/orders")}
    inbox = defaultdict(list)
    for reference, state in room.query("SELECT cust_ref, state FROM extensiv_order"):
        inbox[reference].append(state)
    sales = defaultdict(list)
    for reference, state in room.query(
        "SELECT extensiv_cust_ref, state FROM sale_order WHERE extensiv_cust_ref IS NOT NULL"
    ):
        sales[reference].append(state)
    if missing := sorted(set(shop.references) - set(at_eim)):
        yield f"EIM itself lost {missing}"
    for reference, status in sorted(at_eim.items()):
        found = (inbox[reference], sales[reference])
        if status == "new":
            yield f"{reference} is still new at EIM"
        elif status == "canceled":
            if len(found[0]) > 1 or any(state != "cancel" for state in found[1]):
                yield f"{reference} was cancelled at EIM; inbox {found[0]}, sale orders {found[1]}"
        elif found[0] != ["imported"] or len(found[1]) != 1:
            yield f"{reference} is {status} at EIM; inbox {found[0]}, sale orders {found[1]}"
    if strangers := sorted(set(inbox) - set(at_eim)):
        yield f"EIM does not know {strangers}"


def _shipments(room, shop):
    """Every order that has left was told once; what a restored database had told before, it does not tell again."""
    at_eim = {order["cust_ref"]: order["order_status"] for order in room.sandbox.get("/sandbox/orders")}
    told = defaultdict(list)
    for number, event in enumerate(room.sandbox.get("/sandbox/shipments")):
        told[event["cust_ref"]].append({"number": number, **event})
    left = {
        reference: (state, number)
        for reference, state, number in room.query(
            """SELECT sale.extensiv_cust_ref, sale.extensiv_shipment_state, MAX(picking.carrier_tracking_ref)
                 FROM sale_order AS sale JOIN stock_picking AS picking ON picking.sale_id = sale.id
                WHERE sale.extensiv_cust_ref IS NOT NULL AND sale.state = 'sale'
                GROUP BY sale.id HAVING bool_and(picking.state = 'done')"""
        )
    }
    for reference, (state, number) in sorted(left.items()):
        if state != "sent" or at_eim[reference] != "shipped":
            yield f"{reference} has left; it is {state} here and {at_eim[reference]} at EIM"
        taken = [event for event in told[reference] if not event["refusal"]]
        if taken and not room.restored_at and taken[-1]["shipments"][0]["tracking_no"] != number:
            yield f"{reference} left with {number}, and EIM was told {taken[-1]['shipments']}"
    for reference, events in sorted(told.items()):
        taken = [event for event in events if not event["refusal"]]
        if len(taken) != 1:
            yield f"EIM took {len(taken)} shipments of {reference}"
            continue
        # Only a database that was put back to before it told EIM, and heard of it, does not know.
        numbers = [event["number"] for event in events if event["number"] >= taken[0]["number"]]
        for before, number in zip(numbers, numbers[1:], strict=False):
            if not any(before < moment <= number for moment in room.restored_at):
                yield f"{reference} was told ({number}) though EIM had it ({taken[0]['number']})"
        if reference not in shop.delivered:
            yield f"{reference} was told, and nobody delivered it"


def _levels(room):
    """EIM's levels equal Odoo's, SKU by SKU."""
    here = {sku: 0 for sku in SKUS}
    here |= dict(
        room.query(
            """SELECT product.default_code, floor(SUM(quant.quantity - quant.reserved_quantity))::int
                 FROM stock_quant AS quant
                 JOIN product_product AS product ON product.id = quant.product_id
                 JOIN stock_location AS location ON location.id = quant.location_id
                WHERE location.usage = 'internal' AND product.default_code = ANY (%s)
                GROUP BY 1""",
            [list(SKUS)],
        )
    )
    there = {
        level["sku"]: level["qty_available"] for level in room.sandbox.get(f"/sandbox/levels?warehouse={LOCATION}")
    }
    for sku in SKUS:
        if here[sku] != there.get(sku):
            yield f"{sku}: {here[sku]} in Odoo, {there.get(sku)} at EIM"


def _errors(room):
    """No error is open that nobody need see: none is, for no trouble is left."""
    for flow, key, step, category, message in room.query(
        "SELECT flow, key, step, category, message FROM extensiv_error WHERE state = 'open' ORDER BY id"
    ):
        yield f"an error is open: {flow} {key} {step or ''} ({category}): {message}"
    for state, count in room.query(
        "SELECT state, count(*) FROM extensiv_unknown_order WHERE state IN ('found', 'chosen') GROUP BY 1"
    ):
        yield f"{count} unknown orders are {state}"


def _leftovers(room):
    """Nothing waits for a person or a process that is no more."""
    for (summary,) in room.query("SELECT summary FROM mail_activity WHERE res_model = 'extensiv.account'"):
        yield f"a person is still reminded: {summary}"
    for flow, since in room.query(
        """SELECT flow, started_at FROM extensiv_run
            WHERE state = 'running' AND started_at < now() AT TIME ZONE 'UTC' - interval '2 minutes'"""
    ):
        yield f"a pass of {flow} is said to run since {since}"
    for (name,) in room.query(
        """SELECT data.name FROM ir_cron AS cron JOIN ir_model_data AS data ON data.res_id = cron.id
            WHERE data.model = 'ir.cron' AND data.module = 'extensiv_connector' AND NOT cron.active
              AND data.name = ANY (%s)""",
        [[f"ir_cron_{name}" for name in (*CRONS, "audit")]],
    ):
        yield f"{name} is switched off"


def find_personal_data(room) -> list[str]:
    """Return where the logs of Odoo and of EIM's stand-in hold a buyer, a card number or the key."""
    found = []
    for log in sorted(room.folder.glob("*.log")):
        # Ours is no log of Odoo's; PostgreSQL quotes statements that fail, as its own settings say.
        if log.name.startswith(("draws", "postgres")):
            continue
        for number, line in enumerate(log.read_text(errors="replace").splitlines(), 1):
            found += [
                f"{log}:{number}: {what}: {line[:300]}" for what, pattern in FORBIDDEN.items() if pattern.search(line)
            ]
    return found


def count_complaints(room) -> Counter:
    """Return how often Odoo's logs complain, by what they say: for a person to look at."""
    complaints = Counter()
    for log in sorted(room.folder.glob("odoo-*.log")):
        for line in log.read_text(errors="replace").splitlines():
            if match := re.match(r"\S+ \S+ \d+ (ERROR|CRITICAL) \S+ (\S+): (.*)", line):
                complaints[re.sub(r"\d+", "#", " ".join(match.groups()))[:160]] += 1
    return complaints
