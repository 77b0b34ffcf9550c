"""What is drawn: each disaster begins, lasts while the shop goes on, and ends."""

import os
import random
import signal
import threading

CLOCK_SECONDS = 7200
# EIM's answer to one route is a gateway's 403, as of a firewall that dislikes its path.
ROUTES = ("acknowledge", "batch_update_order_status", "ship", "push_inventory", "list_orders", "get_order_status")


class Disaster:
    """One disaster in a room. ``rounds`` says for how many rounds of the shop's life it lasts."""

    rounds = (0, 1)

    def __init__(self, room, choose: random.Random):
        self.room = room
        self.choose = choose
        self.left = choose.randint(*self.rounds)

    @property
    def name(self):
        return type(self).__name__

    def pick(self, workers):
        """Return one of some process ids, or none: however many there are, what is drawn next is the same."""
        place = self.choose.random()
        return [workers[int(place * len(workers))]] if workers else []

    def begin(self) -> str:
        """Begin, and return in words what was done."""
        raise NotImplementedError

    def end(self) -> str:
        """End, and return in words what was done, empty where there was nothing to end."""
        return ""


class KilledWorker(Disaster):
    """A worker is killed."""

    rounds = (0, 0)

    def begin(self):
        pids = []
        for is_cron in self.choose.choice([(True,), (True, False), (True, True)]):
            workers = [pid for pid in self.room.workers(is_cron) if pid not in pids]
            pids += self.pick(workers)
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        return f"workers {pids} killed"


class StoppedWorker(Disaster):
    """A worker stands still for some seconds, with what it holds, and goes on as if nothing had been."""

    rounds = (1, 1)

    def begin(self):
        seconds = self.choose.uniform(3, 10)
        workers = self.room.workers(is_cron=self.choose.random() < 0.7)
        pids = self.pick(workers)
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        self.timer = threading.Timer(seconds, self.go_on, [pids])
        self.timer.start()
        return f"workers {pids} stopped for {seconds:.1f} s"

    def go_on(self, pids):
        for pid in pids:
            _signal(pid, signal.SIGCONT)

    def end(self):
        self.timer.join()
        return "the stopped workers go on"


class CrashedPostgres(Disaster):
    """PostgreSQL is killed and started again at once."""

    rounds = (0, 0)

    def begin(self):
        self.room.crash_postgres()
        return "PostgreSQL killed and started again"


class RolledBack(Disaster):
    """A copy of the database is taken, and put in its place later."""

    rounds = (1, 2)

    def begin(self):
        self.room.back_up()
        return "the database copied"

    def end(self):
        self.room.restore()
        return "the database is the copy again"


class WrongClock(Disaster):
    """EIM's clock is two hours off."""

    rounds = (1, 3)

    def begin(self):
        offset = self.choose.choice((-CLOCK_SECONDS, CLOCK_SECONDS))
        self.room.sandbox.post("/sandbox/settings", {"clock_offset": offset})
        return f"EIM's clock is {offset} s off"

    def end(self):
        self.room.sandbox.post("/sandbox/settings", {"clock_offset": 0})
        return "EIM's clock is right again"


class Hanging(Disaster):
    """EIM takes connections and calls, and says nothing; what was asked is done, or not."""

    rounds = (1, 2)

    def begin(self):
        kind = self.choose.choice(("timeout", "lose_answer"))
        self.room.faults[self.name] = {"route": "*", "kind": kind, "count": 10**6, "seconds": 12}
        self.room.apply_faults()
        return f"EIM hangs ({kind})"

    def end(self):
        del self.room.faults[self.name]
        self.room.apply_faults()
        return "EIM answers again"


class Forbidden(Disaster):
    """One of EIM's routes answers 403."""

    rounds = (1, 3)

    def begin(self):
        route = self.choose.choice(ROUTES)
        kind = self.choose.choice(("403", "gateway_403"))
        self.room.faults[self.name] = {"route": route, "kind": kind, "count": 10**6}
        self.room.apply_faults()
        return f"{route} answers {kind}"

    def end(self):
        del self.room.faults[self.name]
        self.room.apply_faults()
        return "no route is forbidden"


class SecondOdoo(Disaster):
    """A second Odoo server runs on the same database."""

    rounds = (1, 3)

    def begin(self):
        workers = self.choose.choice(("0", "2"))
        self.at_once = self.choose.random() < 0.5
        self.room.start_odoo("second", f"--workers={workers}", "--max-cron-threads=1")
        return f"a second Odoo with workers={workers}"

    def end(self):
        if "second" in self.room.servers:
            self.room.stop_odoo("second", self.at_once)
        return f"no second Odoo, {'killed' if self.at_once else 'stopped'}"


KINDS = (KilledWorker, StoppedWorker, CrashedPostgres, RolledBack, WrongClock, Hanging, Forbidden, SecondOdoo)


def _signal(pid, signum):
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        pass  # another disaster was quicker
