from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.failures import Charged, Failure, FailureKind
from services.generations.model import FINAL, State, Video, VideoState, rank
from services.options import VideoOptions
from services.status.render import Links, Surroundings, bar, render, render_links, share
from services.texts import LANGUAGES, Texts
from tests.generations import NOON, QUEUED

NOW = NOON
TEXTS = Texts("en")

GENERATION = replace(
    QUEUED,
    options=VideoOptions(2),
    queued_at=NOW - timedelta(seconds=100),
    started_at=NOW - timedelta(seconds=65),
    attempts=1,
    finished_at=NOW,
)


def around(**values: object) -> Surroundings:
    return replace(Surroundings(NOW, 90.0), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_words_in_every_language(language: str, state: State) -> None:
    failure = Failure(FailureKind.LOST, "", Charged.UNKNOWN) if state is State.FAILED else None
    screen = render(replace(GENERATION, state=state, failure=failure), around(position=3), TEXTS.into(language))
    assert screen.html
    labels = [button.label for row in screen.rows for button in row]
    assert bool(labels) == (state is not State.DELIVERING)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("reason", ["", "<b>no</b>"])
def test_every_failure_has_its_words_in_every_language(language: str, kind: FailureKind, reason: str) -> None:
    failed = replace(GENERATION, state=State.FAILED, failure=Failure(kind, reason))
    screen = render(failed, around(), TEXTS.into(language))
    assert "<b>" not in screen.html
    if reason and kind in {FailureKind.OTHER, FailureKind.REJECTED}:
        assert "&lt;b&gt;no&lt;/b&gt;" in screen.html
    if kind.traits.tells_owner:
        assert TEXTS.into(language).html(f"alarm-{kind}")


@given(st.text(min_size=1, max_size=5000))
def test_no_prompt_breaks_the_message(prompt: str) -> None:
    screen = render(replace(GENERATION, state=State.PROCESSING, prompt=prompt), around(), TEXTS.into("en"))
    assert len(screen.html) < 1000
    assert screen.html.count("<") == 2


def test_the_end_says_how_many_did_not_work_and_links_what_telegram_did_not_take() -> None:
    videos = (
        Video(0, "https://example.com/a", VideoState.SENT, 1, "f"),
        Video(1, "https://example.com/b?x=1&y=2", VideoState.LINKED, 0, None),
        Video(2, "", VideoState.FAILED, 0, None),
    )
    text = render(replace(GENERATION, state=State.DONE), around(videos=videos), TEXTS.into("en")).html
    assert "2 videos in 1:05" in text
    assert "1 video did not work out" in text
    assert '<a href="https://example.com/b?x=1&amp;y=2">Video 2</a>' in text
    assert "example.com/a" not in text


@given(
    st.lists(st.tuples(st.sampled_from(State), st.floats(0, 4000)), max_size=12),
    st.floats(5, 2000),
)
def test_the_bar_never_runs_backwards_nor_ends_early(path: list[tuple[State, float]], estimate: float) -> None:
    states = sorted((state for state, _ in path), key=rank)
    times = sorted(time for _, time in path)
    before = 0.0
    for state, elapsed in zip(states, times, strict=True):
        now = share(state, elapsed, estimate)
        assert now >= before
        assert now < 1.0 or state in FINAL
        before = now


def test_the_bar_has_ten_cells() -> None:
    assert bar(0.0) == "▱" * 10
    assert bar(0.55) == "▰" * 5 + "▱" * 5
    assert bar(1.0) == "▰" * 10


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("links", [Links.PRIVATE, Links.HISTORY])
def test_a_group_never_reads_an_address(language: str, links: Links) -> None:
    videos = (Video(0, "https://example.com/secret", VideoState.LINKED, 0, None),)
    done = replace(GENERATION, state=State.DONE, chat_id=-5)
    assert "secret" not in render(done, around(videos=videos, links=links), TEXTS.into(language)).html
    private = render_links(videos, TEXTS.into(language))
    assert private is not None
    assert "https://example.com/secret" in private.html
    assert render_links((), TEXTS.into(language)) is None


EDIT = {FailureKind.SAFETY, FailureKind.AUDIO, FailureKind.REJECTED, FailureKind.PHOTOS}


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_offers_to_edit_what_would_fail_again_and_nothing_after_a_refused_key(kind: FailureKind) -> None:
    screen = render(replace(GENERATION, state=State.FAILED, failure=Failure(kind)), around(), TEXTS.into("en"))
    offered = [button.data.rpartition(":")[2] for row in screen.rows for button in row]
    assert offered == ([] if kind is FailureKind.KEY else ["edit"] if kind in EDIT else ["again"])
