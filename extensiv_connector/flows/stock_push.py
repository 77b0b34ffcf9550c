from .runner import FlowRun


class StockPush(FlowRun):
    """State to EIM every stock level that it does not know yet."""

    flow = "inventory"
    stock_read = None
    """When the pass read what it states."""

    def run(self):
        self.env["extensiv.stock.level"]._push(self)
