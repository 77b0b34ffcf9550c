from .runner import FlowRun


class StockPush(FlowRun):
    """State to EIM every stock level that it does not know yet."""

    flow = "inventory"

    def run(self):
        self.env["extensiv.stock.level"]._push(self)
