"""The end of a generation, told to its requester: in the status message, or in a new one where that is gone."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from structlog import get_logger
from telegram.error import BadRequest

from services.generations.model import FINAL, Generation
from services.generations.repository import GenerationRows
from services.messenger import ChatClosedError, ChatMovedError, EditOutcome, Messenger
from services.outbox.priority import Priority
from services.screens import Place, Screen
from services.status.render import Links
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


def place_of(generation: Generation) -> Place:
    """Where the status message goes: a reply to the request, in its topic."""
    return Place(generation.chat_id, generation.thread_id, generation.request_message_id or None)


class Endings:
    """Tells ends.

    Args:
        messenger: Sends and edits.
        rows: The rows of generations.
        screen: What a generation's status message says.
        links: The message with the addresses of videos that Telegram did not take, or None.
        next_version: Numbers what is shown, so that nothing older follows.
        move_chat: Called with old and new id when a group became a supergroup.
    """

    def __init__(
        self,
        messenger: Messenger,
        rows: GenerationRows,
        screen: Callable[[Generation, Links], Awaitable[Screen]],
        links: Callable[[Generation], Awaitable[Screen | None]],
        next_version: Callable[[], int],
        move_chat: Callable[[int, int], Awaitable[object]],
    ) -> None:
        self._messenger = messenger
        self._rows = rows
        self._screen = screen
        self._links = links
        self._next_version = next_version
        self._move_chat = move_chat
        self._telling: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._told = Remembered()

    async def tell(self, known: Generation) -> None:
        """Tell an end that was not told yet, and remember that it was.

        Raises:
            telegram.error.TelegramError: Telegram cannot be reached; to be tried again.
        """
        async with self._telling_of(known.id):
            # Read here, for the status message may have been sent, or moved, since the caller looked.
            generation = await self._rows.again(known)
            if generation is not None and not generation.final_shown:
                await self._tell(generation)
                await self._rows.mark_final_shown(known.id)
                self._told.add(known.id)

    async def tell_again(self, generation_id: str) -> None:
        """Show an end that another process told once more; one that this process tells is left to :meth:`tell`.

        Of two edits that wait in the outbox the newer takes the place of the older, which then counts as made: were
        both made here at once, an end would be remembered as told while it still waits, and lost when the process
        ends meanwhile.

        Raises:
            ChatMovedError: The group became a supergroup.
            telegram.error.TelegramError: Telegram cannot be reached.
        """
        async with self._telling_of(generation_id):
            generation = None if generation_id in self._told else await self._rows.get(generation_id)
            await self._show_again(generation)

    async def renew(self, generation_id: str) -> None:
        """Show an end once more, because more is to be said of it.

        Raises:
            ChatMovedError: The group became a supergroup.
            telegram.error.TelegramError: Telegram cannot be reached.
        """
        async with self._telling_of(generation_id):
            await self._show_again(await self._rows.get(generation_id))

    async def _show_again(self, generation: Generation | None) -> None:
        if generation is not None and generation.state in FINAL and generation.status_message_id is not None:
            in_group = generation.chat_id != generation.user_id
            screen = await self._screen(generation, Links.HISTORY if in_group else Links.HERE)
            version = self._next_version()
            await self._messenger.edit(
                generation.chat_id, generation.status_message_id, screen, Priority.RESULT, version
            )

    def _telling_of(self, generation_id: str) -> asyncio.Lock:
        """One at a time for each generation; the lock lives as long as somebody holds it or waits for it."""
        return self._telling.setdefault(generation_id, asyncio.Lock())

    async def _tell(self, generation: Generation) -> None:
        screen = await self._screen(generation, await self._give_links(generation))
        try:
            await self._show(generation, screen)
        except ChatMovedError as error:
            await self._move_chat(generation.chat_id, error.new_chat_id)
            moved = await self._rows.get(generation.id)
            await self._show(moved or generation, screen)
        except BadRequest as error:
            # Telegram will refuse the same message for ever: asking again would only keep the run alive.
            log.exception("end_refused", generation=generation.id, exc_info=error)

    async def _give_links(self, generation: Generation) -> Links:
        """In a group, give the requester the addresses of videos in private: the group reads along."""
        if generation.chat_id == generation.user_id:
            return Links.HERE
        screen = await self._links(generation)
        if screen is None:
            return Links.HERE
        try:
            await self._messenger.send(Place(generation.user_id), screen, Priority.RESULT)
        except (ChatClosedError, BadRequest):
            return Links.HISTORY
        return Links.PRIVATE

    async def _show(self, generation: Generation, screen: Screen) -> None:
        outcome, first = EditOutcome.GONE, None
        if generation.status_message_id is not None:
            outcome = await self._messenger.edit(
                generation.chat_id, generation.status_message_id, screen, Priority.RESULT, self._next_version()
            )
        is_closed = outcome is EditOutcome.CLOSED
        if outcome is EditOutcome.GONE:
            try:
                # Cut off in the middle, the next process would tell the end in one more message.
                first = await to_its_end(self._send(generation, screen), LAST_MESSAGE_SECONDS)
            except ChatClosedError:
                is_closed = True
        if first is not None:
            await self._show(first, screen)
        if is_closed:
            await self._show_in_private(generation, screen)

    async def _send(self, generation: Generation, screen: Screen) -> Generation | None:
        """Send the end as the new status message.

        Returns:
            None, or the generation when its first status message came after all meanwhile: that has to show the end,
            and the message sent here is gone before it does, so that a kill never leaves two ends.
        """
        message_id = await self._messenger.send(place_of(generation), screen, Priority.RESULT)
        if await self._rows.set_status_message(generation, message_id):
            return None
        fresh = await self._rows.get(generation.id)
        if fresh is None or fresh.status_message_id is None:
            return None
        await self._messenger.delete(generation.chat_id, message_id)
        return fresh

    async def _show_in_private(self, generation: Generation, screen: Screen) -> None:
        """A group that is closed to the bot: the person is told in private, where they have opened that chat."""
        try:
            if generation.chat_id != generation.user_id:
                await self._messenger.send(Place(generation.user_id), screen, Priority.RESULT)
                return
        except ChatClosedError:
            pass
        log.info("end_cannot_be_told", chat_closed=True)
