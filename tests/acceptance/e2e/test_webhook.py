import asyncio
from pathlib import Path
from typing import Any

from bot.update_queue import ALLOWED_UPDATES
from sandbox.botapi.faults import FaultKind
from tests.acceptance.e2e.asking import rows
from tests.acceptance.e2e.operator import PATH, SECRET, operated
from tests.acceptance.e2e.world import World, world
from tests.pictures import jpeg

TAKEN = 'pho2video_updates_total{kind="message"}'
REPEATED = "pho2video_updates_repeated_total"
"""Counters of the process: other tests have counted, too."""


def text_update(update_id: int, text: str, user: int = 4242) -> dict[str, object]:
    person = {"id": user, "is_bot": False, "first_name": "B", "language_code": "en"}
    chat = {"id": user, "type": "private", "first_name": "B"}
    message: dict[str, object] = {
        "message_id": update_id,
        "date": 1700000000,
        "chat": chat,
        "from": person,
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return {"update_id": update_id, "message": message}


def texts_of(here: World, chat_id: int) -> set[str]:
    return {str(call.params["text"]) for call in here.telegram.calls("sendMessage", chat_id=chat_id) if call.applied}


async def test_the_main_job_by_webhook(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True) as (here, endpoints):
        await here.anna.send_photo(jpeg(), "a cat walks")
        card = await here.ready_card()
        await here.press(card, "go")
        end = await here.ended(here.anna.chat_id, card.message_id)
        assert "Done" in end.text
        (call,) = here.telegram.calls("setWebhook")
        assert call.params["url"] == f"{endpoints.url}{PATH}"
        assert call.params["secret_token"] == SECRET
        assert call.params["allowed_updates"] == list(ALLOWED_UPDATES)
        assert not call.params.get("drop_pending_updates")
        assert here.telegram.calls("getUpdates") == []


async def test_the_end_of_the_process_leaves_the_webhook_and_what_comes_meanwhile_is_taken_later(
    tmp_path: Path,
) -> None:
    async with operated(tmp_path, webhook=True) as (here, _):
        await here.telegram.wait_for_calls("setWebhook")
        await here.stop()
        assert here.telegram.calls("deleteWebhook") == []
        assert here.telegram.backend.webhook.url
        await here.anna.send_text("/start")
        await here.start()
        await here.telegram.wait_for_message(here.anna.chat_id)


async def test_setting_the_webhook_outlives_an_outage(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True, start=False) as (here, _):
        here.telegram.fail("setWebhook", FaultKind.DROP, times=1)
        here.telegram.fail("setWebhook", FaultKind.ERROR, times=1, status=400, description="Bad Request: bad webhook")
        await here.start()
        await here.anna.send_text("/start")
        await here.telegram.wait_for_message(here.anna.chat_id)
        assert [call.status for call in here.telegram.calls("setWebhook")] == [0, 400, 200]


async def test_polling_removes_a_webhook_left_over_and_loses_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, start=False) as here:
        here.telegram.backend.webhook.point_at("http://127.0.0.1:1/gone", "", 40)
        here.telegram.fail("deleteWebhook", FaultKind.DROP, times=1)
        await here.anna.send_text("/start")
        await here.start()
        await here.telegram.wait_for_message(here.anna.chat_id)
        lost, call = here.telegram.calls("deleteWebhook")
        assert not lost.params.get("drop_pending_updates")
        assert not call.params.get("drop_pending_updates")
        first_poll = next(poll for poll in here.telegram.calls("getUpdates") if poll.status == 200)
        assert first_poll.number > call.number


async def test_repeated_update_is_handled_once(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True) as (here, endpoints):
        bob = here.telegram.add_person("Bob", started=True)
        before = [await endpoints.metric(name) or 0 for name in (TAKEN, REPEATED)]
        update = text_update(900_001, "/help", bob.user_id)
        assert [await endpoints.post(update) for _ in range(3)] == [200, 200, 200]
        assert await endpoints.post(text_update(900_002, "/start", bob.user_id)) == 200
        await here.telegram.wait_for_calls("sendMessage", 2)
        after = [await endpoints.metric(name) or 0 for name in (TAKEN, REPEATED)]
        assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [2, 2]
        assert len(here.telegram.calls("sendMessage", chat_id=bob.chat_id)) == 2


async def test_the_answer_does_not_wait_for_the_handlers(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True) as (here, endpoints):
        bob = here.telegram.add_person("Bob", started=True)
        held = here.telegram.fail("sendMessage", FaultKind.HOLD, chat_id=bob.chat_id)
        assert await endpoints.post(text_update(900_001, "/help", bob.user_id)) == 200
        await here.telegram.held(held)
        assert await endpoints.post(text_update(900_002, "/help", bob.user_id)) == 200
        here.telegram.release()
        await here.telegram.wait_for_calls("sendMessage", 2)


async def test_what_was_answered_survives_the_end_of_the_process(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True) as (here, endpoints):
        bob = here.telegram.add_person("Bob", started=True)
        held = here.telegram.fail("sendMessage", FaultKind.HOLD, chat_id=bob.chat_id)
        assert await endpoints.post(text_update(900_001, "/help", bob.user_id)) == 200
        await here.telegram.held(held)
        assert await endpoints.post(text_update(900_002, "/start", bob.user_id)) == 200
        await here.stop()
        here.telegram.release()
        await here.start()
        await here.telegram.wait_for(lambda: len(texts_of(here, bob.chat_id)) == 2)


async def test_without_the_secret_nothing_happens(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True) as (here, endpoints):
        bob = here.telegram.add_person("Bob", started=True)
        before = await endpoints.metric(TAKEN) or 0
        assert await endpoints.post(text_update(900_001, "/help", bob.user_id), secret="guessed") == 401
        assert await endpoints.post(text_update(900_002, "/start", bob.user_id)) == 200
        await here.telegram.wait_for_calls("sendMessage")
        assert len(here.telegram.calls("sendMessage", chat_id=bob.chat_id)) == 1
        assert (await endpoints.metric(TAKEN) or 0) - before == 1


async def test_everybodys_updates_are_handled_in_the_order_they_came(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True) as (here, endpoints):
        people = [here.telegram.add_person(f"P{number}", started=True) for number in range(6)]

        async def write(place: int) -> None:
            for turn in range(8):
                number = 900_000 + turn * len(people) + place
                assert await endpoints.post(text_update(number, f"word {number}", people[place].user_id)) == 200

        async with asyncio.TaskGroup() as group:
            for place in range(len(people)):
                group.create_task(write(place))

        def handled() -> list[dict[str, Any]]:
            query = (
                "SELECT chat_id, message_id FROM drafts JOIN draft_items ON draft_id = id ORDER BY draft_items.rowid"
            )
            return rows(here, query)

        await here.telegram.wait_for(lambda: len(handled()) == 48)
        for person in people:
            numbers = [row["message_id"] for row in handled() if row["chat_id"] == person.chat_id]
            assert numbers == sorted(numbers)
            assert len(numbers) == 8
