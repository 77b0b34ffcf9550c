"""How long importing takes, learned while it goes on, so that a batch is no larger than the time that is left."""

from itertools import accumulate

# Seconds that a line may take until this is known: several times what it takes on an ordinary server.
CAREFUL = 0.06
# What creating an order costs beside its lines, in lines.
ORDER_WEIGHT = 2
# Seconds that a batch is to take. A longer one would import no faster, and hold its rows and stock for longer.
BATCH_TARGET = 10
# Of the last batches the slowest is believed.
REMEMBERED = 2


class Pace:
    """The pace of one pass. Orders are weighed: an order weighs as much as its lines, and ``ORDER_WEIGHT`` more."""

    def __init__(self):
        self._last = []

    @property
    def seconds(self):
        """Seconds that importing takes, for each unit of weight."""
        return max(self._last, default=CAREFUL)

    def learn(self, weight, seconds):
        """Take note that a batch of this weight took so long."""
        self._last = [*self._last, seconds / weight][-REMEMBERED:]

    def together(self, seconds_left):
        """Return what the orders of a batch may weigh together; half of the time is kept for what is slower."""
        return min(BATCH_TARGET, seconds_left / 2) / self.seconds

    def alone(self, seconds_left):
        """Return what a single order may weigh that is begun now."""
        return 0.8 * seconds_left / self.seconds


def count_together(line_counts, seconds_left):
    """Return how many of the first orders, of so many lines each, are imported together before their pace is known."""
    most = Pace().together(seconds_left)
    weights = accumulate((count or 1) + ORDER_WEIGHT for count in line_counts)
    return max(sum(weight <= most for weight in weights), 1)
