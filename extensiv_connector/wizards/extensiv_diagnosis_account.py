from datetime import datetime, timezone
from functools import partial

from odoo import models
from odoo.release import version as odoo_version

from ..eim import errors as eim
from ..eim.routes import ROUTES, SEEN
from ..flows import batch_acknowledging, confirm_batch, tax_account
from ..flows.languages import translated
from ..flows.masking import make_mask
from .extensiv_diagnosis import Line

CLOCK_SECONDS = 120  # EIM's dates decide which orders are ours; less than this makes no difference


class ExtensivDiagnosis(models.TransientModel):
    """Is the account well, and which of EIM's routes answer?"""

    # one kind of question a file; it only adds
    _inherit = "extensiv.diagnosis"  # pylint: disable=consider-merging-classes-inherited

    def _diagnose_account(self, client):
        """Return the lines on the account: credentials, routes, clock, schedules, version."""
        return [
            *self._lines_connection(client),
            *self._lines_schedules(),
            *self._lines_open(),
            *self._lines_books(),
            *self._lines_routes(client),
            self._line_confirming(),
            *self._lines_version(),
        ]

    def _lines_connection(self, client):
        account = self.account_id
        if account._is_copy():
            return [
                Line(
                    "bad",
                    self.env._("This database is a copy of the one that was connected, or a restored backup."),
                    account._message_copy(),
                )
            ]
        if client is None:
            return [
                Line(
                    "bad",
                    account.state_message or self.env._("The account is not connected."),
                    self.env._("Enter the API user and the API key, and press Connect."),
                )
            ]
        _nothing, error = self._ask(client, lambda asked: asked.check_credentials())
        if error:
            return [self._not_asked(error)]
        lines = [Line("good", self.env._("EIM accepts the credentials."))]
        if account.state != "connected":
            lines.append(
                Line(
                    "bad",
                    self.env._("The account is not connected, so nothing runs by itself."),
                    self.env._("Press Connect."),
                )
            )
        return lines

    def _lines_schedules(self):
        return [
            line
            for flow in self.account_id._get_flow_health()[self.account_id]
            for line in self._lines_flow(flow["flow"])
        ]

    def _lines_open(self):
        """Return the lines on what waits for a person."""
        every, person = self.account_id._count_errors().get(self.account_id, (0, 0))
        lines = [
            Line(
                "bad" if person else "good",
                self.env._(
                    "Open errors: %(every)s, of them waiting for a person: %(person)s.", every=every, person=person
                ),
                self.env._("Open Errors: each says what to do.") if person else "",
            )
        ]
        return lines + self._open_alerts()

    def _lines_books(self):
        """Return the line on where collected tax is booked, where orders have it."""
        if not self.account_id._collects_tax():
            return []
        mark, text = tax_account.check(self.account_id)
        marks = {"ok": "good", "warn": "note", "stop": "bad"}
        return [Line(marks[mark], text)]

    # -- routes

    def _lines_routes(self, client):
        """Try each route that only reads, and say what it answered; those that write are not tried."""
        if client is None:
            return []
        clock = []
        client.listen(clock.append)
        tried = self._try_reading_routes(client)
        self._fill_routes({route.name: self._prepare_tried(route.name, *asked) for route, *asked in tried})
        lines = [self._line_route(*asked) for asked in tried]
        written = ", ".join(route.name for route in ROUTES.values() if route.writes)
        lines.append(Line("note", self.env._("Not tried, because they change something: %s.", written)))
        lines.append(Line("note", batch_acknowledging.describe(self.account_id)))
        return [*self._lines_clock(clock), *lines, *self._lines_proofs()]

    def _try_reading_routes(self, client):
        """Try each route that only reads.

        :return: ``[(route, answer, error)]``, as ``_ask`` answers; both None where EIM holds nothing to ask it for
        """
        facts = self._facts(client)
        mask = make_mask({(asked or {}).get(key) for asked in facts.values() for key in ("cust_ref", "sku")})
        tried = []
        for route in ROUTES.values():
            asked = facts.get(route.name, {})
            if route.writes or (route.name == "list_merchants" and not self.account_id.merchant_pk):
                continue
            answer = error = None
            if asked is not None:
                answer, error = self._ask(client, partial(_try_route, name=route.name, asked=asked))
            if error:
                # The text goes to a support, which order it was does not.
                error.message = mask(translated(self.env, error))
            tried.append((route, answer, error))
        return tried

    def _facts(self, client):
        """Return ``{route: what to ask it for}``; None where EIM holds nothing that could be asked for."""
        orders, _error = self._ask(client, lambda asked: asked.list_orders("new_or_at_wms", limit=1))
        items, _error = self._ask(client, lambda asked: asked.list_inventory(limit=1))
        carts, _error = self._ask(client, lambda asked: asked.list_carts())
        order = {"cust_ref": orders.items[0].cust_ref} if orders and orders.items else None
        sku = {"sku": items.items[0].sku} if items and items.items else None
        return {
            "check_credentials": {"params": {"limit": 1}},
            "list_orders": {"status": "new", "params": {"limit": 1}},
            "list_inventory": {"params": {"limit": 1}},
            "get_order": order,
            "get_order_status": order,
            "get_inventory": sku,
            "get_product": sku,
            "list_cart_ship_methods": {"order_source": carts[0].order_source} if carts else None,
        }

    def _line_route(self, route, answer, error):
        """Return the line on one route, from what ``_ask`` answered."""
        about = {"route": route.name, "mark": translated(self.env, route.inferred)}
        if answer is None and error is None:
            return Line("note", self.env._("%s: not tried, there is nothing to ask it for.", route.name))
        if error is None:
            path, entries = answer
            how_many = "" if entries is None else self.env._(", entries: %s", entries)
            return Line(
                "good",
                self.env._(
                    "%(route)s answers at %(path)s%(entries)s (%(mark)s).", **about, path=path, entries=how_many
                ),
            )
        if isinstance(error, eim.RateLimited):
            return Line("note", self.env._("%(route)s: not tried, EIM's calls are used up for the moment.", **about))
        if isinstance(error, eim.OutOfTime):
            return Line("note", self.env._("%(route)s: not tried, there was no time left.", **about))
        todo = ""
        if route.mark != SEEN or isinstance(error, eim.NotFound):
            todo = self.env._(
                "Ask EIM's support for its path, and enter it in developer mode as %s = path.", route.name
            )
        process = self.env._(", process %s", error.process_id) if error.process_id else ""
        return Line(
            "note" if route.mark != SEEN else "bad",
            self.env._(
                "%(route)s does not answer: %(words)s (%(kind)s%(process)s; %(mark)s)",
                **about,
                words=translated(self.env, error),
                kind=type(error).__name__,
                process=process,
            ),
            todo,
        )

    def _lines_proofs(self):
        """Return the lines on what was proven of the routes that write."""
        marks = {"proven": "good", "refused": "bad"}
        lines = []
        missing = []
        for route in self.route_ids.filtered("proof_state"):
            if route.proof_state == "open":
                missing.append(route.name)
            else:
                lines.append(
                    Line(marks.get(route.proof_state, "note"), f"{route.name}: {route._get_proof_text(self._moment)}")
                )
        if missing:
            lines.append(
                Line(
                    "note",
                    self.env._("Not proven yet: %s.", ", ".join(missing)),
                    self.env._("Press EIM's Routes below: a manager proves each with one order or one SKU."),
                )
            )
        return lines

    def _lines_clock(self, calls):
        """Return the line on how far the clocks are apart, by the last answer that says EIM's time."""
        said = [call.date for call in calls if call.date]
        if not said:
            return [Line("note", self.env._("EIM does not say its time, so the clocks could not be compared."))]
        apart = abs((datetime.now(timezone.utc) - said[-1]).total_seconds())
        if apart <= CLOCK_SECONDS:
            return [Line("good", self.env._("This server's clock and EIM's agree (%d s apart).", apart))]
        return [
            Line(
                "bad",
                self.env._("This server's clock and EIM's are %d s apart.", apart),
                self.env._("Have the server's clock set by a time service: dates decide which orders are pulled."),
            )
        ]

    def _line_confirming(self):
        """Return the line on whether orders are confirmed together, or why not."""
        if not confirm_batch.is_switched_on(self.env):
            return Line(
                "note",
                self.env._(
                    "Orders are confirmed line by line, as Odoo does it: the system parameter %s says so.",
                    confirm_batch.SWITCH,
                ),
                self.env._("Delete the system parameter to import faster."),
            )
        strange = confirm_batch.describe(self.env)
        if not strange:
            return Line("good", self.env._("The orders of a batch are confirmed together."))
        return Line(
            "note",
            self.env._(
                "Of confirming orders together is left to Odoo what other apps or an update of Odoo changed: %s. "
                "Orders are imported more slowly for it, and just as well.",
                "; ".join(f"{part} ({found})" for part, found in strange),
            ),
            self.env._("Look for an update of the connector that knows them."),
        )

    def _lines_version(self):
        self.env.cr.execute("SHOW server_version")
        [postgres] = self.env.cr.fetchone()
        return [
            Line(
                "note",
                self.env._(
                    "Connector %(connector)s, Odoo %(odoo)s, PostgreSQL %(postgres)s.",
                    connector=self._version(),
                    odoo=odoo_version,
                    postgres=postgres.split()[0],
                ),
            )
        ]


def _try_route(client, name, asked):
    return client.try_route(name, **asked)
