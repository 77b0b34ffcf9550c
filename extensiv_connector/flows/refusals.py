"""Refusals in the same words, held back until it is known that the credentials are not behind them.

EIM says most refusals under HTTP 200, so that revoked credentials may look like an ordinary refusal of each record.
"""

import re

from .credential_check import is_suspicious, may_be_the_key

SAME_WORDS = 3  # records in a row refused in the same words: then the check is asked
# So many levels refused in the same words are not wrong themselves: their location is, or the whole account.
ALL_REFUSED = 10


class Refusals:
    """The refusals of one pass that nobody may write down yet.

    A flow tells of each refusal and each acceptance, and writes down what it gets back: ``{key: what}``. What it
    does not get back, because the check is refused too, stays as it was.

    :param check: a ``CredentialCheck``
    """

    def __init__(self, check):
        self._check = check
        self._held = {}
        self._words = None

    def refused(self, key, error, names, what=None):
        """Hold ``key`` back and return what may be written down by now.

        :param names: by which EIM's words may call the record, which make no difference
        :param what: what is given back with the key, ``error`` by default
        :raise CredentialsRefused: the check is refused too
        :raise EimError: the check could not be asked
        """
        what = error if what is None else what
        if self._check.passed or not may_be_the_key(error):
            return {key: what}
        words = _plain(error.message, names)
        released = {}
        if words != self._words:
            released = self.drop()
        self._held[key] = what
        self._words = words
        if is_suspicious(error) or len(self._held) >= SAME_WORDS:
            try:
                self._check.ask()
            except Exception:
                # What other words would have released is the key's fault now, too.
                self._held = {**released, **self._held}
                raise
            released.update(self.drop())
        return released

    def accepted(self):
        """Return what was held back: EIM takes the credentials."""
        return self.drop()

    def finish(self):
        """Return what is still held back, after asking the check.

        :raise CredentialsRefused, EimError: as ``refused``
        """
        if self._held:
            self._check.ask()
        return self.drop()

    def drop(self):
        """Forget what is held back, and return it."""
        held = self._held
        self._held = {}
        self._words = None
        return held


def _plain(message, names):
    """Return EIM's words without what they call the record."""
    plain = " ".join(message.casefold().split())
    for name in sorted(filter(None, names), key=len, reverse=True):
        name = " ".join(str(name).casefold().split())
        plain = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "*", plain)
    return plain
