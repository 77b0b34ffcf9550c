"""Reading a list of EIM's over as many passes as it takes."""

from ..eim import errors as eim
from ..eim.paging import Pages
from ..eim.wire import Order
from .languages import translated

STEP = "list"


class ListReading:
    """What one pass reads of a list of orders; the next pass goes on where it stopped.

    A list that does not end is told, and then counts as ended: what comes after it is not held up.

    :param run: the ``FlowRun`` of the pass
    :param name: what the account remembers the place by
    :param question: arguments of ``EimClient.list_orders``, plain JSON; where it goes on, those it began with count
    :param keeps_place: whether it goes on at its place also after trouble, and not from its beginning
    :param record: what the orders are read as, see ``EimClient.list_orders``
    """

    def __init__(self, run, name, question, keeps_place=True, record=Order):
        self.run = run
        self.name = name
        kept = (run.account.list_places or {}).get(name)
        self.question = kept["question"] if kept else question
        self.goes_on = bool(kept)
        self.note = kept["note"] if kept else None
        """Anything of plain JSON that is remembered with the place."""
        self.is_broken = False
        self._keeps_place = keeps_place
        self._record = record
        self._pages = Pages(self._ask, kept)

    @property
    def is_over(self):
        """Whether the list's end was reached, be it that of a list which has none."""
        return self._pages.is_over

    @property
    def is_whole(self):
        """Whether this pass read the whole list."""
        return self.is_over and not self.goes_on and not self.is_broken

    def pages(self):
        """Yield each page, as long as there is time; whoever takes them commits.

        :raise eim.EimError: EIM had trouble, or refuses
        """
        run = self.run
        first = self._pages.number
        while not self.is_over:
            if self._pages.number > first and not run.has_time():
                self._remember(self._pages.place)
                run.resume_in = 0
                return
            # Nothing is locked, and what is known here is read after EIM answered.
            run.commit()
            try:
                page = self._pages.read()
            except eim.EndlessList as error:
                self.is_broken = True
                self._remember(None)
                run.retry_on_conflict(lambda error=error: self._report(error))
                return
            except eim.EimError as error:
                self._remember_after(error, is_further=self._pages.number > first)
                raise
            run.commit()
            yield page
        self._remember(None)
        run.retry_on_conflict(self._resolve)

    def _ask(self, number):
        return self.run.client.list_orders(page=number, record=self._record, **self.question)

    def _remember_after(self, error, is_further):
        """Remember the place where it goes on after ``error``; a list that fails where it began begins anew."""
        self.run.rollback()
        goes_on = isinstance(error, eim.RateLimited) or (
            self._keeps_place and is_further and isinstance(error, eim.Transient)
        )
        self._remember(self._pages.place if goes_on else None)

    def _remember(self, place):
        def write():
            account = self.run.account
            places = account.list_places or {}
            kept = place and {**place, "question": self.question, "note": self.note}
            if places.get(self.name) != kept:
                account.list_places = {**places, self.name: kept} if kept else without(places, self.name)

        self.run.retry_on_conflict(write)

    def _report(self, error):
        env = self.run.env
        message = env._(
            "EIM's list of orders in the status %(status)s does not end as it should: %(reason)s What was read of it "
            "is here; something may be missing. Tell EIM's support.",
            status=self.question["status"],
            reason=translated(env, error),
        )
        env["extensiv.error"]._report(
            self.run.account, self.run.flow, {self.question["status"]: {"message": message, "category": "data"}}, STEP
        )

    def _resolve(self):
        self.run.env["extensiv.error"]._resolve(self.run.account, self.run.flow, [self.question["status"]], STEP)


def move_back(account, name, count):
    """Note that so many orders that were read left the list of this name, where it is not read to its end yet."""
    place = (account.list_places or {}).get(name)
    if place:
        account.list_places = {**account.list_places, name: {**place, "gone": place.get("gone", 0) + count}}


def without(places, name):
    """Return what an account remembers of its lists, but for one: that is read from its beginning."""
    return {key: place for key, place in (places or {}).items() if key != name} or False
