"""Whether something outside was reached lately: told by what comes of the calls that are made anyway."""

from services.clock import Clock

GRACE_SECONDS = 10.0
"""A failure counts once nothing else has succeeded for so long: one broken connection is no outage."""


class NotReachedError(Exception):
    """It was not reached lately; the message says since when."""


class Contact:
    """The last outcomes of calls to one thing.

    Args:
        clock: Its monotonic side is read.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answered_at: float | None = None
        self._failed_at: float | None = None

    def answered(self) -> None:
        """A call was answered."""
        self._answered_at = self._clock.monotonic()

    def failed(self) -> None:
        """A call was not."""
        self._failed_at = self._clock.monotonic()

    @property
    def silence(self) -> float | None:
        """Seconds since the last answer, or None before the first."""
        return None if self._answered_at is None else self._clock.monotonic() - self._answered_at

    @property
    def since_failure(self) -> float | None:
        """Seconds since the last failure, or None before the first."""
        return None if self._failed_at is None else self._clock.monotonic() - self._failed_at

    @property
    def is_broken(self) -> bool:
        """Whether the newest outcome is a failure, and the newest answer longer ago than the grace."""
        if self._failed_at is None:
            return False
        if self._answered_at is None:
            return True
        return self._failed_at >= self._answered_at and (self.silence or 0.0) > GRACE_SECONDS

    def check(self, longest: float) -> None:
        """Prove that it was reached.

        Args:
            longest: Seconds of silence that are normal.

        Raises:
            NotReachedError: It was never reached, is failing now, or has been silent for longer.
        """
        silence = self.silence
        if silence is None:
            raise NotReachedError("never reached since the start")
        if self.is_broken or silence > longest:
            raise NotReachedError(f"not reached for {silence:.0f} s")
