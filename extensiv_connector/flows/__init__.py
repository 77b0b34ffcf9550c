"""What a pass does: plain classes that hold the state of one pass of one flow on one account.

They import `eim` and each other, and reach Odoo's models through `env` only. The table below is the only place that
says what flows there are; `runner` runs one pass of one, `trigger` starts passes early.
"""

from dataclasses import dataclass

from .alerts import AlertFetch
from .audit import Audit
from .order_pull import OrderPull
from .shipment_push import ShipmentPush
from .stock_comparison import StockComparison
from .stock_push import StockPush


@dataclass(frozen=True)
class Flow:
    """What there is to know of a flow.

    :param name: as runs, errors and due moments name it
    :param label: for people; the selections of runs and errors translate it, see `label_of`
    :param switch: the account's field that has it run by schedule; empty: whenever the account is connected
    :param needs: a further field of the account that must be on for it
    :param setup_choice: the account's field by which the guided set-up chooses it
    :param cron: the external id of its schedule
    :param pause: seconds between the start of a schedule and of the next one that a change triggers
    :param quick_pause: the same for an account of whose calls EIM's bucket holds more than half; by default `pause`
    :param done: the count of a pass that its run shows as done
    :param run_class: the `FlowRun` that does a pass; empty: no pass of its own
    """

    name: str
    label: str
    switch: str = ""
    needs: str = ""
    setup_choice: str = ""
    cron: str = ""
    pause: float = 0
    quick_pause: float | None = None
    done: str = ""
    run_class: type | None = None

    @property
    def switches(self):
        """The account's fields that must all be on for it to run by schedule."""
        return [name for name in (self.switch, self.needs) if name]


FLOWS = {
    flow.name: flow
    for flow in (
        Flow("connection", "Connection"),
        Flow(
            "orders",
            "Orders",
            switch="pull_orders",
            setup_choice="live_orders",
            cron="extensiv_connector.ir_cron_pull_orders",
            done="imported",
            run_class=OrderPull,
        ),
        Flow(
            "inventory",
            "Stock",
            switch="push_inventory",
            setup_choice="live_inventory",
            cron="extensiv_connector.ir_cron_push_inventory",
            pause=60,  # changes come by the hundred while a warehouse is at work: one push a minute states them all
            quick_pause=10,
            done="pushed",
            run_class=StockPush,
        ),
        Flow(
            "shipments",
            "Shipments",
            switch="push_shipments",
            setup_choice="live_shipments",
            cron="extensiv_connector.ir_cron_push_shipments",
            pause=60,
            done="sent",
            run_class=ShipmentPush,
        ),
        Flow(
            "alerts",
            "Alerts",
            cron="extensiv_connector.ir_cron_fetch_alerts",
            done="fetched",
            run_class=AlertFetch,
        ),
        Flow(
            "audit",
            "Audit",
            switch="pull_orders",
            cron="extensiv_connector.ir_cron_audit",
            done="unknown",
            run_class=Audit,
        ),
        Flow(
            "compare",
            "Stock Comparison",
            switch="compare_stock",
            needs="push_inventory",
            cron="extensiv_connector.ir_cron_compare_stock",
            done="compared",
            run_class=StockComparison,
        ),
    )
}
SCHEDULED = {name: flow for name, flow in FLOWS.items() if flow.cron}
SWITCHED = {name: flow for name, flow in FLOWS.items() if flow.setup_choice}
"""Those with a switch of their own; the audit goes with the orders, the comparison with the stock."""
SELECTION = [(flow.name, flow.label) for flow in FLOWS.values()]
IMPORT_CRON = "extensiv_connector.ir_cron_import_orders"
"""A second schedule of the orders' flow: it imports beside the pull when the inbox is full."""
SHARE_CRON = "extensiv_connector.ir_cron_watch_shares"
"""No flow of its own: it looks for carts that merchants were asked to connect."""


def label_of(env, name):
    """Return the label of a flow in the person's language."""
    return dict(env["extensiv.run"]._fields["flow"]._description_selection(env))[name]
