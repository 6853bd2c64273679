"""Inline queries: what people type after the bot's name, what it answers, and Telegram's cache of its answers."""

import secrets
from dataclasses import dataclass, field

from sandbox.botapi.model import JsonObject, Keyboard, Media, RichText


@dataclass(frozen=True, slots=True)
class InlineResult:
    """One thing that can be sent."""

    result_id: str
    kind: str
    """``video``, ``photo``, ``document`` by file id, or ``article``."""
    title: str
    description: str
    content: RichText
    """The text that will be sent, or the caption."""
    media: Media | None
    keyboard: Keyboard


@dataclass(frozen=True, slots=True)
class InlineAnswer:
    """What the bot offers for a query."""

    results: tuple[InlineResult, ...]
    next_offset: str
    button: JsonObject | None
    """An ``InlineQueryResultsButton`` above the results."""
    cache_time: int
    """Seconds."""
    is_personal: bool


@dataclass(slots=True)
class InlineQuery:
    """What somebody has typed."""

    query_id: str
    user_id: int
    chat_id: int
    """Where; never told to the bot."""
    text: str
    offset: str
    asked_at: float
    """By the monotonic clock, seconds."""
    answer: InlineAnswer | None = None
    cached: bool = False
    """Telegram answered it from its cache; the bot was not asked."""

    def result(self, result_id: str) -> InlineResult:
        """The result with this id.

        Raises:
            LookupError: There is none, or no answer yet.
        """
        for result in self.answer.results if self.answer is not None else ():
            if result.result_id == result_id:
                return result
        raise LookupError(f"no result {result_id!r}")


@dataclass(slots=True)
class InlineBoard:
    """All queries, and the cache."""

    enabled: bool
    """Whether BotFather's inline mode is on."""
    feedback: bool
    """Whether BotFather's inline feedback is on: the bot hears which results are chosen."""
    queries: dict[str, InlineQuery] = field(default_factory=dict)
    _cache: dict[tuple[int, str, str], tuple[float, InlineAnswer]] = field(default_factory=dict)

    def ask(self, user_id: int, chat_id: int, text: str, offset: str, now: float) -> InlineQuery:
        """A new query, answered already if the cache knows an answer for this person or for everybody."""
        query = InlineQuery(str(secrets.randbits(62)), user_id, chat_id, text, offset, now)
        self.queries[query.query_id] = query
        for owner in (user_id, 0):
            until, answer = self._cache.get((owner, text, offset), (now, None))
            if answer is not None and now < until:
                query.answer, query.cached = answer, True
        return query

    def answer(self, query: InlineQuery, answer: InlineAnswer, now: float) -> None:
        """Take in an answer, and keep it for as long as it says."""
        query.answer = answer
        owner = query.user_id if answer.is_personal else 0
        self._cache[owner, query.text, query.offset] = (now + answer.cache_time, answer)
