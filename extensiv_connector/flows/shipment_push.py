from .runner import FlowRun


class ShipmentPush(FlowRun):
    """Tell EIM, once, of every order that has left as a whole."""

    flow = "shipments"

    def run(self):
        self.env["sale.order"]._extensiv_push(self)
