"""The page at ``/``: what EIM now holds, for a person with a browser. All that is shown is escaped."""

import json
import re
from itertools import islice
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from markupsafe import Markup, escape

from .refusal import Refused
from .service import Answer, Service
from .shapes import ADDRESS_FIELDS
from .store import LISTS, Order

ROWS = 50
REFRESH_SECONDS = 10

_STYLE = Markup("""
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563a8; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 75rem; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
a { color: var(--accent); } p { margin: .2rem 0; } .quiet { opacity: .7; }
nav { display: flex; flex-wrap: wrap; gap: .4rem; margin: .8rem 0; }
nav a { border: 1px solid var(--line); border-radius: 99px; padding: .15rem .7rem; text-decoration: none; }
nav a.here { background: var(--accent); color: #fff; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { background: var(--soft); font-weight: 600; white-space: nowrap; } tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.columns { display: grid; gap: 0 1.5rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
pre { background: var(--soft); padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 42rem) {
  thead { display: none; } tr { display: block; padding: .3rem 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  td, td.number { display: flex; gap: .6rem; text-align: left; border: 0; padding: .1rem .6rem;
                  white-space: normal; overflow-wrap: anywhere; }
  td[data-title]::before { content: attr(data-title); flex: 0 0 6.5rem; opacity: .6; }
}
""")


def page(sandbox: Service, method: str, target: str) -> Answer:
    """Answer a browser: the overview at ``/``, one order at ``/order/<cust_ref>``."""
    url = urlsplit(target)
    parts = [unquote(part) for part in url.path.strip("/").split("/")]
    if method not in ("GET", "HEAD"):
        return _document("Not here", Markup("<p>There is nothing to send to here.</p>"), 405)
    with sandbox.lock:
        if parts == [""]:
            arguments = dict(parse_qsl(url.query))
            return _document("EIM sandbox", _overview(sandbox, arguments), refresh=True)
        if len(parts) == 2 and parts[0] == "order":
            try:
                return _document(f"Order {parts[1]}", _order(sandbox.store.get(parts[1])))
            except Refused:
                pass  # told like any other address that leads nowhere
    return _document("Not found", Markup('<p>There is no such page. <a href="/">Overview</a></p>'), 404)


_DOCUMENT = Markup(
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
    "<style>{style}</style></head><body><h1>{title}</h1>{body}</body></html>"
)
_REFRESH = Markup('<meta http-equiv="refresh" content="{}">').format(REFRESH_SECONDS)


def _document(title: str, body: Markup, status: int = 200, refresh: bool = False) -> Answer:
    text = _DOCUMENT.format(title=title, refresh=_REFRESH if refresh else "", style=_STYLE, body=body)
    # Orders may hold anything that JSON can, half a surrogate pair included.
    return Answer(text.encode(errors="replace"), status, "text/html; charset=utf-8")


def _overview(sandbox: Service, arguments: dict) -> Markup:
    store = sandbox.store
    status = arguments.get("status") if arguments.get("status") in LISTS else "any"
    number = arguments.get("page", "1")
    number = int(number) if number.isdecimal() and 0 < int(number) < 10**9 else 1
    orders, total = store.list_orders(status, {"limit": ROWS, "page": number})
    sections = (
        _summary(sandbox),
        _heading("Orders"),
        _statuses(store, status),
        _orders(orders),
        _pager(status, number, total),
        _heading("Shipments"),
        _shipments(store),
        _heading("Levels"),
        _levels(store),
        _heading("Alerts"),
        _alerts(store),
        _heading("Faults"),
        _faults(sandbox),
        _heading("Calls"),
        _calls(sandbox),
    )
    return Markup().join(sections)


_HEADINGS = {
    "Orders": "Orders",
    "Shipments": "Shipments received",
    "Levels": "Stock levels pushed",
    "Alerts": "Alerts",
    "Faults": "Faults waiting",
    "Calls": f"Calls received, the last {ROWS}",
}


def _heading(name: str) -> Markup:
    return Markup('<h2 id="{}">{}</h2>').format(name, _HEADINGS[name])


_SUMMARY = Markup(
    '<p class="quiet">A stand-in for the Extensiv Integration Manager. '
    "{limit}. Moments are UTC. This page renews itself every {seconds} s.</p>"
    "<p>To be pulled: {expected[pulled]}, of which {expected[failed]} cannot be imported. "
    "Acknowledged: {acknowledged}. Shipments accepted: {shipments}. Levels: {levels}.</p>"
    "<nav>{links}</nav>"
)


def _summary(sandbox: Service) -> Markup:
    state = sandbox.state()
    limit = "Rate limit off"
    if sandbox.rate_limit:
        limit = f"Rate limit on, {state['rate_limited']} calls refused by it"
    links = Markup().join(Markup("<a href=#{0}>{0}</a>").format(name) for name in _HEADINGS)
    return _SUMMARY.format(limit=limit, seconds=REFRESH_SECONDS, links=links, **state)


def _statuses(store, chosen: str) -> Markup:
    counts = {"any": len(store.orders)} | {name: len(shelf) for name, shelf in store.by_status.items()}
    links = Markup().join(
        Markup('<a href="/?status={0}"{1}>{0} {2}</a>').format(
            name, Markup(" class=here") if name == chosen else "", count
        )
        for name, count in counts.items()
        if count or name == "any"
    )
    return Markup("<nav>{}</nav>").format(links)


def _orders(orders: list[Order]) -> Markup:
    keys = ("cust_po_no", "order_source", "order_date")
    rows = []
    for order in orders:
        raw = order.raw
        status = order.status
        status += ", held" if raw.get("on_hold") == "Y" else ""
        status += ", stopped" if raw.get("sending_canceled") == "Y" else ""
        facts = (raw.get(key) for key in keys)
        rows.append((_link(raw["cust_ref"]), *facts, _name(raw, "cust"), raw.get("grand_total"), status))
    return _table(("Reference", "Number", "Cart", "Ordered", "Buyer", "Total", "Status"), rows, numbers=(5,))


def _pager(status: str, number: int, total: int) -> Markup:
    last = -(-total // ROWS)
    links = Markup(" ").join(
        Markup('<a href="/?status={0}&amp;page={1}">page {1}</a>').format(status, other)
        for other in (number - 1, number + 1)
        if 1 <= other <= last
    )
    return Markup('<p class="quiet">{} orders. {}</p>').format(total, links)


def _shipments(store) -> Markup:
    rows = []
    for event in islice(reversed(store.shipments), ROWS):
        told = event["shipments"] if isinstance(event["shipments"], list) else []
        parcels = "; ".join(_parcel(parcel) for parcel in told if isinstance(parcel, dict))
        rows.append((event["moment"], _link(event["cust_ref"]), parcels, event["refusal"] or "accepted"))
    return _table(("Moment", "Order", "Parcels", "Answer"), rows)


def _parcel(parcel: dict) -> str:
    items = parcel.get("items") if isinstance(parcel.get("items"), list) else []
    contents = (f"{item.get('quantity')} × {item.get('item')}" for item in items if isinstance(item, dict))
    tracking = parcel.get("tracking_no") or "without tracking"
    return f"{parcel.get('carrier')} {parcel.get('method') or ''} {tracking}: {', '.join(contents)}"


def _levels(store) -> Markup:
    pushed = (
        (sku, name, level.qty_available, level.qty_on_hand, level.wms_datetime)
        for sku, levels in store.levels.items.items()
        for name, level in levels.items()
        if level.pushes
    )
    table = _table(("SKU", "Location", "Available", "On hand", "As of"), list(islice(pushed, ROWS)), numbers=(2, 3))
    more = store.levels.pushed - ROWS
    return table + Markup('<p class="quiet">and {} more</p>').format(more) if more > 0 else table


def _alerts(store) -> Markup:
    keys = ("alert_id", "created_date_time", "order_source", "subject", "message")
    rows = [[alert.get(key) for key in keys] for alert in store.alerts]
    return _table(("Id", "Since", "Cart", "Subject", "Message"), rows)


def _faults(sandbox: Service) -> Markup:
    rows = [
        (fault["route"], fault["kind"], fault.get("count") or f"{fault['rate']:.0%}", fault.get("match"))
        for fault in sandbox.faults.listing()
    ]
    return _table(("Route", "Kind", "Calls", "Where"), rows)


def _calls(sandbox: Service) -> Markup:
    keys = ("moment", "method", "path", "route", "status", "outcome")
    rows = [[call[key] or "none" for key in keys] for call in islice(reversed(sandbox.calls), ROWS)]
    return _table(("Moment", "Method", "Path", "Route", "HTTP", "Outcome"), rows)


_ORDER = Markup(
    '<p><a href="/">Overview</a></p>'
    "<p>{source} · number {number} · <b>{status}</b> · ordered {date}</p>"
    '<div class="columns"><div><h2>Billing</h2>{billing}</div>'
    "<div><h2>Delivery</h2>{delivery}</div><div><h2>Money</h2>{money}</div></div>"
    "<h2>Lines</h2>{lines}"
    "<h2>What was asked of it</h2>{history}"
    "<h2>As EIM holds it</h2><pre>{raw}</pre>"
)


def _order(order: Order) -> Markup:
    raw = order.raw
    items = raw.get("items") if isinstance(raw.get("items"), list) else []
    lines = [[line.get(key) for key in _LINE_KEYS] for line in items if isinstance(line, dict)]
    events = [(event["moment"], event["order_status"], event["refusal"] or "accepted") for event in order.history]
    return _ORDER.format(
        source=_text(raw.get("order_source")),
        number=_text(raw.get("cust_po_no")),
        status=_text(order.status),
        date=_text(raw.get("order_date")),
        billing=_address(raw, "cust"),
        delivery=_address(raw, "ship"),
        money=_table((), [(key, raw.get(key)) for key in _MONEY_KEYS], numbers=(1,)),
        lines=_table(_LINE_KEYS, lines, numbers=range(2, 8)),
        history=_table(("Moment", "Status", "Answer"), events),
        raw=json.dumps(raw, indent=2, ensure_ascii=False),
    )


_MONEY_KEYS = (
    "sub_total",
    "sales_tax",
    "shipping_handling",
    "order_discount",
    "grand_total",
    "currency_code",
)
_LINE_KEYS = (
    "item",
    "Description",
    "quantity",
    "price",
    "discount",
    "addl_discount",
    "extended_amount",
    "tax",
    "filtered_sku",
)


def _address(raw: dict, kind: str) -> Markup:
    lines = [_text(raw[f"{kind}_{field}"]) for field in ADDRESS_FIELDS if raw.get(f"{kind}_{field}")]
    return Markup("<br>").join(lines) or Markup('<p class="quiet">none</p>')


def _name(raw: dict, kind: str) -> str:
    return " ".join(str(raw[f"{kind}_{field}"]) for field in ("first_name", "last_name") if raw.get(f"{kind}_{field}"))


def _link(reference: str) -> Markup:
    try:
        path = quote(reference, safe="")
    except UnicodeEncodeError:  # half a surrogate pair has no address
        return escape(reference)
    return Markup('<a href="/order/{}">{}</a>').format(path, reference)


def _text(value: object) -> Markup:
    if isinstance(value, Markup):
        return value
    text = "" if value is None else str(value)
    return escape(_MOMENT.sub(r"\1 \2", text))


# The page says once that moments are UTC.
_MOMENT = re.compile(r"\A(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\+00:00\Z")


def _table(titles, rows, numbers=()) -> Markup:
    if not rows:
        return Markup('<p class="quiet">None.</p>')
    classes = [Markup(" class=number") if index in numbers else "" for index in range(len(rows[0]))]
    labels = [Markup(' data-title="{}"').format(title) for title in titles] or [""] * len(classes)
    heads = [Markup("<th{}>{}</th>").format(css, title) for css, title in zip(classes, titles, strict=False)]
    openings = [Markup("<td{}{}>").format(css, label) for css, label in zip(classes, labels, strict=True)]
    body = Markup().join(_row(openings, row) for row in rows)
    return Markup('<div class="scroll"><table><thead><tr>{}</tr></thead>{}</table></div>').format(
        Markup().join(heads), body
    )


def _row(openings: list[Markup], row) -> Markup:
    cells = [opening + _text(value) + Markup("</td>") for opening, value in zip(openings, row, strict=True)]
    return Markup("<tr>{}</tr>").format(Markup().join(cells))
