"""The end of a generation, told to its requester: in the status message, or in a new one where that is gone."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from structlog import get_logger
from telegram.error import BadRequest, ChatMigrated, TelegramError

from services.clock import Clock
from services.generations.model import FINAL, Generation, Video
from services.generations.results import load_with_videos
from services.generations.store import load, mark_final_shown, set_status_message
from services.messenger import ChatClosedError, EditOutcome, Messenger
from services.outbox.calls import Priority
from services.screens import Place, Screen
from services.status.render import Links, StatusScreens
from services.store.database import Database
from services.tasks import to_its_end

log = get_logger(__name__)

REMEMBERED_ENDS = 1000

LAST_MESSAGE_SECONDS = 1.5
"""How long a status message that is being sent may still take when the process ends."""


class Remembered:
    """The generations whose ends were shown lately, so that nothing older is shown after them."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, generation_id: str) -> None:
        """Remember one, and forget one of long ago for it."""
        self._ids[generation_id] = None
        while len(self._ids) > REMEMBERED_ENDS:
            self._ids.popitem(last=False)

    def __contains__(self, generation_id: str) -> bool:
        return generation_id in self._ids


@dataclass(slots=True)
class Endings:
    """Tells ends."""

    messenger: Messenger
    database: Database
    screens: StatusScreens
    clock: Clock
    versions: Iterator[int]
    """Number what is shown, so that nothing older follows."""
    move_chat: Callable[[int, int], Awaitable[object]]
    """Called with old and new id when a group became a supergroup."""
    _telling: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, init=False)
    _told: Remembered = field(default_factory=Remembered, init=False)
    _given: dict[str, Links] = field(default_factory=dict, init=False)
    """Where the addresses of videos were given, for ends that could not be told yet."""

    async def tell(self, known: Generation) -> None:
        """Tell an end that was not told yet, and remember that it was.

        Raises:
            telegram.error.TelegramError: Telegram cannot be reached; to be tried again.
        """
        async with self._telling_of(known.id):
            # Read here, for the status message may have been sent, or moved, since the caller looked.
            generation, videos = await self.database.read(load_with_videos, known.id)
            if generation is not None and not generation.final_shown:
                links = self._given.get(known.id) or await self._give_links(generation, videos)
                if links is not Links.HERE:
                    self._given[known.id] = links
                screen = await self.screens.of(generation, links=links, videos=videos)
                await self._tell(generation, screen)
                # An edit that is made twice is made once.
                await self.database.write(mark_final_shown, known.id, self.clock.now(), durable=False)
                self._told.add(known.id)
                if generation.is_sold:
                    # Whoever takes a payment, in whatever process, shows an end again only if it is marked as told:
                    # two processes that edit one message at the same time would leave the older words in it. Of a
                    # payment that came while it was told, this one thus tells.
                    await self._show_again(generation.id, links, screen)
            self._given.pop(known.id, None)

    async def tell_again(self, generation_id: str) -> None:
        """As :meth:`renew`, for an end that another process told; one that this process tells is left to :meth:`tell`.

        Of two edits that wait in the outbox the newer takes the place of the older, which then counts as made: were
        both made here at once, an end would be remembered as told while it still waits, and lost when the process
        ends meanwhile.
        """
        async with self._telling_of(generation_id):
            if generation_id not in self._told:
                await self._show_again(generation_id)

    async def renew(self, generation_id: str) -> None:
        """Show an end once more, because more is to be said of it; one that cannot be shown is left."""
        async with self._telling_of(generation_id):
            await self._show_again(generation_id)

    async def _show_again(self, generation_id: str, links: Links | None = None, told: Screen | None = None) -> None:
        generation, videos = await self.database.read(load_with_videos, generation_id)
        if generation is None or generation.state not in FINAL or generation.status_message_id is None:
            return
        if links is None:
            links = Links.HISTORY if generation.is_in_group else Links.HERE
        screen = await self.screens.of(generation, links=links, videos=videos)
        try:
            if screen != told:
                await self._edit(generation.chat_id, generation.status_message_id, screen)
        except TelegramError as error:
            log.info("end_not_shown_again", generation=generation_id, error=type(error).__name__)

    async def _edit(self, chat_id: int, message_id: int, screen: Screen) -> EditOutcome:
        return await self.messenger.edit(chat_id, message_id, screen, Priority.RESULT, next(self.versions))

    def _telling_of(self, generation_id: str) -> asyncio.Lock:
        """One at a time for each generation; the lock lives as long as somebody holds it or waits for it."""
        return self._telling.setdefault(generation_id, asyncio.Lock())

    async def _tell(self, generation: Generation, screen: Screen) -> None:
        try:
            await self._show(generation, screen)
        except ChatMigrated as error:
            await self.move_chat(generation.chat_id, error.new_chat_id)
            moved = await self.database.read(load, generation.id)
            await self._show(moved or generation, screen)
        except BadRequest as error:
            # Telegram will refuse the same message for ever: asking again would only keep the run alive.
            log.exception("end_refused", generation=generation.id, exc_info=error)

    async def _give_links(self, generation: Generation, videos: Sequence[Video]) -> Links:
        """In a group, give the requester the addresses of videos in private: the group reads along."""
        if not generation.is_in_group:
            return Links.HERE
        screen = self.screens.of_links(generation, videos)
        if screen is None:
            return Links.HERE
        try:
            await self.messenger.send(Place(generation.user_id), screen, Priority.RESULT)
        except (ChatClosedError, BadRequest):
            return Links.HISTORY
        return Links.PRIVATE

    async def _show(self, generation: Generation, screen: Screen) -> None:
        outcome = EditOutcome.GONE
        if generation.status_message_id is not None:
            outcome = await self._edit(generation.chat_id, generation.status_message_id, screen)
        if outcome is EditOutcome.GONE:
            try:
                # Cut off in the middle, the next process would tell the end in one more message.
                first = await to_its_end(self._send(generation, screen), LAST_MESSAGE_SECONDS)
            except ChatClosedError:
                outcome = EditOutcome.CLOSED
            else:
                if first is not None:
                    await self._show(first, screen)
        if outcome is EditOutcome.CLOSED:
            await self._show_in_private(generation, screen)

    async def _send(self, generation: Generation, screen: Screen) -> Generation | None:
        """Send the end as the new status message.

        Gives the generation where its first status message came after all meanwhile: that has to show the end, and the
        message sent here is gone before it does, so that a kill never leaves two ends.
        """
        message_id = await self.messenger.send(generation.place, screen, Priority.RESULT)
        if await self.database.write(set_status_message, generation, message_id):
            return None
        fresh = await self.database.read(load, generation.id)
        if fresh is None or fresh.status_message_id is None:
            return None
        await self.messenger.delete(generation.chat_id, message_id)
        return fresh

    async def _show_in_private(self, generation: Generation, screen: Screen) -> None:
        """A group that is closed to the bot: the person is told in private, where they have opened that chat."""
        if generation.is_in_group:
            with suppress(ChatClosedError):
                await self.messenger.send(Place(generation.user_id), screen, Priority.RESULT)
                return
        log.info("end_cannot_be_told", chat_closed=True)
