from .runner import FlowRun


class OrderPull(FlowRun):
    """Receive EIM's new orders, acknowledge and import them."""

    flow = "orders"

    def __init__(self, account, deadline):
        super().__init__(account, deadline)
        self.stepped_back = set()
        """References whose acknowledgement EIM did not take in this pass."""

    def run(self):
        try:
            self.env["extensiv.order"]._pull(self)
        finally:
            # What the orders reserved is then already deducted.
            self.trigger("inventory")
