from .runner import FlowRun


class OrderPull(FlowRun):
    """Receive EIM's new orders, acknowledge and import them."""

    flow = "orders"

    def run(self):
        try:
            self.env["extensiv.order"]._pull(self)
        finally:
            # What the orders reserved is then already deducted.
            self.trigger("inventory")
