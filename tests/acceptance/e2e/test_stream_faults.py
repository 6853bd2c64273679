"""Every way in which the paid call can go wrong has one right end: POSTs, words, buttons, money."""

from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from sandbox.genaipro import Answer, End, Frame, InHistory, Script, status
from sandbox.genaipro.script import RESULTS, comment
from tests.acceptance.e2e.asking import (
    TEXTS,
    Asked,
    ask,
    ended,
    in_words,
    left_over,
    posted,
    posts,
    row,
    rows,
    shown,
    told,
    videos,
)
from tests.acceptance.e2e.world import World, world
from tests.buttons import words

HTML = "<html><head><title>{}</title></head><body><h1>nginx</h1></body></html>"

SAYS = {
    "safety": "safety filter",
    "audio": "sound was filtered",
    "credits": "no credits left",
    "key": "refused the bot's key",
    "guard": "cannot be reached from here at the moment",
    "busy": "service is busy (tried 5 times)",
    "service": "The service failed, and no video was found",
    "rejected": "did not accept the request",
    "other": "The service",
    "lost": "The result never came",
}
LOST = {language: TEXTS.into(language).plain("status-reconciling")[:15] for language in ("en", "vi")}
OFFERS = {
    "safety": ["edit"],
    "audio": ["edit"],
    "credits": ["again"],
    "key": [],
    "guard": ["again"],
    "busy": ["again"],
    "service": ["again"],
    "rejected": ["edit"],
    "other": ["again"],
    "lost": ["again"],
}


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and its right end.

    Attributes:
        name: For the prompt.
        script: What the service does.
        kind: The failure.
        reason: The service's own words, as a person reads them.
        charged: Whether it was paid for.
    """

    name: str
    script: Script
    kind: str
    reason: str = ""
    charged: str = "no"


def answered(code: int, body: object, kind: str, reason: str = "", charged: str = "no") -> Case:
    is_html = isinstance(body, str)
    answer = Answer(code, body, content_type="text/html" if is_html else "application/json")  # type: ignore[arg-type]
    return Case(f"status {code} {'html' if is_html else 'json'} {reason}", Script(answer=answer), kind, reason, charged)


REFUSED = [
    answered(400, {"error": "The prompt is odd"}, "rejected", "The prompt is odd"),
    answered(400, HTML.format("400 Bad Request"), "rejected", "400 Bad Request"),
    answered(400, {"error": "UNSAFE_GENERATION"}, "safety"),
    answered(401, {"error": "invalid key"}, "key"),
    answered(401, HTML.format("401 Authorization Required"), "guard"),
    answered(403, HTML.format("Attention Required! | Cloudflare"), "guard"),
    answered(403, "error code: 1010", "guard"),
    answered(402, {"message": "pay"}, "credits"),
    answered(402, HTML.format("402 Payment Required"), "credits"),
    answered(413, {"error": "too large"}, "rejected", "too large"),
    answered(413, HTML.format("413 Request Entity Too Large"), "rejected", "413 Request Entity Too Large"),
    answered(422, {"detail": [{"loc": ["body", "prompt"], "msg": "too short"}]}, "rejected", "prompt: too short"),
    answered(422, HTML.format("422 Unprocessable"), "rejected", "422 Unprocessable"),
]

TOLD = [
    Case("unsafe", Script(error={"error": "PUBLIC_ERROR_UNSAFE_GENERATION", "code": 3}), "safety"),
    Case("audio", Script(error={"error": "AUDIO_FILTERED"}), "audio"),
    Case("quota", Script(error={"error": "quota exceeded"}), "credits"),
    Case("message", Script(error={"message": "The model is asleep"}), "other", "The model is asleep"),
    Case("bare", Script(error="The model <b>snores</b>"), "other", "The model <b>snores</b>"),
    Case("long", Script(error={"error": "x" * 500}), "other", "x" * 300),
    Case("empty array", Script(empty=True), "other"),
    Case("all failed", Script(failed=(0,), failed_error="UNSAFE_GENERATION"), "safety"),
    Case("all silent", Script(failed=(0,), failed_error="AUDIO_FILTERED"), "audio"),
]

SERVER_ERRORS = [
    case
    for code in (500, 502, 503, 504)
    for case in (
        answered(code, {"error": f"down {code}"}, "service", "", "unknown"),
        answered(code, HTML.format(f"{code} Bad"), "service", "", "unknown"),
    )
]


async def start(here: World, cases: list[Case]) -> list[tuple[Case, Asked]]:
    """Ask for each case, its POST made before the next is asked for, so that each meets its own script."""
    begun = []
    for number, case in enumerate(cases):
        person = here.telegram.add_person(f"P{number}", language_code="vi" if number % 2 else "en")
        here.genaipro.enqueue(case.script)
        asked = await ask(here, f"{case.name} {number}", person=person)
        await posted(here, asked)
        begun.append((case, asked))
    return begun


async def check(here: World, case: Case, asked: Asked, count: int = 1) -> None:
    """The request failed as it should, everywhere that can be seen."""
    end = await ended(here, asked)
    found = await told(here, asked)
    assert (found["state"], found["failure_kind"], found["charged"]) == ("failed", case.kind, case.charged), case.name
    assert len(posts(here, asked)) == count, case.name
    assert found["attempts"] == count
    assert words(end) == OFFERS[case.kind], case.name
    language = asked.person.user.language_code
    assert unescape(in_words(found, language).html) == end.text
    assert SAYS[case.kind] in in_words(found, "en").html, case.name
    start_of_it = TEXTS.into("vi").plain(f"failure-{case.kind}", attempts=count).split()[:3]
    assert in_words(found, "vi").html.split()[:3] == start_of_it, case.name
    assert case.reason in end.text, case.name
    assert "x" * 301 not in end.text
    assert not videos(here, asked)


async def test_a_refusal_ends_at_once_with_the_services_own_words(tmp_path: Path) -> None:
    async with world(tmp_path, max_active_generations=50) as here, here.clock.hurried(0.5):
        for case, asked in await start(here, REFUSED + TOLD):
            await check(here, case, asked)
        assert not left_over(here)


async def test_after_a_server_error_the_result_is_looked_for_two_minutes_and_no_longer(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_interval=15.0, max_active_generations=50) as here:
        begun = await start(here, SERVER_ERRORS)
        for _, asked in begun:
            await shown(here, asked, LOST[asked.person.user.language_code])
        here.clock.advance(110)
        gets = len(here.genaipro.gets)
        await here.genaipro.until(lambda: len(here.genaipro.gets) >= gets + len(begun))
        assert {row(here, asked)["state"] for _, asked in begun} == {"reconciling"}
        here.clock.advance(15)
        async with here.clock.hurried(0.2):
            for case, asked in begun:
                await check(here, case, asked)


async def test_what_a_server_error_made_all_the_same_is_delivered(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        here.genaipro.enqueue(Script(answer=Answer(502, HTML.format("502"), content_type="text/html"), accepted=True))
        asked = await ask(here, "made all the same")
        end = await ended(here, asked)
        assert "Done" in end.text
        assert len(videos(here, asked)) == 1
        assert len(posts(here, asked)) == 1
        assert (await told(here, asked))["charged"] == "yes"


CUT = {
    "after the body": Script(end=End.DROP_READ),
    "after one event": Script(end=End.DROP, after=1),
    "after three events": Script(end=End.DROP),
    "in an event": Script(end=End.MID_EVENT),
    "no terminal event": Script(end=End.EOF),
    "silence": Script(end=End.SILENCE),
    "pings for ever": Script(end=End.PINGS),
}


@pytest.mark.parametrize("known", [True, False], ids=["found", "given up"])
async def test_a_cut_stream_is_never_sent_again_and_its_result_looked_up(tmp_path: Path, known: bool) -> None:
    async with world(
        tmp_path,
        stream_idle_timeout=0.6,
        generation_timeout=1.2,
        reconcile_interval=5.0,
        reconcile_timeout=60.0,
        max_active_generations=50,
    ) as here:
        history = InHistory.FINISHED if known else InHistory.NEVER
        scripts = {
            name: Script(end=cut.end, after=cut.after, history=history, history_delay=20.0) for name, cut in CUT.items()
        }
        begun = await start(here, [Case(name, script, "lost", "", "unknown") for name, script in scripts.items()])
        for _, asked in begun:
            await shown(here, asked, LOST[asked.person.user.language_code])
        async with here.clock.hurried(0.6):
            for case, asked in begun:
                if not known:
                    await check(here, case, asked)
                    continue
                end = await ended(here, asked)
                assert words(end) == ["again", "edit"], case.name
                assert len(videos(here, asked)) == 1, case.name
                assert len(posts(here, asked)) == 1, case.name
                assert (await told(here, asked))["charged"] == "yes"
        assert not left_over(here)


async def test_a_drop_before_any_byte_counts_as_sent(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_timeout=20.0) as here:
        here.genaipro.enqueue(Script(end=End.DROP_UNREAD))
        asked = await ask(here, "dropped unread")
        await shown(here, asked, "Lost touch")
        async with here.clock.hurried(0.2):
            end = await ended(here, asked)
        assert "The result never came" in end.text
        assert len(here.genaipro.posts) == 1


ODD = (
    status("QUEUED_ON <TPU> & waiting"),
    Frame("weather", {"sun": True}),
    Frame(raw="data: no name\n\n"),
    comment(),
    Frame("video_generation_status", {"status": "warming_up"}),
    Frame("big", "x" * 1_000_000),
    status("processing"),
    RESULTS,
)


async def test_unknown_words_and_events_are_shown_and_harm_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(1.0):
        gate = here.genaipro.hold(Script(frames=ODD))
        asked = await ask(here, "odd stream")
        for text in ("QUEUED_ON <TPU> & waiting", "weather", "message", "warming_up", "big", "Making your video"):
            await gate.blocked()
            gate.release(1)
            await shown(here, asked, text)
        gate.release()
        end = await ended(here, asked)
        assert "Done" in end.text
        assert len(videos(here, asked)) == 1


async def test_odd_results_are_delivered(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        for script, count, made in (
            (Script(failed=(1,)), 3, 2),
            (Script(as_list=True, word="completed"), 2, 2),
            (Script(extra=(Frame("big", "x" * 1_000_000),)), 1, 1),
        ):
            here.genaipro.enqueue(script)
            asked = await ask(here, f"odd results {count}", count)
            end = await ended(here, asked)
            assert len(videos(here, asked)) == made
            assert (f"{count - made} video did not work out" in end.text) == (made < count)
            assert words(end) == ["again", "edit"]
            query = "SELECT state FROM videos WHERE generation_id = ? ORDER BY position"
            states = [found["state"] for found in rows(here, query, row(here, asked)["id"])]
            assert states == ["sent"] * made + ["failed"] * (count - made)
