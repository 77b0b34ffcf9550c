"""Working on records without notifying anybody: no mail, no message to followers, none to who is put in charge."""

# The first is ours: `mail.thread`, `mail.template` and `mail.mail` look for it.
QUIET = {
    "extensiv_quiet": True,
    "tracking_disable": True,
    "mail_create_nosubscribe": True,
    "mail_auto_subscribe_no_notify": True,
}


def quiet(records):
    """Return ``records`` so that whatever is done with them, by whichever app, notifies nobody."""
    return records.with_context(**QUIET)


def without_mails(records):
    """Return ``records`` so that no app mails anybody of what is done with them; who follows what is left as it is."""
    return records.with_context(extensiv_quiet=True)


def is_quiet(env):
    """Whether nobody is to be notified of what is done in ``env``."""
    return bool(env.context.get("extensiv_quiet"))
