"""From the service's words to the product's reasons. Pure; the table is that of the user-facing errors.

The words were seen in the wild (``UNSAFE_GENERATION``, ``AUDIO_FILTERED``, ``quota``, also with a prefix such as
``PUBLIC_ERROR_``); they are looked for whatever their case.
"""

import re
from dataclasses import dataclass

from services.failures import Charged, Failure, FailureKind
from services.genaipro.text import short

_AUDIO = re.compile(r"audio[\s_-]*(was |is |has been )?(filter|block|unsafe)", re.IGNORECASE)
_SAFETY = re.compile(
    r"unsafe|safety|content[\s_-]*policy|policy[\s_-]*violation|violat\w+ (\w+ ){0,4}(policy|policies|guideline)"
    r"|prominent[\s_-]*people|public[\s_-]*error[\s_-]*(minor|sexual|violen|ip[\s_-]*input)|nsfw|moderation|prohibited[\s_-]*content"
    r"|inappropriate|harmful|sensitive content",
    re.IGNORECASE,
)
_CREDITS = re.compile(
    r"quota|payment[\s_-]*required"
    r"|(insufficient|not[\s_]enough|out[\s_]of|run[\s_]out[\s_]of|không đủ|hết)[\s_](\w+[\s_]){0,2}"
    r"(credit|balance|fund|số dư|tín dụng)"
    r"|\bno[\s_]((more|remaining|available)[\s_])?credits?[\s_](left|remain|available)"
    r"|credits?[\s_](\w+[\s_]){0,3}(exhausted|insufficient|depleted|used up)",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"api[\s_-]*key|access[\s_-]*token|bearer|\btoken\b|unauthori[sz]ed|unauthenticated|credential|authenticat",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error object or an error body says.

    Attributes:
        text: The words for a person, as they came; may be empty.
        code: The machine's word or number, as text; may be empty.
        unshown: Words that tell the reason but are nothing for a person, such as JSON that was cut off.
    """

    text: str = ""
    code: str = ""
    unshown: str = ""


def _kind_of_words(words: str) -> FailureKind | None:
    """The reason that the words alone name, or None. Sound first: its word may stand beside "unsafe"."""
    for pattern, kind in (
        (_AUDIO, FailureKind.AUDIO),
        (_SAFETY, FailureKind.SAFETY),
        (_CREDITS, FailureKind.CREDITS),
    ):
        if pattern.search(words):
            return kind
    return None


def _kind_of_status(status: int, words: str) -> FailureKind:
    """The reason of an HTTP answer of 300 to 499."""
    if status == 401:
        return FailureKind.KEY
    if status == 402:
        return FailureKind.CREDITS
    if status == 429:
        return FailureKind.BUSY
    named = _kind_of_words(words)
    if named is None and status == 403 and _KEY.search(words):
        return FailureKind.KEY
    return named or FailureKind.REJECTED


def _kind_of_event(code: str, words: str) -> FailureKind:
    """The reason of an error event; its own number counts only where it can mean one thing."""
    named = _kind_of_words(words)
    if named is not None:
        return named
    return {"401": FailureKind.KEY, "402": FailureKind.CREDITS}.get(code.strip(), FailureKind.OTHER)


def classify(words: ErrorWords, status: int | None = None) -> Failure:
    """The failure that an error means.

    Args:
        words: What the service said.
        status: The HTTP status of the answer, or None for an error event of the stream.

    Returns:
        The kind, with the service's own words as reason (its code when there are none); nothing was charged, save
        for a 5xx, of which that cannot be known.
    """
    said = f"{words.text} {words.code} {words.unshown}"
    reason = short(words.text) or short(words.code)
    if status is None:
        return Failure(_kind_of_event(words.code, said), reason)
    if status >= 500 or status < 300:
        return Failure(FailureKind.SERVICE, reason, Charged.UNKNOWN)
    return Failure(_kind_of_status(status, said), reason)
