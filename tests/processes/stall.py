"""A pass that stops for good in the middle, where a test then kills its process."""

_STALL = """
import importlib, time
*place, method = args["method"].split(".")
if place:
    flow = importlib.import_module("odoo.addons.extensiv_connector.flows." + place[0])
    owner = getattr(flow, place[1])
else:
    owner = type(env["{model}"])
whole = getattr(owner, method)
calls = []

def stalling(self, *arguments, **options):
    calls.append(1)
    if len(calls) < args["call"]:
        return whole(self, *arguments, **options)
    if args["after"]:
        whole(self, *arguments, **options)
    print("stalled", flush=True)
    time.sleep(600)

setattr(owner, method, stalling)
env["extensiv.account"].search([]).{button}()
"""


def stalling(model, button):
    """Return a script that presses `button` and stalls in a method of `model`, having printed `stalled`.

    Its arguments: `method`, or `module.Class.method` of the flows, at which `call` of it, and whether `after` its work
    or before.
    """
    return _STALL.format(model=model, button=button)
