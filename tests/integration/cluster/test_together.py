"""Two web processes and three workers at peace: any process takes any update, and all together act as one."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from sandbox.botapi.person import Person
from sandbox.genaipro.gate import Gate
from tests.integration.cluster.postgres import Server
from tests.integration.cluster.world import Cluster, cluster
from tests.pictures import jpeg

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

ADMIN = 900_001
SETTINGS = {"MAX_ACTIVE_GENERATIONS": "3", "MAX_ACTIVE_PER_USER": "1", "ADMIN_USER_IDS": str(ADMIN)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> AsyncIterator[Cluster]:
    with postgres.database() as url:
        async with cluster(tmp_path_factory.mktemp("cluster"), url, settings=SETTINGS) as one:
            one.people.append(one.telegram.add_person("Admin", user_id=ADMIN))
            yield one


@pytest.fixture
def to_all(here: Cluster) -> Iterator[None]:
    """Every update reaches both webs at once."""
    here.balancer.to_all = True
    yield
    here.balancer.to_all = False


async def test_one_conversation_is_spread_over_both_webs(here: Cluster) -> None:
    anna = here.person()
    here.balancer.taken.clear()
    await anna.send_album([jpeg(1), jpeg(2), jpeg(3)], "three boats")
    card = await here.card(anna, "three boats")
    await here.telegram.wait_for_message(anna.chat_id, lambda line: "3 of 3" in line.text or "3/3" in line.text)
    await here.press(card, ":go", anna)
    end = await here.ended(anna)
    await here.at_rest()
    assert len({port for _, port in here.balancer.taken}) == 2
    assert end.message_id == card.message_id
    (post,) = here.posts("three boats")
    assert len(post.photos) == 3
    assert len(here.videos(anna)) == 1
    assert len(here.telegram.bot_lines(anna.chat_id)) == 2


@pytest.mark.usefixtures("to_all")
async def test_a_double_tap_that_both_webs_hear_at_once_is_one_generation(here: Cluster) -> None:
    bob = here.person()
    await bob.send_photo(jpeg(4), "a lake")
    card = await here.card(bob, "a lake")
    await asyncio.gather(*(here.press(card, ":go", bob) for _ in range(3)))
    await here.ended(bob)
    await here.at_rest()
    assert len(here.posts("a lake")) == 1
    assert len(here.videos(bob)) == 1
    assert len(here.telegram.bot_lines(bob.chat_id)) == 2


@pytest.mark.usefixtures("to_all")
async def test_an_update_that_both_webs_get_is_handled_once(here: Cluster) -> None:
    cleo = here.person()
    here.balancer.taken.clear()
    for _ in range(3):
        await cleo.send_text("/help")
    await here.at_rest()
    assert len(here.balancer.taken) == 6
    assert len(here.telegram.bot_lines(cleo.chat_id)) == 3


async def test_limits_hold_for_all_workers_together(here: Cluster) -> None:
    gates = [here.genaipro.hold() for _ in range(5)]
    dora, emil = here.person(), here.person()
    await here.ask("dora 1", dora)
    await here.ask("dora 2", dora)
    await here.ask("emil 1", emil)
    for gate in gates[:2]:
        await gate.blocked()
    others = [await here.ask(f"other {number}") for number in range(2)]
    await gates[2].blocked()
    # Whoever waits has been told so by now, and their turn would have come with the search that follows.
    await here.telegram.wait_for_message(others[1].chat_id)
    await here.until_rows("SELECT count(*) FROM generations WHERE state = 'queued'", 2)
    assert len([post for post in here.genaipro.posts if not post.finished]) == 3
    assert len(here.posts("dora 1")) == 1
    assert here.posts("dora 2") == []
    for gate in gates:
        gate.release()
    await here.at_rest()
    assert _most_at_once(here) <= 3
    for prompt in ("dora 1", "dora 2", "emil 1", "other 0", "other 1"):
        assert len(here.posts(prompt)) == 1


def _most_at_once(here: Cluster) -> int:
    """Generations between their turn and their end, at the worst moment, as the rows tell."""
    rows = here.rows("SELECT started_at, finished_at FROM generations WHERE started_at IS NOT NULL")
    spans = [(row["started_at"], row["finished_at"]) for row in rows]
    return max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)  # type: ignore[operator]


async def test_a_cancel_through_any_web_ends_the_stream_of_any_worker(here: Cluster) -> None:
    asked: list[tuple[Person, Gate]] = []
    for number in range(3):
        gate = here.genaipro.hold(at=2)
        asked.append((await here.ask(f"cancelled {number}"), gate))
        await gate.blocked()
    for person, _ in asked:
        await person.send_text("/cancel")
    for number, (person, _) in enumerate(asked):
        (post,) = here.posts(f"cancelled {number}")
        async with asyncio.timeout(120):
            await here.genaipro.finished(post)
        assert post.client_left
        end = await here.ended(person)
        assert "ancel" in end.text
    for _, gate in asked:
        gate.release()
    await here.at_rest()
    states = here.rows("SELECT state FROM generations WHERE prompt LIKE 'cancelled%'")
    assert [row["state"] for row in states] == ["cancelled"] * 3


async def test_a_denial_holds_in_every_process_at_once(here: Cluster) -> None:
    admin, fritz = here.people[0], here.person()
    for _ in range(2):
        await fritz.send_text("/help")
    await here.at_rest()
    known = len(here.telegram.bot_lines(fritz.chat_id))
    assert known == 2
    await admin.send_text(f"/deny {fritz.user_id}")
    await here.telegram.wait_for_message(admin.chat_id)
    here.balancer.taken.clear()
    for _ in range(2):
        await fritz.send_photo(jpeg(9), "/video not for him")
    await here.at_rest()
    assert len({port for _, port in here.balancer.taken}) == 2
    assert here.posts("not for him") == []
    told = here.telegram.bot_lines(fritz.chat_id)[known:]
    assert all(str(fritz.user_id) in line.text for line in told)


async def test_only_one_worker_says_who_is_next_in_the_queue(here: Cluster) -> None:
    gates = [here.genaipro.hold() for _ in range(5)]
    people = []
    for number, gate in enumerate(gates[:3]):
        people.append(await here.ask(f"queued {number}"))
        await gate.blocked()
    last = [await here.ask(f"queued {number}") for number in (3, 4)]
    for person in last:
        await here.telegram.wait_for_message(person.chat_id)
    await here.until_rows("SELECT count(*) FROM generations WHERE state = 'queued'", 2)
    before = len(here.telegram.calls("editMessageText", chat_id=last[1].chat_id))
    gates[0].release()
    await here.ended(people[0])
    await gates[3].blocked()
    await here.telegram.wait_for(
        lambda: len(here.telegram.calls("editMessageText", chat_id=last[1].chat_id)) > before, 30
    )
    for gate in gates:
        gate.release()
    await here.at_rest()
    calls = here.telegram.calls("editMessageText", chat_id=last[1].chat_id)
    assert len({str(call.params) for call in calls}) == len(calls)
