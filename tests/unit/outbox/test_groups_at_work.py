"""Several streams in one group: what people see, and when."""

from itertools import pairwise

import pytest

from services.outbox.calls import Call, Priority
from services.outbox.limits import FloodLimits
from tests.unit.outbox.simulation import SPEED_OF_ANSWER, Flight, Simulation, message, text_edit, video

LIMITS = FloodLimits()
GROUP = -1
WORDS = (0.0, 12.0, 24.0, 36.0, 48.0)
Pushes = list[tuple[float, Call]]


def streams(people: int, apart: float) -> Pushes:
    """Each has a first status, five words twelve seconds apart, and a minute after the first a video and an end."""
    pushes = []
    for person in range(people):
        start = person * apart
        pushes.append((start, message(GROUP, Priority.STATUS)))
        pushes += [(start + at, text_edit(GROUP, person)) for at in WORDS]
        pushes.append((start + 60.0, video(GROUP)))
        pushes.append((start + 60.3, text_edit(GROUP, person, priority=Priority.RESULT)))
    return pushes


def chatty(messages: int, seconds: int) -> Pushes:
    """One event a second, in turns."""
    return [(float(at), text_edit(GROUP, at % messages)) for at in range(seconds)]


def run(pushes: Pushes) -> list[Flight]:
    simulation = Simulation()
    simulation.run(pushes)
    return simulation.sent()


def forced(flights: list[Flight], place: int, pushed: float, most: int) -> float:
    """From when a call may go: pushed, a second after the one before, a minute after as many as a minute takes."""
    earlier = [flight.end for flight in flights[:place]]
    after_gap = [end + LIMITS.chat_gap for end in earlier[-1:]]
    return max([pushed, *after_gap, *(end + LIMITS.group_span for end in earlier[-most:][: len(earlier) >= most])])


def starts_of_progress(flights: list[Flight]) -> list[float]:
    return [flight.start for flight in flights if flight.call.priority is Priority.PROGRESS]


@pytest.mark.parametrize("apart", [0.0, 0.2, 1.5, 3.0])
def test_each_word_of_three_streams_is_shown_as_it_comes(apart: float) -> None:
    pushes = streams(3, apart)
    pushed = {id(call): at for at, call in pushes}
    flights = run(pushes)
    assert len(flights) == len(pushes)
    for place, flight in enumerate(flights):
        # Of a minute's 20, words and first statuses take 18: nothing but the pace of the chat holds them up.
        within = LIMITS.group if flight.call.priority is Priority.RESULT else len(flights)
        assert flight.start == pytest.approx(forced(flights, place, pushed[id(flight.call)], within))


def test_an_event_every_second_uses_the_share_without_long_silences() -> None:
    starts = starts_of_progress(run(chatty(3, 180)))
    minutes = [[at for at in starts if begin <= at < begin + 60] for begin in starts if begin < 120]
    assert max(map(len, minutes)) == LIMITS.group_progress
    assert max(second - first for first, second in pairwise(starts)) < 5


@pytest.mark.parametrize("at", [3.5, 20.5, 50.5, 58.5, 90.5, 110.5])
@pytest.mark.parametrize("messages", [1, 3])
def test_a_result_amid_many_events_comes_at_once(at: float, messages: int) -> None:
    end = text_edit(GROUP, 9, priority=Priority.RESULT)
    flights = run([*chatty(messages, 120), (at, video(GROUP)), (at + 0.3, end)])
    results = [flight.start for flight in flights if flight.call.priority is Priority.RESULT]
    # The call under way, the gap after it, and the same once more for the end.
    assert results[0] - at <= LIMITS.chat_gap + SPEED_OF_ANSWER
    assert results[1] - at <= 2 * (LIMITS.chat_gap + SPEED_OF_ANSWER)
    assert max(second - first for first, second in pairwise(starts_of_progress(flights))) < 15


@pytest.mark.parametrize("at", [20.5, 50.5, 58.5, 90.5])
def test_an_album_amid_many_events_finds_its_room(at: float) -> None:
    flights = run([*chatty(3, 120), (at, video(GROUP, 4))])
    (album,) = [flight for flight in flights if flight.call.upload]
    # Two units are kept; two more come free, and progress does not take them.
    assert album.start - at < 3
    assert max(second - first for first, second in pairwise(starts_of_progress(flights))) < 20


def test_a_quiet_message_does_not_wait_for_a_noisy_one() -> None:
    noisy = [(float(at), text_edit(GROUP, 1)) for at in range(120)]
    quiet = [(at + 0.5, text_edit(GROUP, 2)) for at in range(0, 120, 12)]
    flights = run([*noisy, *quiet])
    waits = [
        next(f.start for f in flights if f.call.edit and f.call.edit.key == (GROUP, 2) and f.start >= at) - at
        for at, _ in quiet
    ]
    # At worst an older edit of the other goes first.
    assert max(waits) < 2 * 5


def test_only_progress_has_a_pace() -> None:
    flights = run([*((at * 1.1, message(GROUP, Priority.STATUS)) for at in range(10)), (11.0, text_edit(GROUP))])
    assert [flight.start for flight in flights] == pytest.approx([at * 1.1 for at in range(11)])


def test_a_share_of_all_is_all_of_it() -> None:
    simulation = Simulation(FloodLimits(group_progress=LIMITS.group))
    simulation.run(chatty(1, 70))
    assert sum(flight.start < 60 for flight in simulation.sent()) == LIMITS.group


def test_another_share_of_the_budget_holds_for_groups_known_before() -> None:
    simulation = Simulation()
    simulation.run([(float(at * 2), message(GROUP)) for at in range(5)])
    simulation.scheduler.adopt(LIMITS.shared(4), simulation.now)
    late = simulation.now + 2
    simulation.run([(late, message(GROUP))])
    assert simulation.sent()[-1].start == pytest.approx(LIMITS.group_span + SPEED_OF_ANSWER)


def test_one_group_does_not_pace_another() -> None:
    simulation = Simulation()
    simulation.run([*chatty(1, 60), (30.2, text_edit(-2))])
    assert [flight.start for flight in simulation.sent(-2)] == [30.2]


def test_progress_in_a_private_chat_has_no_pace() -> None:
    simulation = Simulation()
    simulation.run([(at * 1.1, text_edit(1)) for at in range(60)])
    assert [flight.start for flight in simulation.sent()] == [at * 1.1 for at in range(60)]
