"""Delivery with its bookkeeping: once, in order, another way, as a link."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import update
from telegram.error import ChatMigrated

from services.delivery.errors import SendNotSentError, SendRefusedError, VideoProblem
from services.delivery.facts import VideoFacts
from services.delivery.plan import Prepared, Way
from services.delivery.send import Outgoing, SentVideo
from services.failures import Charged, FailureKind
from services.genaipro.events import VideoResult
from services.generations.deliver import BROKEN_UPLOADS, MAX_SENDS
from services.generations.model import Generation, State, VideoState
from services.screens import Place
from services.store.schema import GenerationRow
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import Send


async def made(here: Bench, count: int = 3, user: int = 1) -> Generation:
    """A generation whose videos are there."""
    generation = await here.take(await here.place("a cat", count, user))
    armed = await here.rows.arm(generation)
    assert armed is not None
    urls = tuple(f"https://a.example/{number}.mp4" for number in range(count))
    found = [VideoResult("i", "a cat", urls, True, False, "completed", None)]
    return await here.results.record(armed, found, exclusive=False)


async def states(here: Bench, generation: Generation) -> list[VideoState]:
    return [video.state for video in await here.results.videos(generation.id)]


def numbers(here: Bench) -> list[str]:
    return [number for _, number in here.chat.arrived]


class Watched:
    """Notes what is sent where, and fails as it is told."""

    def __init__(self, *errors: Exception) -> None:
        self.sent: list[tuple[Place, list[bool]]] = []
        self._errors = list(errors)

    async def __call__(self, place: Place, videos: Sequence[Outgoing], _caption: str = "") -> list[SentVideo]:
        self.sent.append((place, [isinstance(video.source, Path) for video in videos]))
        if self._errors:
            raise self._errors.pop(0)
        return [SentVideo(number, "f") for number, _ in enumerate(videos)]


async def test_all_are_sent_at_once_and_in_order(here: Bench) -> None:
    generation = await made(here)
    after = await here.deliverer.run(generation)
    assert after.state is State.DONE
    assert numbers(here) == ["0", "1", "2"]
    assert await states(here, generation) == [VideoState.SENT] * 3


async def test_what_is_known_to_be_sent_is_not_sent_again(here: Bench) -> None:
    generation = await made(here)
    await here.results.begin_sending(generation, [0])
    await here.results.sent(generation, [(0, 5, "f")])
    await here.deliverer.run(generation)
    assert numbers(here) == ["1", "2"]


async def test_what_may_have_been_sent_twice_is_linked(here: Bench) -> None:
    generation = await made(here, 2)
    for _ in range(MAX_SENDS):
        await here.results.begin_sending(generation, [0])
    await here.deliverer.run(generation)
    assert numbers(here) == ["1"]
    assert await states(here, generation) == [VideoState.LINKED, VideoState.SENT]


async def test_a_refusal_does_not_count_as_a_send(here: Bench) -> None:
    generation = await made(here, 1)
    here.chat.coming.extend([Send.NOT_SENT] * 10)
    await here.deliverer.run(generation)
    (video,) = await here.results.videos(generation.id)
    assert (video.state, video.send_attempts) == (VideoState.SENT, 1)


async def test_by_address_then_by_upload_then_each_alone_then_a_link(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = SendRefusedError("no")
    watched = Watched(no, no, no)
    monkeypatch.setattr(here.chat, "send", watched)
    generation = await made(here, 2)
    await here.deliverer.run(generation)
    assert [uploads for _, uploads in watched.sent] == [[False, False], [True, True], [True], [True]]
    assert await states(here, generation) == [VideoState.LINKED, VideoState.SENT]


async def test_uploads_that_keep_breaking_off_are_taken_for_too_large(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(SendRefusedError("no"), *[SendNotSentError("reset", broke_off=True)] * BROKEN_UPLOADS)
    monkeypatch.setattr(here.chat, "send", watched)
    generation = await made(here, 1)
    await here.deliverer.run(generation)
    assert len(watched.sent) == 1 + BROKEN_UPLOADS
    assert await states(here, generation) == [VideoState.LINKED]


async def test_large_ones_are_sent_in_order_though_the_first_group_goes_another_way(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prepare(url: str, directory: Path, index: int, *_waiting: object) -> Prepared:
        way = Way.URL if index == 0 else Way.UPLOAD
        size = 1_000_000 if index == 0 else 30_000_000
        path = directory / f"{index}.mp4"
        path.write_bytes(b"film")
        return Prepared(index, url, way, path, size, VideoFacts(16, 9, 8))

    monkeypatch.setattr(here.chat, "prepare", prepare)
    here.chat.coming.append(Send.REFUSED)
    await here.deliverer.run(await made(here))
    assert numbers(here) == ["0", "1", "2"]


async def test_one_that_cannot_be_stored_is_linked_and_the_others_are_sent(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = here.chat.prepare

    async def prepare(url: str, directory: Path, index: int, *_waiting: object) -> Prepared:
        if index == 1:
            raise OSError(28, "No space left on device")
        return await real(url, directory, index)

    monkeypatch.setattr(here.chat, "prepare", prepare)
    generation = await made(here)
    await here.deliverer.run(generation)
    assert await states(here, generation) == [VideoState.SENT, VideoState.UNFETCHED, VideoState.SENT]


async def test_when_nothing_can_be_given_it_has_failed_and_was_paid(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prepare(url: str, _directory: Path, index: int, *_waiting: object) -> Prepared:
        return Prepared(index, url, Way.LINK, problem=VideoProblem.REFUSED_ADDRESS)

    monkeypatch.setattr(here.chat, "prepare", prepare)
    after = await here.deliverer.run(await made(here, 1))
    assert after.state is State.FAILED
    assert after.failure is not None
    assert (after.failure.kind, after.charged) == (FailureKind.LOST, Charged.YES)


async def test_from_a_closed_group_they_go_to_the_person(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = await made(here, 2, user=9)
    await here.database.write(lambda session: session.execute(update(GenerationRow).values(chat_id=-100)))
    here.chat.coming.append(Send.FORBIDDEN)
    places: list[Place] = []
    real = here.chat.send

    async def send(place: Place, videos: Sequence[Outgoing], caption: str = "") -> list[SentVideo]:
        places.append(place)
        return await real(place, videos, caption)

    monkeypatch.setattr(here.chat, "send", send)
    await here.deliverer.run(await here.get(generation.id))
    assert [place.chat_id for place in places] == [-100, 9]
    assert await states(here, generation) == [VideoState.SENT_IN_PRIVATE] * 2


async def test_they_follow_a_group_that_became_a_supergroup(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(ChatMigrated(-200))
    monkeypatch.setattr(here.chat, "send", watched)
    await here.deliverer.run(await made(here, 2))
    assert [place.chat_id for place, _ in watched.sent] == [1, -200]
    assert watched.sent[1][0].reply_to is None


async def test_giving_up_links_what_was_not_sent(here: Bench) -> None:
    generation = await made(here)
    await here.results.begin_sending(generation, [0, 1])
    await here.results.sent(generation, [(0, 5, "f")])
    after = await here.deliverer.give_up(generation)
    assert after.state is State.DONE
    assert await states(here, generation) == [VideoState.SENT, VideoState.LINKED, VideoState.LINKED]


async def test_a_send_under_way_when_the_process_ends_is_let_end_and_written_down(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    real = here.chat.send

    async def slow(place: Place, videos: Sequence[Outgoing], caption: str = "") -> list[SentVideo]:
        begun.set()
        await go_on.wait()
        return await real(place, videos, caption)

    monkeypatch.setattr(here.chat, "send", slow)
    generation = await made(here)
    run = asyncio.create_task(here.deliverer.run(generation))
    await begun.wait()
    run.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await states(here, generation) == [VideoState.SENT] * 3
    ended = await here.get(generation.id)
    assert (ended.state, ended.final_shown) == (State.DONE, False)
