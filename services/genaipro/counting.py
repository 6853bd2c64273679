"""Counts the calls to GenAIPro by what came of them, and tells whether the service answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.genaipro.events import GenAIProError, MaybeAcceptedError, NotAcceptedError, RefusedError
from services.telemetry import OPEN_STREAMS, POSTS, Contact, PostOutcome, Service, count_call


@dataclass(slots=True)
class CallCounter:
    """Counts calls by their outcome."""

    contact: Contact
    """Whether the service answers."""

    def answered(self, call: str, status: int | None = 200) -> None:
        """Count a call by its HTTP status, None without an answer."""
        count_call(Service.GENAIPRO, call, status)
        self.contact.heard(status)

    def failed(self, call: str, error: GenAIProError) -> None:
        """Count a call that failed. A refusal without a status is the bot's own: nothing was asked."""
        if error.status is not None or not isinstance(error, RefusedError):
            self.answered(call, error.status)

    @contextmanager
    def read(self, call: str) -> Iterator[None]:
        """Count a read by how the block ends."""
        try:
            yield
        except GenAIProError as error:
            self.failed(call, error)
            raise
        self.answered(call)

    @contextmanager
    def paid(self, call: str) -> Iterator["PaidPost"]:
        """Count a paid request by how the block ends, and by what the block tells of it."""
        post = PaidPost(call, self)
        with OPEN_STREAMS.track_inprogress():
            try:
                yield post
            except GenAIProError as error:
                post.end(error)
                raise
            finally:
                POSTS.labels(post.outcome).inc()


@dataclass(slots=True)
class PaidPost:
    """A paid request under way."""

    call: str
    counter: CallCounter
    outcome: PostOutcome = PostOutcome.LEFT
    is_answered: bool = False

    def answered(self) -> None:
        """Its stream has begun."""
        self.is_answered = True
        self.counter.answered(self.call)

    def end(self, error: GenAIProError) -> None:
        """It failed."""
        if not self.is_answered:
            self.counter.failed(self.call, error)
        if isinstance(error, NotAcceptedError):
            self.outcome = PostOutcome.NOT_ACCEPTED
        else:
            is_unknown = isinstance(error, MaybeAcceptedError)
            self.outcome = PostOutcome.UNKNOWN if is_unknown else PostOutcome.REFUSED
