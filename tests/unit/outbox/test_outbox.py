import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import ExtBot

from bot.outbox import Outbox, OutboxClosedError
from services.outbox.calls import JobState, Priority, sending
from services.outbox.limits import FloodLimits
from services.outbox.scheduler import SIGNS_PART
from tests.hand_clock import StandingClock, settle

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@dataclass
class Telegram:
    """What the callback reaches: notes every call, and answers as told."""

    time: StandingClock
    calls: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    answers: list[BaseException] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def __call__(self, endpoint: str, data: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((self.time.seconds, data))
        if self.gate is not None:
            await self.gate.wait()
        if self.answers:
            raise self.answers.pop(0)
        return {"message_id": len(self.calls)}

    @property
    def texts(self) -> list[str]:
        return [data["text"] for _, data in self.calls]


@pytest.fixture
def time() -> StandingClock:
    return StandingClock(0.0)


@pytest.fixture
def telegram(time: StandingClock) -> Telegram:
    return Telegram(time)


@pytest.fixture
async def outbox(time: StandingClock) -> AsyncIterator[Outbox]:
    outbox = Outbox(clock=time)
    await outbox.initialize()
    yield outbox
    shutdown = asyncio.create_task(outbox.shutdown())
    await time.pass_to(time.seconds + 10)
    await shutdown


Call = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
def call(outbox: Outbox, telegram: Telegram) -> Call:
    async def call(endpoint: str, **data: object) -> object:
        return await outbox.process_request(telegram, (endpoint, data), {}, endpoint, dict(data), None)

    return call


def edit(call: Call, text: str, message: int = 7) -> asyncio.Task[Any]:
    return asyncio.ensure_future(call("editMessageText", chat_id=1, message_id=message, text=text))


async def test_a_call_that_nothing_stands_against_goes_out_at_once(call: Call, time: StandingClock) -> None:
    assert await call("sendMessage", chat_id=1, text="a") == {"message_id": 1}
    assert time.sleeping == 0


@pytest.mark.parametrize("endpoint", ["answerPreCheckoutQuery", "answerInlineQuery"])
async def test_what_must_not_wait_passes_a_pause_and_makes_none(
    call: Call, time: StandingClock, telegram: Telegram, endpoint: str
) -> None:
    telegram.answers = [RetryAfter(20)]
    paused = asyncio.ensure_future(call("setMyCommands", commands=[]))
    await settle()
    waiting = asyncio.ensure_future(call("sendMessage", chat_id=1, text="a"))
    await settle()
    assert len(telegram.calls) == 1
    telegram.answers = [RetryAfter(500)]
    with pytest.raises(RetryAfter):
        await call(endpoint, chat_id=1, message_id=5)
    assert await call(endpoint, chat_id=1, message_id=5) == {"message_id": 3}
    await time.pass_to(21.0)
    assert paused.done()
    assert waiting.done()


async def test_sign_that_telegram_puts_off_is_left_and_holds_nothing_up(
    call: Call, time: StandingClock, telegram: Telegram
) -> None:
    telegram.answers = [RetryAfter(500)]
    with pytest.raises(RetryAfter):
        await call("setMessageReaction", chat_id=1, message_id=5)
    for chat in (1, 2):
        assert await call("sendMessage", chat_id=chat, text="a")
    assert await call("sendChatAction", chat_id=1, action="upload_video")
    assert len(telegram.calls) == 4


async def test_sign_takes_nothing_of_its_chats_pace(call: Call, time: StandingClock, telegram: Telegram) -> None:
    await call("setMessageReaction", chat_id=-1, message_id=5)
    await call("sendMessage", chat_id=-1, text="a")
    await call("setMessageReaction", chat_id=-1, message_id=5)
    assert [at for at, _ in telegram.calls] == [0.0, 0.0, 0.0]


async def test_sign_that_waits_can_be_taken_back(call: Call, time: StandingClock, telegram: Telegram) -> None:
    signs = [asyncio.ensure_future(call("sendChatAction", chat_id=chat, action="typing")) for chat in range(30)]
    await settle()
    sent = len(telegram.calls)
    assert sent == FloodLimits().overall // SIGNS_PART
    for sign in signs:
        sign.cancel()
    await asyncio.gather(*signs, return_exceptions=True)
    await time.pass_to(5.0)
    assert len(telegram.calls) == sent


async def test_calls_to_one_chat_keep_their_order_and_pace(call: Call, time: StandingClock, telegram: Telegram) -> None:
    tasks = [asyncio.ensure_future(call("sendMessage", chat_id=1, text=text)) for text in "abc"]
    await time.pass_to(5.0)
    assert [at for at, _ in telegram.calls] == [0.0, 1.0, 2.0]
    assert telegram.texts == ["a", "b", "c"]
    assert all(task.done() for task in tasks)


async def test_a_replaced_edit_returns_true_at_once(call: Call, time: StandingClock, telegram: Telegram) -> None:
    await call("sendMessage", chat_id=1, text="first")
    older = edit(call, "a")
    await settle()
    newer = edit(call, "b")
    await settle()
    assert await older is True
    assert not newer.done()
    await time.pass_to(1.0)
    assert await newer == {"message_id": 2}
    assert telegram.texts == ["first", "b"]


async def test_an_unchanged_edit_returns_true_and_is_not_sent(
    call: Call, time: StandingClock, telegram: Telegram
) -> None:
    await edit(call, "a")
    assert await edit(call, "a") is True
    await time.pass_to(5.0)
    assert telegram.texts == ["a"]


async def test_what_was_said_reaches_the_scheduler(call: Call, time: StandingClock, telegram: Telegram) -> None:
    await call("sendMessage", chat_id=1, text="first")
    with sending(Priority.PROGRESS, version=1):
        progress = edit(call, "progress", message=8)
    with sending(Priority.RESULT, version=2):
        result = edit(call, "result", message=9)
    await time.pass_to(3.0)
    assert telegram.texts == ["first", "result", "progress"]
    with sending(Priority.PROGRESS, version=1):
        assert await edit(call, "straggler", message=9) is True
    await asyncio.gather(progress, result)


async def test_a_flooded_call_is_made_again_when_telegram_said(
    call: Call, time: StandingClock, telegram: Telegram
) -> None:
    telegram.answers = [RetryAfter(30)]
    flooded = asyncio.ensure_future(call("sendMessage", chat_id=1, text="a"))
    await settle()
    await call("sendMessage", chat_id=2, text="b")
    await time.pass_to(29.9)
    assert not flooded.done()
    await time.pass_to(30.0)
    assert await flooded == {"message_id": 3}
    assert [at for at, _ in telegram.calls] == [0.0, 0.0, 30.0]


async def test_a_flood_past_all_patience_is_raised(call: Call, telegram: Telegram, outbox: Outbox) -> None:
    telegram.answers = [RetryAfter(3600)]
    with pytest.raises(RetryAfter):
        await call("sendMessage", chat_id=1, text="a")
    assert outbox.counters.floods == 1


@pytest.mark.parametrize("error", [TimedOut(), NetworkError("gone"), BadRequest("no"), Forbidden("blocked")])
async def test_a_failed_send_is_raised_and_not_made_again(
    error: TelegramError, call: Call, time: StandingClock, telegram: Telegram
) -> None:
    telegram.answers = [error]
    with pytest.raises(type(error)):
        await call("sendMessage", chat_id=1, text="a")
    await time.pass_to(60.0)
    assert len(telegram.calls) == 1


async def test_an_edit_whose_answer_got_lost_is_made_again(call: Call, time: StandingClock, telegram: Telegram) -> None:
    telegram.answers = [TimedOut(), NetworkError("gone")]
    task = edit(call, "a")
    await time.pass_to(10.0)
    assert await task == {"message_id": 3}
    assert telegram.texts == ["a"] * 3


async def test_an_edit_is_not_made_again_for_ever(call: Call, time: StandingClock, telegram: Telegram) -> None:
    telegram.answers = [TimedOut() for _ in range(9)]
    task = edit(call, "a")
    await time.pass_to(60.0)
    with pytest.raises(TimedOut):
        await task
    assert len(telegram.calls) == 3


async def test_a_refused_edit_is_raised(call: Call, telegram: Telegram) -> None:
    telegram.answers = [BadRequest("Message to edit not found")]
    with pytest.raises(BadRequest):
        await edit(call, "a")


async def test_a_cancelled_caller_takes_its_call_back(
    call: Call, time: StandingClock, telegram: Telegram, outbox: Outbox
) -> None:
    await call("sendMessage", chat_id=1, text="first")
    gone = asyncio.ensure_future(call("sendMessage", chat_id=1, text="gone"))
    stays = asyncio.ensure_future(call("sendMessage", chat_id=1, text="stays"))
    await settle()
    gone.cancel()
    await time.pass_to(1.0)
    assert await stays
    assert telegram.texts == ["first", "stays"]
    assert outbox.counters.unsent[JobState.CANCELLED] == 1


async def test_a_caller_cancelled_in_the_moment_of_its_turn_frees_it(
    call: Call, time: StandingClock, telegram: Telegram, outbox: Outbox
) -> None:
    await call("sendMessage", chat_id=1, text="first")
    gone = asyncio.ensure_future(call("sendMessage", chat_id=1, text="gone"))
    await settle()
    time.seconds = 1.0
    await call("sendMessage", chat_id=2, text="its turn is given here")
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert gone.cancelled()
    assert outbox.counters.running == 0
    after = asyncio.ensure_future(call("sendMessage", chat_id=1, text="after"))
    await time.pass_to(3.0)
    assert await after
    assert "gone" not in telegram.texts


async def test_a_call_cancelled_under_way_frees_its_chat(call: Call, time: StandingClock, telegram: Telegram) -> None:
    telegram.gate = asyncio.Event()
    hangs = asyncio.ensure_future(call("sendMessage", chat_id=1, text="hangs"))
    after = asyncio.ensure_future(call("sendMessage", chat_id=1, text="after"))
    await settle()
    hangs.cancel()
    telegram.gate.set()
    await time.pass_to(1.0)
    assert await after


async def test_a_hanging_call_holds_up_nobody_else(call: Call, telegram: Telegram) -> None:
    telegram.gate = asyncio.Event()
    hangs = asyncio.ensure_future(call("sendMessage", chat_id=1, text="hangs"))
    await settle()
    gate, telegram.gate = telegram.gate, None
    assert await call("sendMessage", chat_id=2, text="b")
    gate.set()
    assert await hangs


async def test_shutdown_refuses_what_waits_and_lets_the_rest_finish(
    call: Call, time: StandingClock, telegram: Telegram, outbox: Outbox
) -> None:
    telegram.gate = asyncio.Event()
    under_way = asyncio.ensure_future(call("sendMessage", chat_id=1, text="under way"))
    waiting = asyncio.ensure_future(call("sendMessage", chat_id=1, text="waiting"))
    await settle()
    shutdown = asyncio.ensure_future(outbox.shutdown())
    await settle()
    with pytest.raises(OutboxClosedError):
        await waiting
    assert not shutdown.done()
    telegram.gate.set()
    assert await under_way
    await shutdown
    with pytest.raises(OutboxClosedError):
        await call("sendMessage", chat_id=2, text="too late")
    await outbox.initialize()
    assert await call("sendMessage", chat_id=2, text="again")


async def test_shutdown_waits_no_longer_than_its_grace(
    call: Call, time: StandingClock, telegram: Telegram, outbox: Outbox
) -> None:
    telegram.gate = asyncio.Event()
    hangs = asyncio.ensure_future(call("sendMessage", chat_id=1, text="hangs"))
    await settle()
    outbox.grace = 0.01
    async with asyncio.timeout(60):
        await outbox.shutdown()
    assert not hangs.done()
    telegram.gate.set()
    await hangs


async def test_a_flood_during_shutdown_is_not_waited_for(call: Call, telegram: Telegram, outbox: Outbox) -> None:
    telegram.gate, telegram.answers = asyncio.Event(), [RetryAfter(30)]
    flooded = asyncio.ensure_future(call("sendMessage", chat_id=1, text="a"))
    await settle()
    shutdown = asyncio.ensure_future(outbox.shutdown())
    await settle()
    telegram.gate.set()
    with pytest.raises(OutboxClosedError):
        await flooded
    await shutdown


async def test_no_alarm_is_left_when_nothing_waits(call: Call, time: StandingClock) -> None:
    tasks = [edit(call, str(turn), message=turn) for turn in range(40)]
    tasks += [asyncio.ensure_future(call("sendMessage", chat_id=chat, text="t")) for chat in range(2, 80)]
    await time.pass_to(60.0)
    assert all(task.done() for task in tasks)
    assert time.sleeping == 0


async def test_the_library_calls_through_it(
    time: StandingClock, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(clock=time)
    bot: ExtBot[None] = ExtBot("1:a", rate_limiter=outbox)

    async def post(self: object, endpoint: str, data: dict[str, Any], **_: object) -> dict[str, Any] | bool:
        await telegram(endpoint, data)
        return {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "text": data["text"]}

    monkeypatch.setattr("telegram.Bot._do_post", post)
    sent = await bot.send_message(1, "first")
    older = asyncio.ensure_future(bot.edit_message_text("a", 1, sent.message_id))
    await settle()
    newer = asyncio.ensure_future(bot.edit_message_text("b", 1, sent.message_id))
    await time.pass_to(1.0)
    assert await older is True
    edited = await newer
    assert not isinstance(edited, bool)
    assert edited.text == "b"
    await outbox.shutdown()


async def test_a_fence_is_asked_when_the_turn_has_come_and_what_it_raises_comes_instead(
    call: Call, time: StandingClock, telegram: Telegram
) -> None:
    asked: list[float] = []

    async def fence() -> None:
        asked.append(time.seconds)
        if len(asked) > 1:
            raise LookupError

    await call("sendMessage", chat_id=1, text="first")
    with sending(Priority.PROGRESS, fence=fence):
        tasks = [edit(call, "wanted", message=8), edit(call, "old", message=9)]
    with sending(Priority.PROGRESS):
        tasks.append(edit(call, "later", message=10))
    await time.pass_to(5.0)
    assert asked[0] == 1.0
    assert telegram.texts == ["first", "wanted", "later"]
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in done] == [dict, LookupError, dict]
