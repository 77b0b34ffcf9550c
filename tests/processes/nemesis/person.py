"""The buttons that a person presses when Odoo asks for it, and nothing beyond."""


class Person:
    """Who runs the shop's account: reads what is open, and does what it says."""

    def __init__(self, room):
        self.room = room
        self.refused = []  # when EIM was said to refuse the key, which it never does here

    def account(self):
        """Return what the account shows: id, state, and whether another database was connected."""
        return self.room.query(
            """SELECT id, state, audit_days, push_all_first,
                      live_database->>'oid' != (SELECT oid::text FROM pg_database WHERE datname = current_database()),
                      state_message
                 FROM extensiv_account"""
        )[0]

    def may_ship(self):
        """Tell whether goods may leave: after a backup was restored, not before one has looked (the guide says so)."""
        account_id, state, _audit_days, push_all_first, is_other, _message = self.account()
        undecided = self.room.query(
            """SELECT count(*) FROM extensiv_error
                WHERE account_id = %s AND state = 'open' AND step = 'shipped elsewhere'""",
            [account_id],
        )[0][0]
        return state == "connected" and not (is_other or push_all_first or undecided)

    def look(self):
        """Look at the account and its errors, and do what they say."""
        room = self.room
        if "Hanging" in room.faults:
            return  # nothing comes of a button then
        account_id, state, audit_days, push_all_first, is_other, message = self.account()
        if state == "draft" and is_other:
            room.say("  a person presses This One Goes On")
            room.press("extensiv.account", "action_goes_on", [account_id])
        elif state == "error":
            self.refused.append(message)
            room.say(f"  the account stopped: {message}; a person presses Connect")
            room.press("extensiv.account", "action_connect", [account_id])
        elif state == "connected" and push_all_first:
            self.decide(account_id, audit_days)
        if state == "connected":
            self.settle_errors(account_id)

    def decide(self, account_id, audit_days):
        """After a backup was restored: wait for the audit, import what EIM gave us, then push all."""
        room = self.room
        unknown = self.unknown(account_id)
        if audit_days:
            room.tick("audit")
        elif unknown:
            room.say(f"  a person imports {len(unknown)} unknown orders")
            room.press("extensiv.unknown.order", "action_import", unknown)
        else:
            room.say("  a person presses Push All")
            room.press("extensiv.account", "action_push_everything", [account_id])

    def unknown(self, account_id):
        return [
            record
            for (record,) in self.room.query(
                "SELECT id FROM extensiv_unknown_order WHERE account_id = %s AND state = 'found'", [account_id]
            )
        ]

    def settle_errors(self, account_id):
        """Do what the errors say that wait for a person."""
        room = self.room
        errors = room.query(
            """SELECT id, flow, key, COALESCE(step, ''), res_model, res_id, message FROM extensiv_error
                WHERE account_id = %s AND state = 'open' AND category != 'transient' ORDER BY id""",
            [account_id],
        )
        again = []
        for error, flow, key, step, model, record, message in errors:
            if flow == "audit" and key == "unknown orders":
                if unknown := self.unknown(account_id):
                    room.say(f"  a person imports {len(unknown)} unknown orders")
                    room.press("extensiv.unknown.order", "action_import", unknown)
            elif step == "shipped elsewhere":
                self.cancel_shipped(account_id, key, model, record)
            elif step == "confirm" and self.was_shipped(record):
                room.say(f"  a person confirms {key} for the books")
                room.press("sale.order", "action_confirm", [record])
            elif step != "levels":
                room.say(f"  a person presses Retry: {flow} {key} {step}: {message[:200]}")
                again.append(error)
        if again:
            room.press("extensiv.error", "action_retry", again)

    def was_shipped(self, sale):
        """Tell whether EIM had the shipment of the quotation before the order was received."""
        [(is_shipped,)] = self.room.query(
            """SELECT received.is_shipped_already FROM sale_order AS sale
                 JOIN extensiv_order AS received ON received.id = sale.extensiv_order_id WHERE sale.id = %s""",
            [sale],
        )
        return is_shipped

    def cancel_shipped(self, account_id, key, model, record):
        """Cancel here what was shipped before the backup was restored."""
        room = self.room
        if model == "extensiv.order":  # it was not imported yet when EIM said so
            [(record,)] = room.query("SELECT sale_order_id FROM extensiv_order WHERE id = %s", [record])
            if not record:
                return
        [(state,)] = room.query("SELECT state FROM sale_order WHERE id = %s", [record])
        if state != "cancel":
            room.say(f"  a person cancels {key}, which has left already")
            room.press("sale.order", "action_cancel", [record], context={"disable_cancel_warning": True})
        else:  # the error goes with the next audit
            room.press("extensiv.account", "action_audit", [account_id])
