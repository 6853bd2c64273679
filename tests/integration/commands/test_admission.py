from sandbox.botapi import BotApiServer, Person
from services.access import OwnerLists, Permission
from services.store.schema import PersonRow
from tests.integration.handlers.conftest import MakeWorld
from tests.integration.handlers.world import OWNER, World

CLOSED = OwnerLists()


async def refusals(server: BotApiServer, person: Person) -> int:
    return len([line for line in server.bot_lines(person.chat_id) if str(person.user_id) in line.text])


async def test_somebody_refused_gets_one_sentence_with_their_id(
    make_world: MakeWorld, server: BotApiServer, alice: Person, bao: Person
) -> None:
    world = await make_world(CLOSED)
    english, vietnamese = await world.says(alice, "/start"), await world.says(bao, "/start")
    assert str(alice.user_id) in english.text
    assert "owner" in english.text
    assert str(bao.user_id) in vietnamese.text
    assert "chủ bot" in vietnamese.text


async def test_nothing_is_kept_of_somebody_refused(make_world: MakeWorld, alice: Person) -> None:
    world = await make_world(CLOSED)
    await world.says(alice, "/start")
    assert await world.services.database.read(lambda session: session.get(PersonRow, alice.user_id)) is None


async def test_a_flood_of_commands_is_refused_once(make_world: MakeWorld, server: BotApiServer, alice: Person) -> None:
    world = await make_world(CLOSED)
    for _ in range(5):
        await alice.send_text("/start")
    await server.wait_until_idle()
    await server.wait_for_message(alice.chat_id)
    assert await refusals(server, alice) == 1
    world.notices.forward(3)
    await world.says(alice, "/start")
    assert await refusals(server, alice) == 2


async def test_in_a_group_the_refused_meet_silence(
    make_world: MakeWorld, server: BotApiServer, alice: Person, owner: Person
) -> None:
    world = await make_world(OwnerLists(admin_ids=frozenset({OWNER})))
    group = server.add_group("Friends", [owner, alice])
    await alice.send_text("/help@pho2video_bot", chat=group.chat_id)
    answer = await world.says(owner, "/help@pho2video_bot", chat=group.chat_id)
    assert server.bot_lines(group.chat_id) == [answer]


async def test_in_an_allowed_group_everybody_may_ask(
    make_world: MakeWorld, server: BotApiServer, alice: Person
) -> None:
    group = server.add_group("Friends", [alice])
    world = await make_world(OwnerLists(chat_ids=frozenset({group.chat_id})))
    assert "How to" in (await world.says(alice, "/help@pho2video_bot", chat=group.chat_id)).text
    assert str(alice.user_id) in (await world.says(alice, "/help")).text


async def test_a_button_pressed_by_somebody_shut_out_meanwhile_changes_nothing(
    world: World, server: BotApiServer, alice: Person
) -> None:
    menu = await world.says(alice, "/settings")
    await world.services.access.deny(alice.user_id)
    notice = await world.presses(alice, menu, "Tiếng Việt")
    assert notice is not None
    assert str(alice.user_id) in notice
    assert (await world.services.people.preferences(alice.user_id, "en", is_guest=True)).language == "en"


async def test_the_claim_link_makes_one_admin(
    make_world: MakeWorld, server: BotApiServer, alice: Person, bao: Person
) -> None:
    world = await make_world(CLOSED)
    code = "a-code"
    assert await world.services.access.offer_claim(code)
    answer = await world.says(alice, f"/start claim_{code}")
    assert "admin" in answer.text
    assert "send a photo" in answer.text
    again = await world.says(alice, f"/start claim_{code}")
    assert "admin" not in again.text
    assert str(bao.user_id) in (await world.says(bao, f"/start claim_{code}")).text
    calls = await server.wait_for_calls("setMyCommands", 3)
    assert {str(call.params["scope"]).count(str(alice.user_id)) for call in calls} == {1}
    assert "Today" in (await world.says(alice, "/stats")).text


async def test_a_wrong_code_is_a_refused_start(make_world: MakeWorld, alice: Person) -> None:
    world = await make_world(CLOSED)
    assert await world.services.access.offer_claim("a-code")
    assert str(alice.user_id) in (await world.says(alice, "/start claim_wrong")).text
    assert await world.services.access.admin_ids() == frozenset()


async def test_a_claim_in_a_group_is_none(make_world: MakeWorld, server: BotApiServer, alice: Person) -> None:
    group = server.add_group("Friends", [alice])
    world = await make_world(OwnerLists(chat_ids=frozenset({group.chat_id})))
    code = "a-code"
    assert await world.services.access.offer_claim(code)
    await world.says(alice, f"/start@pho2video_bot claim_{code}", chat=group.chat_id)
    assert await world.services.access.admin_ids() == frozenset()


async def test_a_start_with_other_words_is_a_plain_start(world: World, alice: Person) -> None:
    assert "send a photo" in (await world.says(alice, "/start hello")).text
    assert await world.services.access.decide(alice.user_id, alice.chat_id) is Permission.ALLOWED
