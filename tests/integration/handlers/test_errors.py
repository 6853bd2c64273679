from types import SimpleNamespace
from typing import cast

import pytest
from telegram import Update
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

from handlers.context import Context
from handlers.errors import handle_error
from sandbox.botapi import Person
from services.messenger import ChatClosedError
from tests.integration.handlers.world import World

CASES = [
    (Forbidden("bot was blocked by the user"), False),
    (BadRequest("Query is too old and response timeout expired"), False),
    (RetryAfter(3), False),
    (TimedOut(), False),
    (NetworkError("no route"), False),
    (ChatClosedError(), False),
    (BadRequest("Can't parse entities"), True),
    (ValueError("secret detail"), True),
]


def context(world: World, error: BaseException) -> Context:
    return cast("Context", SimpleNamespace(error=error, services=world.services))


def update(world: World, chat: int) -> Update:
    payload = next(
        one.wire()
        for one in world.server.backend.updates.produced
        if one.payload["chat"]["id"] == chat  # type: ignore[index]
    )
    made = Update.de_json(payload, world.application.bot)
    assert made is not None
    return made


@pytest.mark.parametrize(("error", "is_ours"), CASES)
async def test_only_faults_of_ours_are_apologised_for(
    world: World, bao: Person, error: Exception, is_ours: bool
) -> None:
    await bao.send_other("dice")
    await world.settled()
    before = len(world.server.bot_lines(bao.chat_id))
    await handle_error(update(world, bao.chat_id), context(world, error))
    said = [line.text for line in world.server.bot_lines(bao.chat_id)[before:]]
    assert said == (["Xin lỗi, tôi vừa gặp lỗi. Bạn hãy thử lại."] if is_ours else [])


async def test_a_group_hears_nothing_of_a_fault(world: World, anna: Person) -> None:
    group = world.server.add_group("Friends", [anna]).chat_id
    await anna.send_text("/privacy@pho2video_bot", chat=group)
    await world.settled()
    await handle_error(update(world, group), context(world, ValueError("secret detail")))
    await handle_error(None, context(world, ValueError("secret detail")))
    assert len(world.server.bot_lines(group)) == 1


async def test_an_apology_that_cannot_be_sent_is_let_go(world: World, anna: Person) -> None:
    await anna.send_text("/privacy")
    await world.settled()
    await anna.block()
    await handle_error(update(world, anna.chat_id), context(world, ValueError("secret detail")))
    assert len(world.server.bot_lines(anna.chat_id)) == 1
