"""A pass that stops for good in the middle, where a test then kills its process."""

_STALL = """
import time
model = type(env["{model}"])
whole = getattr(model, args["method"])
calls = []

def stalling(self, *arguments, **options):
    calls.append(1)
    if len(calls) < args["call"]:
        return whole(self, *arguments, **options)
    if args["after"]:
        whole(self, *arguments, **options)
    print("stalled", flush=True)
    time.sleep(600)

setattr(model, args["method"], stalling)
env["extensiv.account"].search([]).{button}()
"""


def stalling(model, button):
    """Return a script that presses `button` and stalls in a method of `model`, having printed `stalled`.

    Its arguments: `method`, at which `call` of it, and whether `after` its work or before.
    """
    return _STALL.format(model=model, button=button)
