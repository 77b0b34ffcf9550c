"""What a run says it did: sentences, whatever it counted and whatever stopped it."""

from .languages import translated


def compose(env, counts, messages):
    """Return what a run did, as sentences.

    :param counts: ``{word of count: how many}``, as the run counted
    :param messages: what is to be said besides
    """
    phrases = _phrases(env)
    done = [phrases[word][count > 1] % {"count": count} for word in phrases if (count := counts.get(word))]
    sentences = [f"{_join(env, done)}.", *messages] if done else list(messages)
    return " ".join(map(as_sentence, sentences)) or env._("Nothing new.")


def _phrases(env):
    """Return ``{word of count: (clause for one, clause for several)}``, in the order in which they are said."""
    return {
        "received": (env._("%(count)s order was received"), env._("%(count)s orders were received")),
        "acknowledged": (env._("%(count)s order was acknowledged"), env._("%(count)s orders were acknowledged")),
        "imported": (env._("%(count)s order was imported"), env._("%(count)s orders were imported")),
        "held": (env._("%(count)s order was held as a quotation"), env._("%(count)s orders were held as quotations")),
        "cancelled": (env._("%(count)s order was cancelled"), env._("%(count)s orders were cancelled")),
        "pushed": (env._("%(count)s stock level was pushed"), env._("%(count)s stock levels were pushed")),
        "restated": (env._("%(count)s stock level was told again"), env._("%(count)s stock levels were told again")),
        "sent": (env._("%(count)s shipped order was sent"), env._("%(count)s shipped orders were sent")),
        "fetched": (env._("%(count)s alert was fetched"), env._("%(count)s alerts were fetched")),
        "unknown": (env._("%(count)s order is unknown here"), env._("%(count)s orders are unknown here")),
        "failed": (env._("%(count)s failed"), env._("%(count)s failed")),
        "skipped": (env._("%(count)s order was left at EIM"), env._("%(count)s orders were left at EIM")),
    }


def _join(env, clauses):
    """Return clauses as one: the last one after an “and”."""
    *most, last = clauses
    return env._("%(clauses)s and %(last)s", clauses=", ".join(most), last=last) if most else last


def say_error(env, error):
    """Return in a sentence what EIM answered, or that it did not.

    :param error: an ``EimError``, whose message is EIM's own words where it gave any
    """
    said = translated(env, error).strip()
    return as_sentence(said) if "EIM" in said else as_sentence(env._("EIM answered: %s", said))


def as_sentence(text):
    """Return ``text`` with a full stop, where nothing ends it."""
    text = text.strip()
    return f"{text}." if text and text[-1] not in ".!?…:”)" else text
