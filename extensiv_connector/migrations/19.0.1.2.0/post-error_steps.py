STEPS = {
    "orders": ("acknowledge", "cancel"),
    "shipments": ("tracking",),
    "connection": ("schedule", "silence"),
}


def migrate(cr, version):
    """Split what failed of a thing from the keys of errors, where it stood behind a slash.

    A reference of EIM's may end like that by itself: then it is the key of its document.
    """
    for flow, steps in STEPS.items():
        for step in steps:
            cr.execute(
                """UPDATE extensiv_error AS error
                      SET key = LEFT(error.key, -LENGTH(%(suffix)s)), step = %(step)s
                    WHERE error.flow = %(flow)s AND error.step IS NULL
                      AND error.key LIKE '_%%' || %(suffix)s
                      AND NOT EXISTS (
                          SELECT FROM extensiv_order AS received
                           WHERE received.account_id = error.account_id AND received.cust_ref = error.key)""",
                {"flow": flow, "step": step, "suffix": f"/{step}"},
            )
