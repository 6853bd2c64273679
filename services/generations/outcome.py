"""What a completed array without a single video means. Pure."""

from collections.abc import Sequence

from services.failures import Charged, Failure, FailureKind
from services.genaipro.classify import ErrorWords, classify
from services.genaipro.events import VideoResult


def failure_of(results: Sequence[VideoResult]) -> Failure:
    """The reason of the first object that names one, or that nothing was made.

    Args:
        results: Objects without an address; may be empty.
    """
    for result in results:
        words = result.error or (result.status if result.failed else "")
        if words:
            named = classify(ErrorWords(text=result.error, unshown=words))
            return Failure(named.kind, named.reason, Charged.NO)
    return Failure(FailureKind.OTHER, "", Charged.NO)
