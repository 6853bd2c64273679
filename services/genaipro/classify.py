"""What the service's answers mean: the words of an error, the reason they name, and who may have been charged. Pure.

Error payloads come as ``{"error": "…", "code": …}``, ``{"message": "…"}``, ``{"error": {"message": "…"}}``,
``{"detail": "…"}``, ``{"detail": [{"loc": […], "msg": "…"}]}``, a bare string, an HTML page, nothing at all. The words
that tell a reason were seen in the wild (``UNSAFE_GENERATION``, ``AUDIO_FILTERED``, ``quota``, also with a prefix such
as ``PUBLIC_ERROR_``).
"""

import email.utils
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.failures import Charged, Failure, FailureKind
from services.genaipro.events import GenAIProError, MaybeAcceptedError, NotAcceptedError, RefusedError, VideoResult
from services.store.base import storable

REASON_LIMIT = 300
"""Code points of a reason; what is longer is cut."""

_INPUT_LIMIT = 4000
_HTML_LIMIT = 8192
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_ADDRESS_TAIL = re.compile(r"(https?://[^\s?#]+)[?#]\S*", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)<", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|head|svg)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_NOT_JSON = object()


def short(value: str) -> str:
    """The text on one line: blanks collapsed, queries of addresses (signatures) removed, cut to the limit."""
    line = _BLANKS.sub(" ", storable(value[:_INPUT_LIMIT])).strip()
    return _ADDRESS_TAIL.sub(r"\1", line)[:REASON_LIMIT].strip()


def load_json(text: str, otherwise: object) -> object:
    """The value a JSON text stands for; another where it is not JSON, or nested too deeply to be read."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return otherwise
    return value


def looks_like_html(text: str) -> bool:
    """Whether a body is markup, whatever its content type says."""
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def words_of_html(text: str) -> str:
    """What an error page says in its first 8 KiB: its title, or the text of its body; empty when there is neither."""
    page = text[:_HTML_LIMIT]
    title = _TITLE.search(page)
    if title and title.group(1).strip():
        return short(html.unescape(title.group(1)))
    return short(html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", page))))


_TEXT_KEYS = ("error", "message", "detail", "details", "msg", "reason", "description", "error_message", "errors")
_CODE_KEYS = ("code", "error_code", "errorCode", "status_code", "status", "type")
_DEPTH = 5
_PARTS = 5


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error object or an error body says."""

    text: str = ""
    """The words for a person, as they came; may be empty."""
    code: str = ""
    """The machine's word or number, as text; may be empty."""
    unshown: str = ""
    """Words that tell the reason but are nothing for a person, such as JSON that was cut off."""


def _scalar(value: object) -> str:
    """A text or a whole number as text; empty for anything else."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int) and abs(value) < 10**18:
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _together(parts: Sequence[ErrorWords], between: str) -> ErrorWords:
    """What several say: their texts, without repeats, and the first code."""
    texts = dict.fromkeys(part.text for part in parts if part.text)
    return ErrorWords(between.join(texts), next((part.code for part in parts if part.code), ""))


def _words_of_mapping(value: Mapping[str, object], depth: int) -> ErrorWords:
    inner = _together([words_of_value(value[key], depth - 1) for key in _TEXT_KEYS if key in value], ": ")
    text, place = inner.text, value.get("loc")
    if text and isinstance(place, list):
        where = ".".join(filter(None, (_scalar(step) for step in place if step != "body")))
        text = f"{where}: {text}" if where else text
    return ErrorWords(text, next(filter(None, (_scalar(value.get(key)) for key in _CODE_KEYS)), inner.code))


def words_of_value(value: object, depth: int = _DEPTH) -> ErrorWords:
    """The words in a JSON value of any shape, of which so many levels of nesting are followed."""
    if depth <= 0:
        return ErrorWords()
    if isinstance(value, Mapping):
        return _words_of_mapping(value, depth)
    if isinstance(value, list):
        return _together([words_of_value(part, depth - 1) for part in value[:_PARTS]], "; ")
    return ErrorWords(_scalar(value))


def words_of_text(text: str) -> ErrorWords:
    """The words in a payload as it came: JSON, HTML or plain. Never raises."""
    value = load_json(text, _NOT_JSON)
    if value is not _NOT_JSON:
        return words_of_value(value)
    if looks_like_html(text):
        return ErrorWords(words_of_html(text))
    if text.lstrip().startswith(("{", "[")):
        return ErrorWords(unshown=text)
    return ErrorWords(text.strip())


_BARE_CODE = re.compile(r"\s*error code:?\s*1\d{3}\s*", re.IGNORECASE)
_CHALLENGE = re.compile(r"just a moment|attention required|checking your browser", re.IGNORECASE)
_CLOUDFLARE = re.compile(r"cloudflare|cdn-cgi|cf[_-]chl", re.IGNORECASE)
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
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


_BY_WORDS = ((_AUDIO, FailureKind.AUDIO), (_SAFETY, FailureKind.SAFETY), (_CREDITS, FailureKind.CREDITS))
"""What words alone name. Sound first: its word may stand beside "unsafe"."""
_BY_STATUS = {401: FailureKind.KEY, 402: FailureKind.CREDITS, 429: FailureKind.BUSY}
_BY_CODE = {"401": FailureKind.KEY, "402": FailureKind.CREDITS}
"""Numbers of an error event that can mean one thing only."""


def _kind(words: ErrorWords, status: int | None) -> FailureKind:
    """The reason of an HTTP answer of 300 to 499, or of an error event."""
    said = f"{words.text} {words.code} {words.unshown}"
    named = next((kind for pattern, kind in _BY_WORDS if pattern.search(said)), None)
    if status is None:
        return named or _BY_CODE.get(words.code, FailureKind.OTHER)
    if status == 403 and named is None and _KEY.search(said):
        return FailureKind.KEY
    return _BY_STATUS.get(status) or named or FailureKind.REJECTED


def classify(words: ErrorWords, status: int | None = None) -> Failure:
    """The failure that an error means; the status is None for an error event of the stream.

    Returns:
        The kind, with the service's own words as reason (its code when there are none); nothing was charged, save for a
        5xx, of which that cannot be known.
    """
    reason = short(words.text) or short(words.code)
    if status is not None and not 300 <= status < 500:
        return Failure(FailureKind.SERVICE, reason, Charged.UNKNOWN)
    return Failure(_kind(words, status), reason)


def lost(status: int | None = None) -> MaybeAcceptedError:
    """The error of a stream that was cut off, fell silent or ended without a terminal event."""
    return MaybeAcceptedError(Failure(FailureKind.LOST, charged=Charged.UNKNOWN), status)


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """An answer that brings no result."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content_type: str
    """Without parameters, in lower case."""
    body: str = field(repr=False)
    """As much of it as was read."""
    came_at: datetime

    @property
    def words(self) -> ErrorWords:
        """What the body says."""
        if self.content_type == "text/html":
            return ErrorWords(words_of_html(self.body))
        return words_of_text(self.body)

    @property
    def is_of_guard(self) -> bool:
        """Whether a guard of the network, such as Cloudflare, answered in the service's place, which heard nothing."""
        status, body = self.status, self.body
        if "cf-mitigated" in self.headers:
            return 400 <= status < 500 or status == 503
        if status == 503:
            return (
                looks_like_html(body) and _CHALLENGE.search(body) is not None and _CLOUDFLARE.search(body) is not None
            )
        return status in {401, 403} and (_BARE_CODE.fullmatch(body) is not None or self._is_page)

    @property
    def _is_page(self) -> bool:
        is_typed = self.content_type in _PAGE_TYPES and bool(self.body.strip())
        return looks_like_html(self.body) or (is_typed and load_json(self.body, _NOT_JSON) is _NOT_JSON)


_EPOCH_FROM = 1e9
_MILLISECONDS_FROM = 1e11


def wait_asked_for(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the service asks to wait, at least 0; None when its headers do not say.

    They come from ``Retry-After`` (seconds or an HTTP date), else from ``X-RateLimit-Reset`` (seconds left, or seconds
    or milliseconds since 1970). A moment is one of the service's clock, whose time the answer's ``Date`` tells. Source:
    RFC 9110, section 10.2.3.
    """
    ahead = _until_date(headers.get("Date", "").strip(), now) or 0.0
    asked = headers.get("Retry-After", "").strip()
    seconds = _number(asked)
    if seconds is None:
        seconds = _still_left(_until_date(asked, now), ahead)
    if seconds is None:
        seconds = _number(headers.get("X-RateLimit-Reset", "").strip())
        if seconds is not None and seconds >= _EPOCH_FROM:
            seconds = _still_left(epoch_seconds(seconds) - now.timestamp(), ahead)
    return None if seconds is None else max(0.0, seconds)


def epoch_seconds(number: float) -> float:
    """Seconds since 1970, of a number that may be of milliseconds."""
    return number / 1000 if abs(number) >= _MILLISECONDS_FROM else number


def _still_left(until: float | None, ahead: float) -> float | None:
    """Seconds until a moment of the service's clock; one that is over says as little as none: the clocks are apart."""
    return until - ahead if until is not None and until > ahead else None


def clock_offset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds by which the service's clock is ahead, by its ``Date``, which names whole seconds; None without one."""
    seconds = _until_date(headers.get("Date", "").strip(), now)
    return None if seconds is None else round(seconds + 0.5, 1)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _until_date(text: str, now: datetime) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return None


def paid_error(answer: ApiAnswer) -> GenAIProError:
    """The error that an answer to the paid POST means; a 2xx is one whose body told no result."""
    status = answer.status
    if status < 300:
        return lost(status)
    if answer.is_of_guard:
        return RefusedError(Failure(FailureKind.GUARD), status)
    if status == 429 or (status == 503 and "Retry-After" in answer.headers):
        reason = classify(answer.words, 429)
        return NotAcceptedError(reason, status, wait_asked_for(answer.headers, answer.came_at))
    failure = classify(answer.words, status)
    return MaybeAcceptedError(failure, status) if status >= 500 else RefusedError(failure, status)


def read_error(answer: ApiAnswer) -> GenAIProError:
    """The error that an answer to a read means: every one but a refusal may be asked again, for free.

    A status of 200 is that of an answer too large to be read.
    """
    status = answer.status
    if answer.is_of_guard:
        return NotAcceptedError(Failure(FailureKind.GUARD), status)
    words = answer.words
    if 300 <= status < 500 and status != 429:
        return RefusedError(classify(words, status), status)
    if status == 429 or "Retry-After" in answer.headers:
        return NotAcceptedError(classify(words, 429), status, wait_asked_for(answer.headers, answer.came_at))
    return NotAcceptedError(Failure(FailureKind.SERVICE, classify(words, status).reason), status)


def failure_of(results: Sequence[VideoResult]) -> Failure:
    """The reason of the first object that names one, or that nothing was made; none of the objects has an address."""
    for result in results:
        words = result.error or (result.status if result.failed else "")
        if words:
            return classify(ErrorWords(text=result.error, unshown=words))
    return Failure(FailureKind.OTHER)
