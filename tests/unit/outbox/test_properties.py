from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.outbox.calls import Call, JobState, Priority, is_group
from services.outbox.limits import BURST_PART, FloodLimits
from services.outbox.scheduler import SIGNS_PART
from tests.unit.outbox.simulation import ENDED, Answer, Flight, Simulation, message, sign, text_edit, video

# Small budgets, so that a few dozen calls run into every one of them.
TIGHT = FloodLimits(overall=6, group=6, group_span=12.0, group_progress=4, uploads=2, patience=5.0)
# One whose progress comes in bursts as well.
BURSTS = FloodLimits(group=14, group_span=20.0, group_progress=12)
EPSILON = 1e-6
CHATS = (1, 2, 3, -4, -5)

chats = st.sampled_from(CHATS)
priorities = st.sampled_from(Priority)
edits = st.builds(
    text_edit,
    chats,
    st.integers(1, 2),
    st.sampled_from(["a", "b", "c"]),
    priority=priorities,
)
calls = st.one_of(edits, st.builds(message, chats, priorities), st.builds(video, chats, st.integers(1, 1)))
gaps = st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 3))
answers = st.builds(Answer, latency=st.floats(0.001, 1.0), counted_at=st.floats(0, 1), is_sent=st.booleans())
slow_answers = st.builds(Answer, latency=st.floats(0.5, 4.0), is_sent=st.booleans())
floods = st.builds(Answer, latency=st.floats(0.001, 0.5), retry_after=st.floats(0.5, 5))
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def timed(steps: Iterable[tuple[float, Call]]) -> list[tuple[float, Call]]:
    now, pushes = 0.0, []
    for gap, call in steps:
        now += gap
        pushes.append((now, call))
    return pushes


def simulate(steps: list[tuple[float, Call]], script: list[Answer]) -> Simulation:
    given_out = iter(script)
    simulation = Simulation(TIGHT, lambda _: next(given_out, Answer()))
    simulation.run(timed(steps))
    return simulation


def most_within(flights: Iterable[Flight], span: float) -> int:
    counted = sorted((f.arrival, f.call.units) for f in flights)
    return max(
        (sum(units for at, units in counted if begin <= at < begin + span - EPSILON) for begin, _ in counted), default=0
    )


steps_of = st.lists(st.tuples(gaps, calls), max_size=50)
scripts = st.lists(st.one_of(answers, answers, floods), max_size=50)


@quick
@given(steps_of, scripts)
def test_no_budget_is_exceeded_wherever_calls_are_counted(
    steps: list[tuple[float, Call]], script: list[Answer]
) -> None:
    flights = simulate(steps, script).flights
    assert most_within(flights, TIGHT.overall_span) <= TIGHT.overall
    for chat in CHATS:
        own = [f for f in flights if f.call.chat == chat]
        assert most_within([f for f in own if not f.call.upload], TIGHT.chat_gap) <= 1
        if is_group(chat):
            assert most_within(own, TIGHT.group_span) <= TIGHT.group


@quick
@given(st.lists(st.tuples(gaps, st.builds(message, chats, priorities)), max_size=60), scripts)
def test_progress_leaves_a_part_of_a_groups_budget(steps: list[tuple[float, Call]], script: list[Answer]) -> None:
    flights = simulate(steps, script).flights
    for flight in flights:
        if is_group(flight.call.chat) and flight.call.priority is Priority.PROGRESS:
            begin = flight.start - TIGHT.group_span + EPSILON
            own = [f for f in flights if f.call.chat == flight.call.chat and begin < f.start <= flight.start]
            assert len(own) <= TIGHT.group_progress


group_progress = st.builds(text_edit, st.just(-4), st.integers(1, 3))


@quick
@given(st.lists(st.tuples(gaps, group_progress), max_size=120))
def test_progress_that_waits_in_a_group_is_never_silent_for_long(steps: list[tuple[float, Call]]) -> None:
    simulation = Simulation(BURSTS)
    simulation.run(timed(steps))
    born = {id(job.call): job.born for job in simulation.jobs}
    for before, flight in pairwise(simulation.sent()):
        waits = flight.start - max(born[id(flight.call)], before.start)
        assert waits <= BURSTS.group_span / BURST_PART + 2 * BURSTS.chat_gap


@quick
@given(
    st.lists(st.tuples(gaps, group_progress), min_size=1, max_size=60),
    st.floats(0, 40),
    st.integers(1, TIGHT.group),
    st.sampled_from([TIGHT, BURSTS]),
)
def test_progress_never_delays_a_result(
    steps: list[tuple[float, Call]], at: float, units: int, limits: FloodLimits
) -> None:
    simulation = Simulation(limits)
    simulation.run([*timed(steps), (at, video(-4, units))])
    (result,) = [f for f in simulation.flights if f.call.upload]
    before = [f for f in simulation.flights if f.start < at]
    held = sorted(f.end + limits.group_span for f in before if f.end + limits.group_span > at)
    excess = len(held) + units - limits.group
    room = held[excess - 1] if excess > 0 else at
    assert result.start <= max([at, room, *(f.end + limits.chat_gap for f in before[-1:])]) + EPSILON


@quick
@given(steps_of, st.lists(st.one_of(answers, slow_answers, floods), max_size=50))
def test_one_call_to_a_chat_at_a_time_and_a_second_between_them(
    steps: list[tuple[float, Call]], script: list[Answer]
) -> None:
    flights = simulate(steps, script).flights
    for chat in CHATS:
        own = sorted((f for f in flights if f.call.chat == chat), key=lambda f: f.start)
        for first, second in pairwise(own):
            assert second.start >= first.start + TIGHT.chat_gap - EPSILON
            if not first.call.upload:
                assert second.start >= first.end + TIGHT.chat_gap - EPSILON
        for upload in (f for f in own if f.call.upload):
            assert not any(upload.end <= f.start < upload.end + TIGHT.chat_gap - EPSILON for f in own)
    uploads = [f for f in flights if f.call.upload]
    assert all(sum(u.start <= f.start < u.end for u in uploads) <= TIGHT.uploads for f in uploads)


@quick
@given(steps_of, scripts)
def test_every_call_ends(steps: list[tuple[float, Call]], script: list[Answer]) -> None:
    simulation = simulate(steps, script)
    assert all(job.state in ENDED for job in simulation.jobs)
    counters = simulation.scheduler.counters
    assert not any(counters.waiting.values())
    assert counters.running == counters.uploads == 0
    sent_or_failed = sum(counters.sent.values()) + counters.failed
    assert counters.unsent[JobState.CANCELLED] == 0
    assert sent_or_failed + sum(counters.unsent.values()) == len(steps)


@quick
@given(st.lists(st.tuples(gaps, edits), max_size=40), st.lists(floods, max_size=4))
def test_the_last_state_of_a_message_is_the_one_shown(steps: list[tuple[float, Call]], script: list[Answer]) -> None:
    plain = [
        (gap, text_edit(call.edit.key[0], int(call.edit.key[1]), str(call.edit.fingerprint)))
        for gap, call in steps
        if call.edit is not None
    ]
    simulation = simulate(plain, script)
    wanted = {call.edit.key: call.edit.fingerprint for _, call in plain if call.edit is not None}
    shown = {f.call.edit.key: f.call.edit.fingerprint for f in simulation.sent() if f.call.edit is not None}
    assert shown == wanted


@quick
@given(st.lists(st.tuples(gaps, edits, st.integers(0, 9)), max_size=40), scripts)
def test_versions_never_go_back(steps: list[tuple[float, Call, int]], script: list[Answer]) -> None:
    numbered = [
        (gap, text_edit(call.edit.key[0], int(call.edit.key[1]), "", priority=call.priority, version=version))
        for gap, call, version in steps
        if call.edit is not None
    ]
    versions: dict[object, list[tuple[bool, int]]] = defaultdict(list)
    for flight in simulate(numbered, script).flights:
        edit = flight.call.edit
        assert edit is not None
        assert edit.version is not None
        versions[edit.key].append((edit.final, edit.version))
    for seen in versions.values():
        highest = -1
        for final, version in seen:
            assert final or version >= highest
            highest = max(highest, version)
        finals = [version for final, version in seen if final]
        assert finals == sorted(finals)


@quick
@given(st.lists(st.tuples(gaps, edits), max_size=40), st.lists(floods, max_size=4))
def test_a_final_state_is_dropped_only_for_another(steps: list[tuple[float, Call]], script: list[Answer]) -> None:
    simulation = simulate(steps, script)
    order = {id(job.call): index for index, job in enumerate(simulation.jobs)}
    for job in simulation.jobs:
        edit = job.call.edit
        if edit is None or not edit.final or job.state in {JobState.DONE, JobState.UNCHANGED}:
            continue
        assert job.state is JobState.SUPERSEDED
        later = [other.call.edit for other in simulation.jobs[order[id(job.call)] + 1 :]]
        assert any(other and other.final and other.key == edit.key for other in later)


@quick
@given(steps_of, st.lists(answers, max_size=30))
def test_budgets_are_used_up_while_something_waits(steps: list[tuple[float, Call]], script: list[Answer]) -> None:
    simulation = simulate(steps, script)
    last = sum(gap for gap, _ in steps)
    calls_in_all = len(simulation.flights)
    # Every call may have to wait for a group's share, a second or more of latency each, and no longer.
    assert simulation.now <= last + 10 + calls_in_all * (TIGHT.group_span / TIGHT.group_progress + 2)


@quick
@given(
    st.lists(st.tuples(gaps, st.one_of(calls, st.builds(sign, chats))), max_size=60),
    st.lists(st.one_of(answers, floods), max_size=60),
)
def test_signs_keep_to_their_part_and_end(steps: list[tuple[float, Call]], script: list[Answer]) -> None:
    simulation = simulate(steps, script)
    assert all(job.state in ENDED for job in simulation.jobs)
    assert most_within(simulation.flights, TIGHT.overall_span) <= TIGHT.overall
    signs = [flight for flight in simulation.flights if flight.call.is_sign]
    assert most_within(signs, TIGHT.overall_span) <= max(1, TIGHT.overall // SIGNS_PART)
    assert len(signs) == sum(call.is_sign for _, call in steps)


@quick
@given(st.lists(st.tuples(gaps, st.one_of(edits, st.builds(message, chats))), max_size=20), st.data())
def test_sign_never_goes_before_what_could_go(steps: list[tuple[float, Call]], data: st.DataObject) -> None:
    """Whatever is pushed together with signs goes first, unless its own chat makes it wait."""
    now = sum(gap for gap, _ in steps)
    chat = data.draw(st.sampled_from([7, 8]))
    simulation = Simulation(TIGHT)
    simulation.run([*timed(steps), (now, sign(9)), (now, message(chat))])
    starts = {flight.call.chat: flight.start for flight in simulation.flights}
    assert starts[chat] <= starts[9]
