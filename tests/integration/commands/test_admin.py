from datetime import timedelta

import pytest

from sandbox.botapi import BotApiServer, Person
from sandbox.genaipro.ledger import Ledger
from services.access import OwnerLists, Permission
from services.generations.model import State
from tests.integration.commands.rows import add_generation
from tests.integration.handlers.conftest import MakeWorld
from tests.integration.handlers.world import NOON, OWNER, World
from tests.ports import free_port


@pytest.fixture
async def closed(make_world: MakeWorld) -> World:
    return await make_world(OwnerLists(admin_ids=frozenset({OWNER})))


async def verdict(world: World, user_id: int, chat_id: int | None = None) -> Permission:
    return await world.services.access.decide(user_id, chat_id or user_id)


async def test_a_person_is_let_in_and_shut_out_by_id(closed: World, owner: Person, alice: Person) -> None:
    assert str(alice.user_id) in (await closed.says(owner, f"/allow {alice.user_id}")).text
    assert "send a photo" in (await closed.says(alice, "/start")).text
    assert str(alice.user_id) in (await closed.says(owner, f"/deny {alice.user_id}")).text
    assert "private" in (await closed.says(alice, "/start")).text


async def test_a_person_is_let_in_by_a_reply(closed: World, server: BotApiServer, owner: Person, alice: Person) -> None:
    group = server.add_group("Friends", [owner, alice])
    wrote = await alice.send_text("hello", chat=group.chat_id)
    await closed.says(owner, "/allow@pho2video_bot", chat=group.chat_id, reply_to=wrote.message_id)
    assert await verdict(closed, alice.user_id) is Permission.ALLOWED
    assert await verdict(closed, 12345, group.chat_id) is Permission.REFUSED


async def test_a_group_is_let_in_and_shut_out_from_within(
    closed: World, server: BotApiServer, owner: Person, alice: Person
) -> None:
    group = server.add_group("Friends", [owner, alice])
    answer = await closed.says(owner, "/allow@pho2video_bot", chat=group.chat_id)
    assert str(group.chat_id) in answer.text
    assert await verdict(closed, alice.user_id, group.chat_id) is Permission.ALLOWED
    await closed.says(owner, "/deny@pho2video_bot", chat=group.chat_id)
    assert await verdict(closed, alice.user_id, group.chat_id) is Permission.REFUSED


async def test_a_group_is_let_in_by_its_id(closed: World, owner: Person) -> None:
    await closed.says(owner, "/allow -1001234567890")
    assert await verdict(closed, 5, -1001234567890) is Permission.ALLOWED


async def test_in_a_forum_the_topic_is_no_reply(
    closed: World, server: BotApiServer, owner: Person, alice: Person
) -> None:
    group = server.add_group("Forum", [owner, alice], forum=True)
    topic = server.add_topic(group.chat_id, "Films", by=alice)
    await closed.says(owner, "/allow@pho2video_bot", chat=group.chat_id, thread=topic.thread_id)
    assert await verdict(closed, alice.user_id) is Permission.REFUSED
    assert await verdict(closed, alice.user_id, group.chat_id) is Permission.ALLOWED


async def test_what_names_nobody_is_answered_with_how_to_say_it(closed: World, owner: Person) -> None:
    for arguments in ("", "somebody", "1 2", "0", "-", "--5", "1.5", "١٢٣", "99999999999999999999", "-0"):
        for command in ("allow", "deny"):
            answer = await closed.says(owner, f"/{command} {arguments}".strip())
            assert f"/{command} 123456789" in answer.text


async def test_an_anonymous_writer_is_nobody_to_allow(
    closed: World, server: BotApiServer, owner: Person, alice: Person
) -> None:
    group = server.add_group("Friends", [owner, alice])
    wrote = await alice.send_text("hello", chat=group.chat_id, anonymous=True)
    answer = await closed.says(owner, "/allow@pho2video_bot", chat=group.chat_id, reply_to=wrote.message_id)
    assert "/allow 123456789" in answer.text


async def test_admins_of_the_environment_and_oneself_cannot_be_denied(
    make_world: MakeWorld, server: BotApiServer, owner: Person, alice: Person
) -> None:
    world = await make_world(OwnerLists(admin_ids=frozenset({OWNER, alice.user_id})))
    assert "configuration" in (await world.says(owner, f"/deny {alice.user_id}")).text
    assert "yourself" in (await world.says(owner, f"/deny {OWNER}")).text
    assert await verdict(world, OWNER) is Permission.ADMIN
    assert await verdict(world, alice.user_id) is Permission.ADMIN


async def test_to_others_the_commands_of_admins_do_not_exist(world: World, server: BotApiServer, alice: Person) -> None:
    group = server.add_group("Friends", [alice])
    for name, rest in (("/stats", ""), ("/allow", " 5"), ("/deny", " 5")):
        assert "do not know" in (await world.says(alice, name + rest)).text
        assert await world.is_silent(alice, f"{name}@pho2video_bot{rest}", chat=group.chat_id)
    assert await verdict(world, 5) is Permission.ALLOWED


async def test_stats_counts_by_state_today_and_in_all(world: World, owner: Person) -> None:
    yesterday = NOON - timedelta(days=1)
    await add_generation(world.services.database, "a", 5, NOON, seconds=60)
    await add_generation(world.services.database, "b", 5, NOON, seconds=90)
    await add_generation(world.services.database, "c", 5, NOON, state=State.FAILED, seconds=1)
    await add_generation(world.services.database, "d", 5, NOON, state=State.PROCESSING)
    await add_generation(world.services.database, "e", 5, yesterday, seconds=125)
    lines = (await world.says(owner, "/stats")).text.splitlines()
    assert lines == [
        "Today: 4 requests",
        "1 being made · 2 done · 1 failed",
        "In all: 5 requests",
        "1 being made · 3 done · 1 failed",
        "People: 1",
        "Credits left: 77",
        "Usual time: 1:30 min",
    ]


async def test_stats_leaves_out_credits_that_have_expired(
    world: World, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, lasting = (NOON + timedelta(days=days) for days in (-1, 1))
    grants = [{"quota": 50, "used": 0, "expires_at": at.isoformat()} for at in (gone, lasting)]
    monkeypatch.setattr(Ledger, "credits", lambda _ledger: grants)
    assert "Credits left: 50" in (await world.says(owner, "/stats")).text


async def test_stats_of_a_new_bot_whose_service_does_not_answer(make_world: MakeWorld, owner: Person) -> None:
    lists = OwnerLists(admin_ids=frozenset({OWNER}))
    world = await make_world(lists, genaipro_api_url=f"http://127.0.0.1:{free_port()}")
    text = (await world.says(owner, "/stats")).text
    assert "Today: 0 requests" in text
    assert "does not say" in text
    assert "not known yet" in text


async def test_an_allowed_admin_stays_admin(closed: World, owner: Person) -> None:
    await closed.services.access.allow(OWNER)
    assert await verdict(closed, OWNER) is Permission.ADMIN
