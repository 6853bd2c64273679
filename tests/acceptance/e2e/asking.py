"""People who ask for videos, and what is known of each request from all sides: the API, the chat, the row."""

import asyncio
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sandbox.botapi.person import Person
from sandbox.botapi.transcript import Line
from sandbox.genaipro.records import PostRecord
from services.failures import Charged, Failure, FailureKind
from services.generations.model import State
from services.options import VideoOptions
from services.screens import Screen
from services.status.render import Surroundings, render
from services.texts import Texts
from tests.acceptance.e2e.world import World
from tests.buttons import has_button
from tests.database_file import reading, writing
from tests.generations import QUEUED
from tests.pictures import jpeg

TEXTS = Texts("en")
_UNDER_WAY = tuple(
    TEXTS.into(language).plain(key, count=count)
    for language in ("en", "vi")
    for key in ("status-delivering", "status-file-late", "status-cancelling")
    for count in range(1, 5)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Attributes:
        person: Who.
        prompt: What; no other request has it, unless a test wants that.
        message_id: What the videos and the status message reply to.
    """

    person: Person
    prompt: str
    message_id: int


async def ask(here: World, prompt: str, count: int = 1, person: Person | None = None) -> Asked:
    """Send a photo of one's own, captioned ``/video``, which starts at once."""
    who = person or here.anna
    colour = f"#{sha256(f'{who.user_id} {prompt}'.encode()).hexdigest()[:6]}"
    sent = await who.send_photo(jpeg(colour), f"/video x{count} {prompt}")
    return Asked(who, prompt, sent.message_id)


def posts(here: World, asked: Asked) -> list[PostRecord]:
    """The POSTs of a request, of those that were read so far."""
    return [post for post in here.genaipro.posts if post.prompt == asked.prompt]


async def posted(here: World, asked: Asked) -> PostRecord:
    """Its first POST, once it was read."""
    await here.genaipro.until(lambda: bool(posts(here, asked)))
    return posts(here, asked)[0]


def statuses(here: World, asked: Asked) -> list[Line]:
    """The texts of the bot's that reply to the request: its status messages, one save for faults."""
    return [
        line
        for line in here.telegram.bot_lines(asked.person.chat_id)
        if line.kind == "text" and line.reply_to == asked.message_id
    ]


def videos(here: World, asked: Asked) -> list[Line]:
    """The videos that reply to the request."""
    return [
        line
        for line in here.telegram.bot_lines(asked.person.chat_id)
        if line.kind == "video" and line.reply_to == asked.message_id
    ]


def is_under_way(line: Line) -> bool:
    """Whether a status message shows no end."""
    return line.text.startswith(_UNDER_WAY) or has_button(line, ":cancel")


async def shown(here: World, asked: Asked, text: str) -> Line:
    """The status message, once it shows that text."""

    def look() -> Line | None:
        return next((line for line in statuses(here, asked) if text in line.text), None)

    try:
        return await here.telegram.wait_for(look)
    except TimeoutError:
        there = [line.text for line in statuses(here, asked)]
        raise TimeoutError(f"{asked.prompt}: nothing says {text!r}; there is {there}") from None


async def ended(here: World, asked: Asked) -> Line:
    """The status message in its final state."""

    def look() -> Line | None:
        return next((line for line in statuses(here, asked) if not is_under_way(line)), None)

    try:
        return await here.telegram.wait_for(look)
    except TimeoutError:
        there = [line.text for line in statuses(here, asked)]
        raise TimeoutError(f"{asked.prompt}: no end; there is {there}, row {row(here, asked)}") from None


def rows(here: World, query: str, *arguments: object) -> list[dict[str, Any]]:
    """Rows of the bot's database, read as another process would."""
    with reading(here.settings.data_dir) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(found) for found in connection.execute(query, arguments)]


async def change(here: World, statement: str, *arguments: object) -> None:
    """Change the bot's database as another process would: beside the event loop, whose turn it may be to commit."""

    def execute() -> None:
        with writing(here.settings.data_dir) as connection:
            connection.execute(statement, arguments)

    await asyncio.to_thread(execute)


def row(here: World, asked: Asked) -> dict[str, Any]:
    """The request's row."""
    (found,) = rows(
        here,
        "SELECT * FROM generations WHERE prompt = ? AND user_id = ?",
        asked.prompt,
        asked.person.user_id,
    )
    return found


async def told(here: World, asked: Asked) -> dict[str, Any]:
    """The request's row, once its end is known to have been told."""
    async with asyncio.timeout(120):
        while row(here, asked)["final_shown_at"] is None:
            await here.clock.sleep(0.005)
    return row(here, asked)


_AS_THEY_ARE = (
    "id", "chat_id", "user_id", "request_message_id", "status_message_id", "prompt", "epoch", "attempts",
)  # fmt: skip


def in_words(found: dict[str, Any], language: str) -> Screen:
    """What the final state of a row without videos says in a language."""
    kind, charged = found["failure_kind"], Charged(found["charged"])
    now = datetime.now(UTC)
    generation = replace(
        QUEUED,
        **{name: found[name] for name in _AS_THEY_ARE},
        options=VideoOptions(found["count"]),
        language=language,
        state=State(found["state"]),
        queued_at=now,
        started_at=now,
        server_error=bool(found["server_error"]),
        finished_at=now,
        final_shown=True,
        failure=None if kind is None else Failure(FailureKind(kind), found["failure_reason"], charged),
        charged=charged,
    )
    return render(generation, Surroundings(now, 90.0), TEXTS.into(language))


def left_over(here: World) -> list[Path]:
    """Temporary files."""
    return [path for path in (here.settings.data_dir / "tmp").rglob("*") if path.is_file()]
