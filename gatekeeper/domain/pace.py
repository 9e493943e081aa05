"""Pace: how many messages may leave in a minute, evenly, by a clock that is handed in."""

from gatekeeper.domain.instants import MINUTE, Instant, later


class Pace:
    """Says when the next message may begin; `per_minute` 0 is no limit.

    Messages are spread evenly and nothing is saved up in quiet times, so that no minute has more,
    whenever it begins.
    """

    def __init__(self, per_minute: int) -> None:
        """Take the limit; ValueError when it is negative."""
        if per_minute < 0:
            message = "a pace is not negative"
            raise ValueError(message)
        self._interval = -(-MINUTE // per_minute) if per_minute else 0
        self._next = Instant(0)

    def wait(self, now: Instant) -> int:
        """Return for how many microseconds the next message has to wait, 0 when it may begin.

        A clock that was put back does not stop the mail: it waits for one interval at most.
        """
        if self._next - now > self._interval:
            self._next = later(now, self._interval)
        return max(0, self._next - now)

    def begun(self, now: Instant) -> None:
        """Note that a message began."""
        if self._interval:
            self._next = later(max(self._next, now), self._interval)

    def within(self, span: int) -> int | None:
        """Return how many may begin within `span` microseconds from now, None without a limit."""
        return span // self._interval + 1 if self._interval else None
