"""The three ways a call to GenAIPro ends badly; what tells them apart is who may have been charged."""

from services.failures import Failure


class GenAIProError(Exception):
    """Base of all errors of the client. Messages hold no key and no address with a signature.

    Args:
        failure: The reason, ready to be stored and told.
        status: The HTTP status, or None where no answer came.
    """

    def __init__(self, failure: Failure, status: int | None = None) -> None:
        super().__init__(f"{failure.kind.value} (status {status}): {failure.reason}")
        self.failure = failure
        self.status = status


class NotAcceptedError(GenAIProError):
    """Provably not accepted: may be tried again (refused connection, DNS, TLS; 429; 503 with ``Retry-After``).

    Args:
        retry_after: Seconds the service asked to wait (from ``Retry-After`` or ``X-RateLimit-Reset``), or None.
    """

    def __init__(self, failure: Failure, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(failure, status)
        self.retry_after = retry_after


class RefusedError(GenAIProError):
    """Refused for good and not charged: every other 4xx. Trying the same again is pointless."""


class MaybeAcceptedError(GenAIProError):
    """The request may have been accepted and paid: drop, silence, end without a terminal event, other 5xx.

    Never to be sent again; the result is looked up in the history. ``status`` tells a 5xx (looked up for two
    minutes) from a lost stream (looked up for ``RECONCILE_TIMEOUT``).
    """
