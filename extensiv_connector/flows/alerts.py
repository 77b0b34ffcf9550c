from .runner import FlowRun


class AlertFetch(FlowRun):
    """Make the list of alerts here what EIM's is: new ones added, changed ones updated, those gone closed."""

    flow = "alerts"

    def run(self):
        alerts = self.client.list_alerts()
        orders_only = self.client.alerts_source == "orders"
        Alert = self.env["extensiv.alert"]
        added, closed = self.retry_on_conflict(lambda: Alert._sync_from_eim(self.account, alerts, orders_only))
        self.counts["fetched"] += added
        if closed:
            self.messages.append(self.env._("%s closed, for EIM no longer lists them.", closed))
        if orders_only:
            self.messages.append(
                self.env._("EIM's list of alerts does not answer; orders in its error state are listed instead.")
            )
        self.retry_on_conflict(self._remember_source)

    def _remember_source(self):
        if self.account.alerts_source != self.client.alerts_source:
            self.account.alerts_source = self.client.alerts_source
