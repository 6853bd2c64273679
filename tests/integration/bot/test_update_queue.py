"""From an update as it came to its handlers: what is kept, in which order, and what an outage or a fault leads to."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from sqlalchemy.exc import OperationalError
from telegram import Update, User
from telegram.ext import ApplicationBuilder, ContextTypes, ExtBot, TypeHandler

from bot.update_queue import MOST_ATTEMPTS, MOST_HANDLERS, UpdateQueue
from handlers.context import SERVICES, Context
from handlers.errors import handle_error
from services.clock import Clock
from services.inbox import OVERHEARD, Arrived, Inbox, Turn
from services.messenger import Messenger
from services.services import Services
from services.texts import Texts
from tests.counted import Counted

PERSON = {"id": 5, "is_bot": False, "first_name": "Anna"}
ITSELF = {"id": 77, "is_bot": True, "first_name": "Bot", "username": "pho2video_bot"}
GROUP = {"id": -100, "type": "supergroup", "title": "Us"}
PHOTO = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
VIDEO = {"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9, "duration": 1}


def private(number: int, person: int = 5) -> dict[str, Any]:
    chat, sender = {"id": person, "type": "private", "first_name": "A"}, PERSON | {"id": person}
    return {
        "update_id": number,
        "message": {"message_id": 1, "date": 1, "text": "hello", "chat": chat, "from": sender},
    }


class GatedClock(Clock):
    """Notes how long somebody would wait, and lets it go on at once; held back while a gate is shut."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.paused = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.paused.set()
        await self.gate.wait()


class Bench:
    """A real application whose one handler fails as told, and an inbox in memory."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.handled: list[int] = []
        self.done: list[int] = []
        self.forgotten = asyncio.Event()
        self.heard = asyncio.Event()
        self.turns: dict[int, list[Turn]] = {}
        self.clock = GatedClock()
        self.apologies = AsyncMock(spec=Messenger)
        bot = ExtBot("77:aa")
        bot._bot_user = User(77, "Bot", is_bot=True, username="pho2video_bot")
        self.inbox = Mock(spec=Inbox, cut_short=set())
        services = Mock(spec=Services, messenger=self.apologies, texts=Texts("en"), inbox=self.inbox)
        builder = ApplicationBuilder().bot(bot).updater(None).job_queue(None)
        self.application = builder.context_types(ContextTypes(context=Context)).build()
        self.application.bot_data[SERVICES] = services
        self.application._initialized = True
        self.application.add_handler(TypeHandler(Update, self._hear))
        self.application.add_error_handler(handle_error)
        self.inbox.store = AsyncMock(side_effect=lambda arrived: arrived)
        self.inbox.turn = AsyncMock(side_effect=self._turn)
        self.inbox.handled = AsyncMock(side_effect=self._forget)
        self.queue = UpdateQueue(self.application, self.inbox, self.clock)

    async def _forget(self, number: int) -> None:
        self.done.append(number)
        self.forgotten.set()

    async def _turn(self, arrived: Arrived) -> Turn:
        turns = self.turns.get(arrived.update_id)
        return turns.pop(0) if turns else Turn.NOW

    async def _hear(self, update: Update, _context: object) -> None:
        self.handled.append(update.update_id)
        self.heard.set()
        if self.failures:
            raise self.failures.pop(0)

    def read(self, data: object) -> Arrived:
        found = self.queue.read(data)
        assert found is not None
        return found

    async def take(self, *updates: dict[str, Any]) -> None:
        await self.queue.take([self.read(update) for update in updates])
        await self.queue._tasks.drain()


def outage() -> Exception:
    return OperationalError("SELECT 1", None, Exception("database is locked"))


async def test_update_that_met_an_outage_is_handled_again_without_an_apology() -> None:
    here = Bench(outage(), outage())
    await here.take(private(7))
    assert (here.handled, len(here.clock.pauses), here.done) == ([7, 7, 7], 2, [7])
    here.apologies.send.assert_not_awaited()


async def test_fault_of_ours_is_apologised_for_and_not_repeated() -> None:
    here = Bench(ValueError("ours"))
    await here.take(private(7))
    assert (here.handled, here.clock.pauses, here.done) == ([7], [], [7])
    here.apologies.send.assert_awaited_once()


async def test_outage_without_end_does_not_hold_the_lane_for_ever() -> None:
    here = Bench(*(outage() for _ in range(MOST_ATTEMPTS)))
    await here.take(private(7), private(8))
    assert (here.handled, here.done) == ([7] * MOST_ATTEMPTS + [8], [7, 8])


async def test_what_cannot_be_read_is_kept_and_let_go() -> None:
    here = Bench()
    await here.take({"update_id": 8, "message": {"chat": 3}})
    assert (here.handled, here.done) == ([], [8])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("half \ud83d", "half ?"),
        ("\udc00\ud800", "??"),
        ("nul \x00", "nul "),
        ("whole \U0001f600 \\ud83d", "whole \U0001f600 \\ud83d"),
        ("đọc", "đọc"),
    ],
)
async def test_halves_of_characters_and_nul_stop_nobody(text: str, read: str) -> None:
    here = Bench()
    odd = private(7)
    odd["message"]["text"] = text
    incoming = here.read(odd)
    assert incoming.payload.isascii()
    assert json.loads(incoming.payload) == odd
    assert incoming.update is not None
    assert incoming.update.message is not None
    assert incoming.update.message.text == read


async def test_what_a_dead_process_left_is_parsed_and_handled() -> None:
    here = Bench()
    here.queue.handle([Arrived(7, "5:5", json.dumps(private(7)))])
    await here.queue._tasks.drain()
    assert (here.handled, here.done) == ([7], [7])


async def test_update_of_another_process_is_left_to_it() -> None:
    here = Bench()
    here.turns = {7: [Turn.LOST]}
    await here.take(private(7))
    assert (here.handled, here.done, here.queue.waiting) == ([], [], 0)


async def test_earlier_update_that_comes_late_goes_first_while_the_later_one_waits() -> None:
    here = Bench()
    # As if the earlier one were committed by another process that then died: nobody else will do it.
    here.turns = {2: [Turn.LATER]}
    here.clock.gate.clear()
    await here.queue.take([here.read(private(2))])
    await here.clock.paused.wait()
    await here.queue.take([here.read(private(1))])
    assert here.queue.waiting == 2
    here.clock.gate.set()
    await here.queue._tasks.drain()
    assert here.handled == [1, 2]


async def test_people_do_not_wait_for_each_other() -> None:
    here = Bench()
    here.turns = {1: [Turn.LATER]}
    here.clock.gate.clear()
    await here.queue.take([here.read(private(1, person=5)), here.read(private(2, person=6))])
    await here.forgotten.wait()
    assert here.done == [2]
    here.clock.gate.set()
    await here.queue._tasks.drain()
    assert here.done == [2, 1]


async def test_of_those_that_wait_only_as_many_stay_parsed_as_are_handled_at_once() -> None:
    here = Bench()
    of_one, of_many = range(1, 100), range(100, 200 + MOST_HANDLERS)
    updates = [*(private(number) for number in of_one), *(private(number, person=number) for number in of_many)]
    here.turns = {update["update_id"]: [Turn.LATER] for update in updates}
    here.clock.gate.clear()
    await here.queue.take([here.read(update) for update in updates])
    waiting = [item for lane in here.queue._lanes.values() for item in lane]
    assert len(waiting) == len(updates)
    assert sum(item.update is not None for item in waiting) == MOST_HANDLERS
    here.clock.gate.set()
    await here.queue._tasks.drain()
    assert sorted(here.done) == sorted(here.handled) == [*of_one, *of_many]
    assert [number for number in here.handled if number in of_one] == [*of_one]


@pytest.mark.parametrize(
    "update",
    [
        {
            "pre_checkout_query": {
                "id": "1",
                "from": PERSON,
                "currency": "XTR",
                "total_amount": 25,
                "invoice_payload": "p",
            }
        },
        {"inline_query": {"id": "1", "from": PERSON, "query": "", "offset": ""}},
    ],
)
async def test_what_must_be_answered_within_seconds_waits_for_nothing(update: dict[str, Any]) -> None:
    here = Bench()
    here.turns = {1: [Turn.LATER]}
    here.clock.gate.clear()
    await here.queue.take([here.read(private(1)), here.read(update | {"update_id": 2})])
    async with asyncio.timeout(60):
        await here.heard.wait()
    assert here.handled == [2]
    here.clock.gate.set()
    await here.queue._tasks.drain()


async def test_commit_that_nobody_waits_for_any_more_is_handled_all_the_same() -> None:
    here = Bench()
    asked, answer = asyncio.Event(), asyncio.Event()

    async def store(arrived: Sequence[Arrived]) -> Sequence[Arrived]:
        asked.set()
        await answer.wait()
        return arrived

    here.inbox.store = store
    caller = asyncio.create_task(here.queue.take([here.read(private(7))]))
    await asked.wait()
    caller.cancel()
    answer.set()
    await here.queue._tasks.drain()
    assert (caller.cancelled(), here.handled, here.done) == (True, [7], [7])


async def test_outage_of_the_inbox_reaches_who_hands_in() -> None:
    here = Bench()
    here.inbox.store = AsyncMock(side_effect=outage())
    with pytest.raises(OperationalError):
        await here.take(private(7))
    assert here.queue.waiting == 0


def message(**fields: Any) -> dict[str, Any]:
    head = {"message_id": 3, "date": 1_700_000_000, "chat": GROUP, "from": PERSON}
    return {"update_id": 1, "message": head | fields}


def entity(kind: str, text: str, word: str, **more: object) -> dict[str, Any]:
    return message(text=text, entities=[{"type": kind, "offset": text.index(word), "length": len(word), **more}])


@pytest.mark.parametrize(
    "update",
    [
        message(text="good morning"),
        entity("mention", "see you, @somebody", "@somebody"),
        entity("url", "a link", "link"),
        entity("text_mention", "named", "named", user=PERSON),
        message(text="yes", reply_to_message=message(text="no")["message"]),
        message(photo=PHOTO, caption="our cat"),
        message(video=VIDEO, has_media_spoiler=True),
        message(text="in a topic", message_thread_id=4, is_topic_message=True),
    ],
)
async def test_talk_in_groups_is_counted_and_not_kept(update: dict[str, Any]) -> None:
    here, counted = Bench(), Counted()
    await here.take(update)
    assert (here.handled, here.inbox.store.await_args.args) == ([], ([],))
    assert counted("updates_total", kind=OVERHEARD) == 1


@pytest.mark.parametrize(
    "update",
    [
        message(text="/video rain"),
        message(text="/help"),
        entity("mention", "@Pho2Video_Bot rain", "@Pho2Video_Bot"),
        entity("text_mention", "you there", "you", user=ITSELF),
        message(photo=PHOTO, caption="/video rain"),
        message(text="rain", reply_to_message=message(text="Which words?")["message"] | {"from": ITSELF}),
        message(photo=PHOTO, media_group_id="9"),
        message(document={"file_id": "f", "file_unique_id": "u"}, media_group_id="9"),
        message(migrate_to_chat_id=-200),
        message(new_chat_members=[PERSON]),
        message(text="in private", chat={"id": 5, "type": "private", "first_name": "Anna"}),
        {"update_id": 1, "edited_message": message(text="good morning")["message"]},
        {"update_id": 1, "callback_query": {"id": "1", "from": PERSON, "chat_instance": "1", "data": "d:x:go"}},
        {"update_id": 1},
    ],
)
async def test_anything_else_reaches_the_handlers(update: dict[str, Any]) -> None:
    here = Bench()
    await here.take(update)
    assert (here.handled, here.done) == ([1], [1])
