"""Buttons that may take a while: the browser presses them a second time, and leaves the page free meanwhile."""


def begin(records, button):
    """Return what has the browser press ``button`` of ``records`` and show what it did once it is done.

    Only where the view says, by the context ``shows_progress``, that the button is pressed so; elsewhere None.
    """
    if not records or not records.env.context.get("shows_progress"):
        return None
    return {
        "type": "ir.actions.client",
        "tag": "extensiv_work",
        "params": {"model": records._name, "ids": records.ids, "method": button},
    }
