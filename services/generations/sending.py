"""One pass over the videos of a generation: sent in groups, each once, another way when Telegram refuses one.

Before a send its videos are committed as being sent, after it as sent. A run that finds one being sent cannot know
whether Telegram took it: it is sent once more at most, when Telegram answers again, and given as a link after that.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from structlog import get_logger
from telegram.error import ChatMigrated, RetryAfter

from services.clock import Clock
from services.delivery.errors import SendForbiddenError, SendNotSentError, SendRefusedError, SendUnknownError
from services.delivery.plan import FileLimits, Prepared, Way, after, batches
from services.delivery.send import Outgoing, VideoSender
from services.generations.model import Generation, VideoState
from services.generations.results import Results
from services.outbox.calls import Priority, sending
from services.retries import through_outages
from services.screens import Place
from services.tasks import to_its_end

log = get_logger(__name__)

MAX_SENDS = 2
"""Sends of one video that may have been delivered."""

BROKEN_UPLOADS = 3
"""Uploads of one group that break off in the middle, though Telegram answers, before its size counts as the reason."""

LAST_SEND_SECONDS = 3.0
"""How long a send that has begun may still take when the process ends: cut off, it would be made once more."""


@dataclass(frozen=True, slots=True)
class Item:
    """A video on its way.

    Attributes:
        prepared: The video.
        way: The way that is tried next.
        sends: Sends that may have been delivered.
    """

    prepared: Prepared
    way: Way
    sends: int

    @property
    def position(self) -> int:
        """Its number among the videos of the request, from 0."""
        return self.prepared.index

    def outgoing(self) -> Outgoing:
        """What the sender is given."""
        source: str | Path = self.prepared.url
        if self.way is Way.UPLOAD:
            assert self.prepared.path is not None
            source = self.prepared.path
        return Outgoing(source, self.prepared.facts, self.prepared.filename)


@dataclass(frozen=True, slots=True)
class SendTools:
    """What sending needs of the world.

    Attributes:
        sender: Sends.
        limits: What Telegram takes.
        move_chat: Called with old and new id when a group became a supergroup.
        clock: Its waits.
        random: A number from 0 to 1, by which pauses differ.
    """

    sender: VideoSender
    limits: FileLimits
    move_chat: Callable[[int, int], Awaitable[object]]
    clock: Clock
    random: Callable[[], float]


@dataclass(slots=True)
class Sending:
    """One pass over a generation's videos: groups wait in line, and come back changed when Telegram refuses them.

    Attributes:
        generation: Whose videos; fenced by its epoch.
        results: Their rows.
        tools: What sending needs of the world.
    """

    generation: Generation
    results: Results
    tools: SendTools
    ended: Generation | None = field(default=None, init=False)
    """The generation, then done, once its last video was sent."""
    _place: Place = field(init=False)
    _sent_as: VideoState = VideoState.SENT
    _line: deque[list[Item]] = field(default_factory=deque)
    _pauses: int = 0
    _broken: int = 0

    def __post_init__(self) -> None:
        """Begin where it was asked."""
        self._place = self.generation.place

    async def send(self, items: Sequence[Item]) -> None:
        """Send all of them, one way or another."""
        self._next(items)
        while self._line:
            await self._attempt(self._line.popleft())

    def _next(self, items: Sequence[Item]) -> None:
        """Put videos before all that wait, so that their order stays, in groups that Telegram takes at once."""
        sizes = [0 if item.way is Way.URL else item.prepared.size or 0 for item in items]
        groups = [[items[index] for index in batch] for batch in batches(sizes, self.tools.limits)]
        self._line.extendleft(reversed(groups))

    async def _attempt(self, group: list[Item]) -> None:
        if any(item.sends for item in group):
            await self._until_telegram_answers()
        positions = [item.position for item in group]
        await self.results.begin_sending(self.generation, positions)
        try:
            await to_its_end(self._send(group), LAST_SEND_SECONDS)
        except SendUnknownError:
            await self._unknown(group)
        except (SendRefusedError, SendForbiddenError, SendNotSentError, RetryAfter, ChatMigrated) as error:
            await self.results.not_sent(self.generation, positions)
            await self._after_refusal(group, error)

    async def _send(self, group: list[Item]) -> None:
        """Send, and commit that it was done, and the generation with it when these were the last."""
        # The turn may be long in coming, and the process may stand still while it waits.
        with sending(Priority.RESULT, fence=lambda: self.results.still_ours(self.generation)):
            videos = [item.outgoing() for item in group]
            sent = await self.tools.sender.send(self._place, videos, self.generation.prompt)
        log.info("videos_sent", videos=len(sent), ways=[item.way.value for item in group])
        taken = [(item.position, video.message_id, video.file_id) for item, video in zip(group, sent, strict=True)]
        self.ended = await through_outages(
            self.tools.clock.sleep, self.results.sent, self.generation, taken, self._sent_as
        )

    async def _unknown(self, group: list[Item]) -> None:
        """The answer got lost: once more, when Telegram answers again, and a link after that."""
        log.warning("send_unknown", videos=len(group))
        again = [replace(item, sends=item.sends + 1) for item in group if item.sends + 1 < MAX_SENDS]
        worn = [item.position for item in group if item.sends + 1 >= MAX_SENDS]
        if worn:
            await self.results.linked(self.generation, worn)
        if again:
            await self._pause()
            self._line.appendleft(again)

    async def _after_refusal(self, group: list[Item], error: Exception) -> None:
        log.info("send_refused", error=type(error).__name__, videos=len(group))
        broke_off = isinstance(error, SendNotSentError) and error.broke_off
        self._broken += broke_off
        if isinstance(error, ChatMigrated):
            await self.tools.move_chat(self._place.chat_id, error.new_chat_id)
            self._place = Place(error.new_chat_id)
            self._line.appendleft(group)
        elif isinstance(error, SendForbiddenError):
            await self._elsewhere(group)
        elif isinstance(error, SendRefusedError) or self._broken >= BROKEN_UPLOADS:
            await self._another_way(group)
        else:
            await self._pause()
            if broke_off:
                await self._until_telegram_answers()
            self._line.appendleft(group)

    async def _elsewhere(self, group: list[Item]) -> None:
        """A group that is closed to the bot: the requester gets the videos in private, where Telegram allows it."""
        if self._place.chat_id != self.generation.user_id:
            self._place, self._sent_as = Place(self.generation.user_id), VideoState.SENT_IN_PRIVATE
            self._line.appendleft(group)
            return
        rest = [item.position for batch in (group, *self._line) for item in batch]
        self._line.clear()
        await self.results.linked(self.generation, rest)

    async def _another_way(self, group: list[Item]) -> None:
        """By upload what was refused by address; each alone what was refused as an album; a link at last."""
        self._broken = 0
        if any(item.way is Way.URL for item in group):
            nexts = [(item, after(item.way, item.prepared.size, self.tools.limits)) for item in group]
            uploads = [
                replace(item, way=Way.UPLOAD) for item, way in nexts if way is Way.UPLOAD or item.way is Way.UPLOAD
            ]
            links = [item.position for item, way in nexts if way is not Way.UPLOAD and item.way is not Way.UPLOAD]
            self._next(uploads)
        elif len(group) > 1:
            self._line.extendleft([item] for item in reversed(group))
            links = []
        else:
            links = [group[0].position]
        if links:
            await self.results.linked(self.generation, links)

    async def _until_telegram_answers(self) -> None:
        """Wait for the end of an outage: what is sent during one would only get lost as well."""
        while not await self.tools.sender.has_answer():
            await self._pause()
        self._pauses = 0

    async def _pause(self) -> None:
        """Longer and longer, with chance in it, as long as Telegram cannot be reached."""
        self._pauses += 1
        longest = min(60.0, 2.0 ** min(self._pauses, 6))
        await self.tools.clock.sleep(longest * (0.5 + self.tools.random() / 2))
