"""What to tell a person of an ``EimError``: EIM's words, and what to do."""

from ..eim import errors as eim
from .languages import translated


def explain(env, error):
    """Return what to tell a person of an ``EimError`` that ended a pass: EIM's words, and what to do."""
    if isinstance(error, eim.CredentialsRefused):
        words = explain_refusal(env, error)
        advice = (
            env._("EIM refuses the key. Correct it on the account and press Connect.")
            if error.cause
            else env._(
                "EIM refuses the API user or key. Enter both again as EIM's WMS set-up page shows them, and press "
                "Connect."
            )
        )
        return f"{words}\n{advice}"
    if isinstance(error, eim.CertificateInvalid):
        advice = advise_certificate(env, error)
    elif isinstance(error, eim.Refused):
        advice = env._(
            "EIM refused the call %s. Run the Diagnosis of the account: it tries every route and says which answer.",
            error.route or "",
        )
    elif isinstance(error, eim.AnswerLost | eim.Unreadable):
        advice = env._("EIM's answer did not arrive whole. It is asked again by itself.")
    else:
        advice = env._(
            "Nothing to do: it is tried again by itself. If it lasts, look at EIM's status page, status.extensiv.com."
        )
    return f"{translated(env, error)}\n{advice}"


def advise_certificate(env, error):
    """Return what to do about a certificate that is not valid, of other errors nothing."""
    if not isinstance(error, eim.CertificateInvalid):
        return ""
    return env._(
        "Have whoever runs this server look at its clock, at its list of trusted certificates, and at a proxy that "
        "opens encrypted connections; with an API Address of your own, at that server's certificate."
    )


def explain_refusal(env, error):
    """Return EIM's words and, where it was found out, what is wrong with the credentials.

    :param error: ``CredentialsRefused``
    """
    causes = {
        "level": env._(
            "EIM knows the key, but not as a merchant's: it is of another level, a cart's for example. The right "
            "one stands in EIM under Merchants ▸ API Keys."
        ),
        "merchant": env._(
            "It is the key of a warehouse, which acts for several merchants. Press Choose the Warehouse's Merchants."
        ),
        "other_merchant": env._(
            "The key is a warehouse's, but the Merchant ID is none of its merchants. Correct it, or press "
            "Choose the Warehouse's Merchants."
        ),
    }
    return " ".join(filter(None, [translated(env, error), causes.get(error.cause)]))
