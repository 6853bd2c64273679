"""A stage for many people at once, with the bot in this process or in its own; at the end all that was said is checked.

All that the bot can do without is refused it in every way there is, from the first call on.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from bot.logs import configure_logging
from sandbox.botapi import BotApiOptions, BotApiServer, ChatKind, FaultKind, Line, Standing
from sandbox.genaipro import Film, GenAIProOptions, GenAIProServer, PostRecord
from tests import pictures
from tests.acceptance.e2e.talking import Talker, content
from tests.acceptance.e2e.world import PATIENCE, world
from tests.chaos import world as chaos
from tests.chaos.process import BotProcess, LogLine, parse
from tests.integration.sandbox.second_opinion import check_calls
from tests.logs import logging_restored

NAME = "Plain_Video_Bot"
FILM_SIZE = (96, 54)
TELEGRAM = BotApiOptions(bot_username=NAME, download_limit=20_000_000)
GENAIPRO = GenAIProOptions(key="stage-key-0123456789", film=Film(*FILM_SIZE, seconds=1.0, fps=4), quota=1000, used=23)
SECRETS = (TELEGRAM.token, GENAIPRO.key, TELEGRAM.token.partition(":")[2])

NEEDED = (
    "getMe", "getUpdates", "sendMessage", "editMessageText", "answerCallbackQuery", "getFile", "sendVideo",
    "sendMediaGroup", "sendChatAction",
)  # fmt: skip
"""What the bot cannot do without."""

SPARED = (
    "deleteWebhook", "setMyCommands", "getMyShortDescription", "setMyShortDescription", "getMyDescription",
    "setMyDescription", "setMessageReaction", "deleteMessage",
)  # fmt: skip
"""What else it calls, and can do without."""

DESERVED = (
    "Bad Request: message to edit not found",
    "Bad Request: message is not modified",
    "Bad Request: message to be replied not found",
    "Bad Request: message thread not found",
    "Bad Request: TOPIC_CLOSED",
    "Bad Request: chat not found",
    "Bad Request: group chat was upgraded to a supergroup chat",
    "Bad Request: not enough rights to send",
    "Bad Request: file is too big",
    "Forbidden: bot was kicked from the supergroup chat",
    "Forbidden: bot was blocked by the user",
)
"""Refusals for what people have done; any other is for a call against the rules."""


def picture(number: int, kind: str = "JPEG") -> bytes:
    """An image that no other number has."""
    # What follows the end of a JPEG is no part of the picture; in a photo it must arrive all the same.
    return pictures.picture(number, kind=kind) + (f"number {number}".encode() if kind == "JPEG" else b"")


@dataclass
class Stage:
    """The servers, and who talks on them."""

    telegram: BotApiServer
    genaipro: GenAIProServer
    written: StringIO = field(default_factory=StringIO)

    @property
    def log(self) -> list[LogLine]:
        """What the bot has logged."""
        return [parse(0.0, line) for line in self.written.getvalue().splitlines()]

    def person(self, name: str = "Anna", language: str = "en", number: int | None = None) -> Talker:
        """Somebody with a private chat, to whom the bot may write."""
        somebody = self.telegram.add_person(name, language_code=language, user_id=number, started=True)
        return Talker(self.telegram, somebody, somebody.chat_id)

    def group(
        self,
        *,
        kind: ChatKind = ChatKind.SUPERGROUP,
        forum: bool = False,
        privacy: bool = False,
        number: int | None = None,
    ) -> int:
        """A new group, where the bot sees all as an administrator, or with ``privacy`` what it must; its id."""
        bot = Standing.MEMBER if privacy else Standing.ADMINISTRATOR
        owner = self.telegram.add_person("Owner")
        return self.telegram.add_group("Friends", [owner], kind=kind, forum=forum, bot=bot, chat_id=number).chat_id

    def crowd(self, *names: str, kind: ChatKind = ChatKind.SUPERGROUP, privacy: bool = False) -> list[Talker]:
        """People who are in one new group."""
        chat = self.group(kind=kind, privacy=privacy)
        return [self.person(name).into(chat) for name in names]

    def topic(self, chat: int, *, by_bot: bool = False) -> int:
        """A new topic of a forum, opened by the owner or by the bot; its id."""
        by = self.telegram.person(TELEGRAM.bot_id) if by_bot else None
        return self.telegram.add_topic(chat, "Films", by=by).thread_id

    def posts_of(self, prompt: str) -> list[PostRecord]:
        return [post for post in self.genaipro.posts if post.prompt == prompt]

    async def posted(self, prompt: str, number: int = 1) -> PostRecord:
        """The n-th request with a prompt, once it was read and accepted."""

        def accepted() -> list[PostRecord]:
            return [post for post in self.posts_of(prompt) if post.accepted]

        async with asyncio.timeout(PATIENCE):
            await self.genaipro.until(lambda: len(accepted()) >= number)
        return accepted()[number - 1]

    async def left(self, post: PostRecord) -> None:
        """Wait until the bot has closed the stream of a request before its end."""
        async with asyncio.timeout(PATIENCE):
            await self.genaipro.until(lambda: post.client_left)

    def photos(self, post: PostRecord) -> list[bytes]:
        """What came with a request."""
        return [photo.path.read_bytes() for photo in post.photos]

    def films(self, post: PostRecord) -> list[bytes]:
        """What a request was made into."""
        return [self.genaipro.video_file(video_id).read_bytes() for video_id in post.video_ids]

    def is_film(self, line: Line, prompt: str) -> bool:
        """Whether a message is a video that the first request for a prompt was made into."""
        return line.kind == "video" and content(line) in self.films(self.posts_of(prompt)[0])

    def refuse_the_rest(self) -> None:
        """Let whatever the bot can do without fail, each time in another way, and hang in the end."""
        for status, words in ((404, "Not Found"), (500, "Oops")):
            self.telegram.fail("*", status=status, description=words, spare=NEEDED)
        self.telegram.fail("*", FaultKind.DROP, spare=NEEDED)
        self.telegram.fail("*", retry_after=900, spare=NEEDED)
        self.telegram.fail("*", status=401, description="Unauthorized", spare=NEEDED)
        self.telegram.fail("*", FaultKind.HOLD, times=1_000_000, spare=NEEDED)

    def check(self) -> None:
        """Nothing that came was against the rules, and nothing secret was said or logged."""
        calls = self.telegram.calls() + self.telegram.calls("getUpdates")
        check_calls(calls)
        strange = [call.method for call in calls if call.method not in NEEDED + SPARED]
        refused = [
            (call.method, call.description)
            for call in calls
            if call.method in NEEDED and call.status not in {0, 200} and not call.description.startswith(DESERVED)
        ]
        posts = [(post.prompt, post.error) for post in self.genaipro.posts if post.error or not post.key_ok]
        said = [str(call.params) for call in calls] + [str(line.fields) + line.event for line in self.log]
        leaks = [text for text in said if any(secret in text for secret in SECRETS)]
        wrong = [dict(line.fields) or line.event for line in self.log if line.level in {"error", "critical", "raw"}]
        troubles = strange, refused, posts, leaks, wrong
        assert not any(troubles), troubles


@asynccontextmanager
async def stage(folder: Path, **settings: object) -> AsyncIterator[Stage]:
    """The bot in this process.

    Args:
        folder: For its data.
        settings: More of the bot's.
    """
    values: dict[str, object] = {"max_active_generations": 100}
    with logging_restored():
        async with world(folder, telegram=TELEGRAM, genaipro=GENAIPRO, start=False, **values | settings) as here:
            found = Stage(here.telegram, here.genaipro)
            configure_logging("INFO", "json", SECRETS, found.written)
            found.refuse_the_rest()
            await here.start()
            yield found
            here.telegram.clear_faults()
        found.check()


@dataclass
class ProcessStage(Stage):
    """A stage for the bot as a process of its own."""

    bot: BotProcess = field(kw_only=True)
    data_dir: Path = field(kw_only=True)

    @property
    def log(self) -> list[LogLine]:
        """What the processes have logged."""
        return self.bot.lines

    async def stop(self) -> None:
        """End the bot as an operator does."""
        status, seconds = await self.bot.terminate()
        assert (status, seconds < 10) == (0, True)
        assert [path for path in (self.data_dir / "tmp").rglob("*") if path.is_file()] == []


@asynccontextmanager
async def process_stage(folder: Path, **settings: str) -> AsyncIterator[ProcessStage]:
    """The bot as ``python -m bot run``.

    Args:
        folder: For its data.
        settings: More variables of its environment.
    """
    values = {"MAX_ACTIVE_GENERATIONS": "100"} | settings
    async with chaos.world(
        folder, people=0, telegram=TELEGRAM, genaipro=GENAIPRO, start=False, settings=values
    ) as here:
        found = ProcessStage(here.telegram, here.genaipro, bot=here.bot, data_dir=here.data_dir)
        found.refuse_the_rest()
        await here.bot.start()
        yield found
        found.check()


async def together(*plays: Coroutine[Any, Any, None]) -> None:
    """Let several people do something at once; all of their failures are told."""
    found = await asyncio.gather(*plays, return_exceptions=True)
    failures = [one for one in found if isinstance(one, Exception)]
    if failures:
        raise ExceptionGroup("what people met", failures)
