import html
import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.genaipro.events import ResultPage, VideoResult
from services.generations.matching import (
    HistoryBefore,
    MatchVerdict,
    Request,
    keys_of,
    match,
)
from services.generations.prompts import CUT_FROM, PromptForm, may_share_objects, normal_form, prompt_form

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def thing(name: str, second: float, urls: int = 1, *, failed: bool = False) -> VideoResult:
    addresses = tuple(f"https://example.com/{name}-{number}.mp4" for number in range(urls))
    created = START + timedelta(seconds=second)
    return VideoResult(name, "p", addresses, bool(urls), failed, "completed", created)


def asked(name: str, second: float, count: int = 1, *, is_open: bool = True) -> Request:
    return Request(name, "p", START + timedelta(seconds=second), count, is_open, offset=0.0)


def test_the_only_object_since_the_request_is_found() -> None:
    found = match(asked("a", 10), [], [thing("old", 0), thing("new", 11)], {})
    assert found.verdict is MatchVerdict.FOUND
    assert [item.id for item in found.results] == ["new"]


def test_an_object_from_before_the_request_is_not_taken() -> None:
    assert match(asked("a", 60), [], [thing("old", 20)], {}).verdict is MatchVerdict.WAIT


def test_an_object_of_another_request_is_not_taken() -> None:
    other = thing("x", 11)
    owners = dict.fromkeys(keys_of(other), "b")
    assert match(asked("a", 10), [asked("b", 10)], [other], owners).verdict is MatchVerdict.WAIT


def test_an_object_known_by_its_address_alone_is_not_taken() -> None:
    other = thing("x", 11)
    assert match(asked("a", 10), [], [other], {f"url:{other.urls[0]}": "b"}).verdict is MatchVerdict.WAIT


def test_two_people_with_the_same_prompt_each_get_their_own() -> None:
    one, two = asked("a", 10), asked("b", 12)
    history = [thing("second", 13), thing("first", 11)]
    assert [item.id for item in match(one, [two], history, {}).results] == ["first"]
    assert [item.id for item in match(two, [one], history, {}).results] == ["second"]


def test_what_was_made_late_goes_to_the_request_before_it_though_another_lies_closer() -> None:
    before = HistoryBefore()
    one, two = (replace(request, before=before) for request in (asked("a", 10, 2), asked("b", 28)))
    history = [thing("first", 25), thing("second", 25)]
    assert match(two, [one], history, {}).verdict is MatchVerdict.WAIT
    assert match(two, [one], history, {}, last_chance=True).verdict is MatchVerdict.WAIT
    found = match(one, [replace(two, open=False)], history, {})
    assert [item.id for item in found.results] == ["first", "second"]


def test_while_one_of_two_may_still_come_the_other_waits() -> None:
    one, two = asked("a", 10), asked("b", 12)
    history = [thing("only", 13)]
    assert match(one, [two], history, {}).verdict is MatchVerdict.WAIT
    assert match(two, [one], history, {}).verdict is MatchVerdict.WAIT
    assert match(one, [two], history, {}, last_chance=True).verdict is MatchVerdict.WAIT
    assert match(two, [one], history, {}, last_chance=True).verdict is MatchVerdict.FOUND


def test_a_rival_that_ended_with_ids_unknown_to_the_history_uses_up_its_object() -> None:
    rival = asked("a", 10, is_open=False)
    found = match(asked("b", 12), [rival], [thing("first", 11), thing("second", 13)], {})
    assert [item.id for item in found.results] == ["second"]


def test_one_object_for_each_video_is_gathered() -> None:
    history = [thing("v1", 11), thing("v2", 11.5)]
    found = match(asked("a", 10, 2), [], history, {})
    assert found.verdict is MatchVerdict.FOUND
    assert [item.id for item in found.results] == ["v1", "v2"]


def test_fewer_than_asked_for_are_not_all_yet() -> None:
    assert match(asked("a", 10, 3), [], [thing("v1", 11, urls=2)], {}).verdict is MatchVerdict.PARTLY


def test_what_is_still_being_made_is_waited_for() -> None:
    assert match(asked("a", 10), [], [thing("v1", 11, urls=0)], {}).verdict is MatchVerdict.WAIT


def test_a_failed_object_is_an_answer() -> None:
    found = match(asked("a", 10), [], [thing("v1", 11, urls=0, failed=True)], {})
    assert found.verdict is MatchVerdict.FOUND
    assert not any(item.urls for item in found.results)


VIETNAMESE = "Một con mèo “đẹp” chạy qua khu vườn & nhảy lên mái nhà, rồi ngủ dưới nắng chiều vàng <ấm áp>"
CHANGES = (
    lambda text: unicodedata.normalize("NFC", text),
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: unicodedata.normalize("NFKC", text),
    lambda text: unicodedata.normalize("NFKD", text),
    str.strip,
    lambda text: " ".join(text.split()),
    html.escape,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.encode("utf-8", "replace").decode(),
)


@given(st.text(), st.lists(st.sampled_from(CHANGES), max_size=4))
def test_what_services_change_in_a_prompt_counts_for_nothing(prompt: str, changes: list[Callable[[str], str]]) -> None:
    told = prompt
    for change in changes:
        told = change(told)
    assume(told.strip())
    assert prompt_form(told, prompt) in {PromptForm.EXACT, PromptForm.CHANGED}
    assert may_share_objects(prompt, told)


@given(st.text())
def test_the_normal_form_is_normal(prompt: str) -> None:
    assert normal_form(normal_form(prompt)) == normal_form(prompt)


@given(
    st.integers(len(VIETNAMESE), 2 * len(VIETNAMESE) - 2),
    st.sampled_from(("", "…", "...", " …")),
    st.lists(st.sampled_from(CHANGES), max_size=4),
)
def test_the_beginning_of_a_prompt_stands_for_it(length: int, end: str, changes: list[Callable[[str], str]]) -> None:
    told = prompt = 2 * VIETNAMESE
    for change in changes:
        told = change(told)
    told = told[: len(told) * length // len(prompt)]
    assert prompt_form(told + end, prompt) is not None
    assert may_share_objects(told, prompt)


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("a cat runs", "a cat run"),
        ("a cat run", "a cat runs"),
        ("", "a cat"),
        (" ", " "),
        ("A cat", "a cat"),
        (VIETNAMESE[: CUT_FROM - 8], VIETNAMESE),
        (VIETNAMESE[:70] + "xyz", VIETNAMESE),
        (VIETNAMESE + " và mơ", VIETNAMESE),
    ],
)
def test_other_words_are_another_prompt(told: str, asked: str) -> None:
    assert prompt_form(told, asked) is None


def test_a_row_of_backslashes_holds_nobody_up() -> None:
    assert prompt_form("\\" * 200_000 + "x", VIETNAMESE) is None


def test_among_several_the_exact_prompt_is_taken() -> None:
    own = replace(asked("a", 10), prompt="a  cat")
    history = [replace(thing("folded", 11), prompt="a cat"), replace(thing("exact", 30), prompt="a  cat")]
    assert [item.id for item in match(own, [], history, {}).results] == ["exact"]


def test_a_longer_prompt_is_no_rival_of_an_exact_one() -> None:
    own = replace(asked("a", 10), prompt=VIETNAMESE)
    longer = replace(asked("b", 5), prompt=VIETNAMESE + " và mơ")
    history = [replace(thing("x", 11), prompt=VIETNAMESE)]
    assert match(own, [longer], history, {}).verdict is MatchVerdict.FOUND
    assert match(longer, [own], history, {}).verdict is MatchVerdict.WAIT


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 4)), min_size=2, max_size=5),
    st.lists(st.tuples(st.integers(0, 110), st.integers(1, 4)), max_size=6),
)
def test_no_object_is_ever_given_to_two(requests: list[tuple[int, int]], objects: list[tuple[int, int]]) -> None:
    all_asked = [asked(f"r{number}", second, count) for number, (second, count) in enumerate(requests)]
    history = [thing(f"o{number}", second, urls) for number, (second, urls) in enumerate(objects)]
    given_out: list[str] = []
    for own in all_asked:
        rivals = [other for other in all_asked if other.id != own.id]
        found = match(own, rivals, history, {}, last_chance=True)
        given_out += [item.id for item in found.results]
        assert all(item.created_at and item.created_at >= own.armed_at - timedelta(seconds=5) for item in found.results)
    assert len(given_out) == len(set(given_out))


def test_a_request_that_asked_for_several_does_not_get_anothers_whole_set() -> None:
    one, two = asked("a", 10, 2), asked("b", 12, 2)
    history = [thing("partly", 11, urls=1), thing("whole", 13, urls=2)]
    assert [item.id for item in match(one, [two], history, {}).results] == ["partly"]
    assert [item.id for item in match(two, [one], history, {}).results] == ["whole"]


def test_one_that_was_accepted_out_of_turn_is_told_by_its_size() -> None:
    one, two = asked("a", 10, 1), asked("b", 12, 2)
    history = [thing("pair", 13, urls=2), thing("single", 14, urls=1)]
    assert [item.id for item in match(one, [two], history, {}).results] == ["single"]
    assert [item.id for item in match(two, [one], history, {}).results] == ["pair"]


def test_an_object_goes_to_the_request_it_followed() -> None:
    earlier, later = asked("a", 10, is_open=False), asked("b", 40)
    assert match(later, [earlier], [thing("x", 41)], {}).verdict is MatchVerdict.FOUND
    assert match(asked("a", 10), [asked("b", 40)], [thing("x", 41)], {}, last_chance=True).verdict is MatchVerdict.WAIT


def test_single_objects_are_shared_out_by_time() -> None:
    one, two = asked("a", 10, 2), asked("b", 30, 2)
    history = [thing("a1", 11), thing("a2", 12), thing("b1", 31), thing("b2", 32)]
    assert [item.id for item in match(one, [two], history, {}).results] == ["a1", "a2"]
    assert [item.id for item in match(two, [one], history, {}).results] == ["b1", "b2"]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4)), min_size=1, max_size=5, unique_by=lambda pair: pair[0]),
    st.booleans(),
)
def test_where_every_request_has_its_objects_each_gets_its_own(requests: list[tuple[int, int]], grouped: bool) -> None:
    all_asked = [asked(f"r{number}", second * 10, count) for number, (second, count) in enumerate(requests)]
    history = [
        thing(f"r{number}-{part}", second * 10 + 1 + part / 10, urls=count if grouped else 1)
        for number, (second, count) in enumerate(requests)
        for part in range(1 if grouped else count)
    ]
    for own in all_asked:
        found = match(own, [other for other in all_asked if other.id != own.id], history, {})
        assert found.verdict is MatchVerdict.FOUND
        assert {item.id.partition("-")[0] for item in found.results} == {own.id}


def before(*items: VideoResult, offset: float | None = None, complete: bool = True, pages: int = 1) -> HistoryBefore:
    return replace(HistoryBefore.of(ResultPage(items, pages, offset)), complete=complete)


OFFSETS = st.floats(-60, 60)


@given(OFFSETS, st.one_of(st.none(), st.just(0.0), OFFSETS), st.floats(0, 59), st.floats(0, 20))
def test_with_clocks_a_minute_apart_the_own_object_is_found_and_no_older_one(
    skew: float, told: float | None, age: float, latency: float
) -> None:
    """The service is ahead by ``skew``; what it tells of its time may be nothing, or wrong."""
    older, own = thing("older", 100 - age + skew), thing("own", 100 + latency + skew)
    request = replace(asked("a", 100), before=before(older, offset=told), offset=told)
    assert match(request, [], [older], {}, last_chance=True).verdict is MatchVerdict.WAIT
    assert [item.id for item in match(request, [], [older, own], {}).results] == ["own"]


@given(OFFSETS, st.floats(6, 600), st.floats(0, 20), st.floats(-0.6, 0.6))
def test_the_clock_of_the_service_tells_where_nothing_was_looked_at(
    skew: float, age: float, latency: float, error: float
) -> None:
    older, own = thing("older", 100 - age + skew), thing("own", 100 + latency + skew)
    for request in (
        replace(asked("a", 100), offset=skew + error),
        replace(asked("a", 100), before=before(offset=skew + error, complete=False), offset=None),
    ):
        assert match(request, [], [older], {}, last_chance=True).verdict is MatchVerdict.WAIT
        assert [item.id for item in match(request, [], [older, own], {}).results] == ["own"]


def test_what_is_older_than_a_full_page_was_there_before() -> None:
    seen = before(thing("x", 90), pages=2)
    own = replace(asked("a", 100), before=seen)
    assert match(own, [], [thing("older", 89)], {}, last_chance=True).verdict is MatchVerdict.WAIT
    assert match(own, [], [thing("own", 91)], {}).verdict is MatchVerdict.FOUND
    first = replace(asked("a", 100), before=before(thing("x", 90)))
    assert match(first, [], [thing("own", 89)], {}).verdict is MatchVerdict.FOUND


def test_what_was_there_before_is_stored_and_read_again() -> None:
    for known in (HistoryBefore(), before(thing("x", 1), thing("y", 2), offset=-3.5, complete=False, pages=3)):
        assert HistoryBefore.from_json(known.to_json()) == known
    assert HistoryBefore.from_json(None) is None
