"""A pass that stops for good in the middle, where a test then kills its process."""

_STALL = """
import time
from importlib import import_module
name, _dot, method = args["method"].rpartition(".")
if name:  # a class of a flow
    module, _dot, name = name.rpartition(".")
    model = getattr(import_module("odoo.addons.extensiv_connector.flows." + module), name)
else:
    model = type(env["{model}"])
whole = getattr(model, method)
calls = []

def stalling(self, *arguments, **options):
    calls.append(1)
    if len(calls) < args["call"]:
        return whole(self, *arguments, **options)
    if args["after"]:
        whole(self, *arguments, **options)
    print("stalled", flush=True)
    time.sleep(600)

setattr(model, method, stalling)
env["extensiv.account"].search([]).{button}()
"""


def stalling(model, button):
    """Return a script that presses `button` and stalls in a method, having printed `stalled`.

    Its arguments: `method` (of `model`, or of a class in `flows/`: `stock_push.StockPush.push_batch`), at which `call`
    of it, and whether `after` its work or before.
    """
    return _STALL.format(model=model, button=button)
