"""What has happened, and waiting for it: the part of a server that tests look at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import TypeAlias, TypeVar

from sandbox.botapi.backend import Backend
from sandbox.botapi.faults import Fault, FaultKind
from sandbox.botapi.inline import InlineAnswer, InlineQuery
from sandbox.botapi.journal import Event, Press, ReceivedCall
from sandbox.botapi.transcript import Line, line_of
from sandbox.botapi.updates import Update

T = TypeVar("T")
Match: TypeAlias = str | Callable[[Line], bool]
PATIENCE = 120.0
"""Seconds that the waiting methods wait unless told otherwise."""


class Watch:
    """The part of a server that looks and waits. All waiting ends by a change, never by a sleep."""

    backend: Backend

    def transcript(self, chat_id: int, *, deleted: bool = False) -> list[Line]:
        """All messages of a chat as they stand now, oldest first; ``deleted`` = those that are gone too."""
        messages = self.backend.world.chats[chat_id].messages.values()
        return [line_of(self.backend.world, one) for one in messages if deleted or not one.deleted]

    def line(self, chat_id: int, message_id: int) -> Line:
        """One message as it stands now, deleted or not."""
        return line_of(self.backend.world, self.backend.world.chats[chat_id].messages[message_id])

    def bot_lines(self, chat_id: int) -> list[Line]:
        """What the bot has in a chat now."""
        return [line for line in self.transcript(chat_id) if line.from_bot]

    async def wait_for(self, look: Callable[[], T | None], timeout: float = PATIENCE) -> T:  # noqa: ASYNC109
        """Wait until ``look()`` gives something true, and give that.

        Raises:
            TimeoutError: Not within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            return await self.backend.signal.until(look)

    async def wait_for_message(
        self,
        chat_id: int,
        match: Match = "",
        *,
        after: int = 0,
        kind: str | None = None,
        timeout: float = PATIENCE,  # noqa: ASYNC109 - part of the API
    ) -> Line:
        """Wait until a message of the bot's matches as it stands then (edits count), and give the newest such.

        Args:
            chat_id: Where.
            match: A part of its text, or a predicate on the line.
            after: Only messages with a larger id.
            kind: Only ``text``, ``photo``, ``video``, ``document``.
            timeout: Seconds.

        Raises:
            TimeoutError: None came; the text tells what the bot has in the chat instead.
        """

        def look() -> Line | None:
            for line in reversed(self.bot_lines(chat_id)):
                fits = match in line.text if isinstance(match, str) else match(line)
                if fits and line.message_id > after and kind in {None, line.kind}:
                    return line
            return None

        try:
            return await self.wait_for(look, timeout)
        except TimeoutError:
            there = [(line.message_id, line.kind, line.text) for line in self.bot_lines(chat_id)]
            raise TimeoutError(f"nothing of the bot's matches {match!r} in {chat_id}; it has {there}") from None

    async def wait_for_album(self, chat_id: int, size: int, timeout: float = PATIENCE) -> list[Line]:  # noqa: ASYNC109
        """Wait for an album of ``size`` parts of the bot's; gives the newest."""

        def look() -> list[Line] | None:
            albums: dict[str, list[Line]] = {}
            for line in self.bot_lines(chat_id):
                if line.media_group_id:
                    albums.setdefault(line.media_group_id, []).append(line)
            full = [album for album in albums.values() if len(album) == size]
            return full[-1] if full else None

        return await self.wait_for(look, timeout)

    def calls(self, method: str | None = None, *, chat_id: int | None = None) -> list[ReceivedCall]:
        """Calls received, oldest first: of a method, for a chat, or all but ``getUpdates``."""
        source = self.backend.journal.polls if method == "getUpdates" else self.backend.journal.calls
        return [one for one in source if method in {None, one.method} and chat_id in {None, one.chat_id}]

    async def wait_for_calls(self, method: str, count: int = 1, timeout: float = PATIENCE) -> list[ReceivedCall]:  # noqa: ASYNC109
        """Wait until ``method`` has been called ``count`` times in all, refused calls included."""
        return await self.wait_for(lambda: found if len(found := self.calls(method)) >= count else None, timeout)

    def presses(self) -> list[Press]:
        """All buttons that were pressed, and how the bot answered."""
        return list(self.backend.journal.presses.values())

    async def wait_for_answer(self, query_id: str, timeout: float = PATIENCE) -> Press:  # noqa: ASYNC109
        """Wait until the bot has answered a pressed button; its ``answer`` is the notice shown."""
        press = self.backend.journal.presses[query_id]
        return await self.wait_for(lambda: press if press.answer is not None else None, timeout)

    async def wait_for_inline(self, query: InlineQuery, timeout: float = PATIENCE) -> InlineAnswer:  # noqa: ASYNC109
        """Wait until the bot has answered an inline query."""
        return await self.wait_for(lambda: query.answer, timeout)

    async def wait_until_idle(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109
        """Wait until the bot has fetched and confirmed all updates."""
        await self.wait_for(lambda: not self.backend.updates.pending, timeout)

    def events(self, since: int = 0) -> AsyncIterator[Event]:
        """What happens, as it happens, beginning after event number ``since``; ends when the server closes."""
        return self.backend.journal.follow(since)

    def file_path(self, file_id: str) -> Path:
        """Where a file's bytes are on disk.

        Raises:
            LookupError: There is no such file.
        """
        file = self.backend.files.find(file_id)
        if file is None:
            raise LookupError("no such file")
        return file.path

    def fail(
        self,
        method: str,
        kind: FaultKind = FaultKind.ERROR,
        *,
        chat_id: int | None = None,
        times: int = 1,
        skip: int = 0,
        after: bool = False,
        status: int | None = None,
        description: str = "",
        retry_after: int | None = None,
        migrate_to: int | None = None,
        seconds: float = 0.0,
        spare: Collection[str] = (),
    ) -> Fault:
        """Ask for a fault on the next calls of ``method`` (``*`` = any); see ``Fault`` for the arguments."""
        code = status if status is not None else 413 if kind is FaultKind.HTML else 429 if retry_after else 400
        fault = Fault(
            method, kind, chat_id, times, after, code, description, retry_after, migrate_to, seconds, skip, spare
        )
        return self.backend.faults.add(fault)

    def updates(self) -> list[Update]:
        """All updates that were queued for the bot, oldest first, confirmed or not."""
        return list(self.backend.updates.produced)

    def repeat_update(self, update: Update) -> None:
        """Give the bot an update once more, as happens when its confirmation is lost."""
        self.backend.updates.repeat(update)

    def lose_update(self, name: str, times: int = 1) -> None:
        """Have the next updates of a kind, or with a message that has such a field, never reach the bot."""
        self.backend.updates.losing.extend([name] * times)

    async def held(self, fault: Fault, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109 - part of the API
        """Wait until a HOLD keeps a call waiting (with ``after``, one that has had its effect)."""
        await self.wait_for(lambda: fault.held > 0, timeout)

    def release(self) -> None:
        """Let all calls go that a HOLD keeps."""
        self.backend.faults.release()

    def clear_faults(self) -> None:
        """Forget all faults."""
        self.backend.faults.clear()
