from hypothesis import given
from hypothesis import strategies as st

from services.generations.model import FINAL, WORDS, State, may_follow, on_status_word, rank

states = st.sampled_from(list(State))


@given(states, states)
def test_nothing_follows_the_end(now: State, then: State) -> None:
    if now in FINAL:
        assert not may_follow(now, then)


@given(st.lists(states, max_size=12))
def test_a_way_never_goes_back(wishes: list[State]) -> None:
    now = State.QUEUED
    for wish in wishes:
        if may_follow(now, wish):
            assert rank(wish) > rank(now)
            now = wish


def test_a_paid_result_cannot_be_cancelled() -> None:
    assert not may_follow(State.DELIVERING, State.CANCELLED)
    assert all(may_follow(state, State.CANCELLED) for state in State if state not in FINAL | {State.DELIVERING})


@given(states.filter(lambda state: state not in FINAL), st.text())
def test_an_unknown_word_is_shown_and_changes_nothing(now: State, word: str) -> None:
    state, note = on_status_word(now, word)
    if word.strip().lower() not in WORDS:
        assert state is now
        assert len(note) <= 60


def test_words_that_come_late_do_not_turn_back() -> None:
    assert on_status_word(State.PROCESSING, "starting") == (State.PROCESSING, "starting")
