from math import inf

import pytest

from services.outbox.calls import Call, Job, JobState, Priority
from services.outbox.limits import FloodLimits
from services.outbox.scheduler import Scheduler
from tests.unit.outbox.simulation import Answer, Simulation, message, text_edit, video


def start(scheduler: Scheduler, now: float = 0.0) -> Job:
    step = scheduler.next(now)
    assert isinstance(step, Job)
    return step


def send(scheduler: Scheduler, call: Call, now: float) -> Job:
    job = scheduler.push(call, now)
    assert scheduler.next(now) is job
    scheduler.done(job, now, is_sent=True)
    return job


def test_the_first_call_goes_at_once_and_the_next_a_second_after_its_end() -> None:
    simulation = Simulation()
    simulation.run([(0.0, message(1)), (0.0, message(1)), (0.0, message(2))])
    assert [f.start for f in simulation.sent(1)] == [0.0, 1.05]
    assert [f.start for f in simulation.sent(2)] == [0.0]


def test_a_slow_call_keeps_the_next_of_its_chat_waiting() -> None:
    simulation = Simulation(answer=lambda _: Answer(latency=4.0))
    simulation.run([(0.0, message(1)), (0.0, message(1))])
    assert [f.start for f in simulation.sent()] == [0.0, 5.0]


def test_a_group_gets_twenty_a_minute() -> None:
    simulation = Simulation()
    simulation.run([(0.0, message(-1)) for _ in range(25)])
    starts = [f.start for f in simulation.sent()]
    assert starts[19] < 30
    assert starts[20] == pytest.approx(60.05)


def test_calls_that_are_not_counted_do_not_wait() -> None:
    scheduler = Scheduler(FloodLimits(overall=1))
    start_of_all = scheduler.push(message(1), 0.0)
    assert scheduler.next(0.0) is start_of_all
    for _ in range(100):
        job = scheduler.push(Call(1, Priority.PROGRESS, counted=False), 0.0)
        assert scheduler.next(0.0) is job


def test_the_more_urgent_goes_first() -> None:
    scheduler = Scheduler(FloodLimits(overall=1))
    send(scheduler, message(99), 0.0)
    for chat, priority in enumerate(reversed(Priority), start=1):
        scheduler.push(message(chat, priority), 0.0)
    order = []
    for second in range(1, 6):
        job = start(scheduler, float(second))
        order.append(job.call.priority)
        scheduler.done(job, float(second), is_sent=True)
    assert order == list(Priority)


def test_the_same_urgency_goes_by_age_and_in_turns_between_chats() -> None:
    simulation = Simulation(FloodLimits(overall=1, chat_gap=0.5))
    of_three_chats = [(0.0, message(1)) for _ in range(4)] + [(0.5, message(2)), (0.6, message(3)), (0.7, message(2))]
    simulation.run(of_three_chats)
    assert [f.call.chat for f in simulation.sent()] == [1, 1, 2, 3, 1, 2, 1]


def test_progress_is_not_starved_by_answers_without_end() -> None:
    limits = FloodLimits(overall=2, patience=5.0)
    simulation = Simulation(limits)
    flood_of_answers = [(at / 4, message(100 + at)) for at in range(400)]
    simulation.run([(1.0, text_edit(1)), *flood_of_answers])
    (progress,) = simulation.sent(1)
    assert 1.0 + 2 * limits.patience < progress.start <= 1.0 + 8 * limits.patience


def test_the_newest_waiting_edit_replaces_the_older() -> None:
    scheduler = Scheduler()
    send(scheduler, message(1), 0.0)
    older = scheduler.push(text_edit(1, content="a"), 0.1)
    newer = scheduler.push(text_edit(1, content="b"), 0.2)
    assert older.state is JobState.SUPERSEDED
    assert scheduler.take_settled() == [older]
    assert start(scheduler, 1.0) is newer


def test_a_replacing_edit_takes_over_the_place_in_the_line() -> None:
    scheduler = Scheduler(FloodLimits(overall=1))
    send(scheduler, message(9), 0.0)
    scheduler.push(text_edit(1, content="a", priority=Priority.STATUS), 0.1)
    scheduler.push(text_edit(2, priority=Priority.STATUS), 0.2)
    newer = scheduler.push(text_edit(1, content="b", priority=Priority.PROGRESS), 0.3)
    assert start(scheduler, 1.0) is newer


def test_edits_of_different_messages_do_not_replace_each_other() -> None:
    simulation = Simulation()
    simulation.run([(0.0, message(1)), (0.1, text_edit(1, 1)), (0.1, text_edit(1, 2))])
    assert len(simulation.sent()) == 3


def test_an_older_version_is_dropped_after_a_newer_one() -> None:
    scheduler = Scheduler()
    send(scheduler, text_edit(1, version=5), 0.0)
    assert scheduler.push(text_edit(1, version=4), 10.0).state is JobState.STALE
    assert scheduler.push(text_edit(1, version=6), 10.0).state is JobState.WAITING
    assert scheduler.push(text_edit(1, version=5), 10.0).state is JobState.SUPERSEDED
    assert scheduler.counters.unsent[JobState.STALE] == 1


def test_an_unchanged_edit_is_not_sent() -> None:
    scheduler = Scheduler()
    send(scheduler, text_edit(1, content="a"), 0.0)
    assert scheduler.push(text_edit(1, content="a"), 10.0).state is JobState.UNCHANGED
    assert scheduler.push(text_edit(1, content="b"), 10.0).state is JobState.WAITING


def test_there_and_back_again_while_waiting_is_no_change() -> None:
    scheduler = Scheduler()
    send(scheduler, text_edit(1, content="a"), 0.0)
    scheduler.push(text_edit(1, content="b"), 0.1)
    back = scheduler.push(text_edit(1, content="a"), 0.2)
    assert scheduler.next(1.0) == inf
    assert back.state is JobState.UNCHANGED


def test_an_edit_whose_fate_is_unknown_may_be_made_again() -> None:
    scheduler = Scheduler()
    send(scheduler, text_edit(1, content="a"), 0.0)
    job = scheduler.push(text_edit(1, content="b"), 10.0)
    assert start(scheduler, 10.0) is job
    scheduler.done(job, 10.1, is_sent=False)
    assert scheduler.push(text_edit(1, content="a"), 20.0).state is JobState.WAITING


def test_with_several_processes_an_answer_is_never_taken_for_unchanged() -> None:
    scheduler = Scheduler(FloodLimits(alone=False))
    send(scheduler, text_edit(1, content="a", priority=Priority.ANSWER), 0.0)
    assert scheduler.push(text_edit(1, content="a", priority=Priority.PROGRESS), 10.0).state is JobState.UNCHANGED
    assert scheduler.push(text_edit(1, content="a", priority=Priority.ANSWER), 10.0).state is JobState.WAITING


@pytest.mark.parametrize("version", [None, 1])
def test_a_straggler_does_not_push_out_a_waiting_final_state(version: int | None) -> None:
    simulation = Simulation()
    final = text_edit(1, priority=Priority.RESULT, version=version and 2)
    straggler = text_edit(1, priority=Priority.PROGRESS, version=version)
    simulation.run([(0.0, message(1)), (0.1, final), (0.2, straggler)])
    assert [f.call for f in simulation.sent()[1:]] == [final]
    assert simulation.scheduler.counters.unsent[JobState.SUPERSEDED] == 1


def test_an_answer_after_a_waiting_final_state_comes_after_it() -> None:
    simulation = Simulation()
    final, answer = text_edit(1, priority=Priority.RESULT), text_edit(1, priority=Priority.ANSWER)
    simulation.run([(0.0, message(1)), (0.1, final), (0.2, answer)])
    assert [f.call for f in simulation.sent()[1:]] == [final, answer]


def test_a_flood_stops_its_chat_and_no_other() -> None:
    scripted = iter([Answer(retry_after=30.0)])
    simulation = Simulation(answer=lambda call: next(scripted, Answer()) if call.chat == 1 else Answer())
    first, second = message(1, Priority.PROGRESS), message(1, Priority.ANSWER)
    simulation.run([(0.0, first), (0.1, second), *((at / 2, message(2)) for at in range(20))])
    assert [(f.call, f.start) for f in simulation.flights if f.call.chat == 1] == [
        (first, 0.0),
        (first, 30.05),
        (second, pytest.approx(31.1)),
    ]
    assert simulation.sent(2)[-1].start < 22
    assert simulation.scheduler.counters.pauses == 0


def test_floods_of_two_chats_stop_everything() -> None:
    scheduler = Scheduler()
    jobs = [scheduler.push(message(chat), 0.0) for chat in (1, 2, 3)]
    assert [start(scheduler) for _ in jobs] == jobs
    scheduler.flood(jobs[0], 10.0, 0.5)
    scheduler.flood(jobs[1], 20.0, 1.0)
    scheduler.push(Call(None, Priority.ANSWER, counted=False), 1.0)
    scheduler.push(message(4), 1.0)
    assert scheduler.next(1.0) == 10.5
    assert start(scheduler, 10.5).call.counted is False
    assert scheduler.counters.pauses == 1


def test_floods_of_two_chats_are_their_own_if_another_call_went_through_in_between() -> None:
    scheduler = Scheduler()
    jobs = [scheduler.push(message(chat), 0.0) for chat in (1, 2)]
    assert [start(scheduler) for _ in jobs] == jobs
    scheduler.flood(jobs[0], 10.0, 0.5)
    send(scheduler, message(3), 0.6)
    scheduler.flood(jobs[1], 10.0, 1.0)
    scheduler.push(message(4), 1.1)
    assert start(scheduler, 1.1).call.chat == 4


def test_floods_far_apart_are_their_own() -> None:
    scheduler = Scheduler()
    jobs = [scheduler.push(message(chat), 0.0) for chat in (1, 2)]
    assert [start(scheduler) for _ in jobs] == jobs
    scheduler.flood(jobs[0], 10.0, 0.5)
    scheduler.flood(jobs[1], 10.0, 2.6)
    scheduler.push(message(4), 2.6)
    assert start(scheduler, 2.6).call.chat == 4


def test_a_long_flood_of_everything_is_probed() -> None:
    scheduler = Scheduler()
    job = scheduler.push(Call(None, Priority.ANSWER, counted=False), 0.0)
    assert start(scheduler) is job
    scheduler.flood(job, 500.0, 0.0)
    scheduler.push(message(1), 0.0)
    assert scheduler.next(0.0) == 30.0
    assert start(scheduler, 30.0).call.chat == 1


def test_a_flooded_edit_gives_way_to_a_newer_one() -> None:
    scheduler = Scheduler()
    older = scheduler.push(text_edit(1, content="a"), 0.0)
    assert start(scheduler) is older
    newer = scheduler.push(text_edit(1, content="b"), 0.1)
    assert scheduler.flood(older, 5.0, 0.2)
    assert scheduler.take_settled() == [older]
    assert scheduler.next(0.2) == 5.2
    assert start(scheduler, 5.2) is newer


def test_a_call_is_given_up_after_too_many_floods() -> None:
    scheduler = Scheduler(FloodLimits(tries=3))
    job = scheduler.push(message(1), 0.0)
    verdicts = []
    for now in (0.0, 10.0, 20.0):
        assert start(scheduler, now) is job
        verdicts.append(scheduler.flood(job, 1.0, now))
    assert verdicts == [True, True, False]
    assert scheduler.next(100.0) == inf


def test_a_call_is_given_up_if_the_flood_lasts_too_long() -> None:
    scheduler = Scheduler()
    job = scheduler.push(message(1), 0.0)
    assert start(scheduler) is job
    assert not scheduler.flood(job, 601.0, 0.0)
    scheduler.push(message(1), 1.0)
    assert scheduler.next(1.0) == 601.0


def test_only_edits_are_repeated_after_a_failure_of_the_network() -> None:
    scheduler = Scheduler(FloodLimits(repeats=1))
    edit, other = scheduler.push(text_edit(1), 0.0), scheduler.push(message(2), 0.0)
    assert {start(scheduler), start(scheduler)} == {edit, other}
    assert not scheduler.repeat(other, 1.0, 0.1)
    assert scheduler.repeat(edit, 1.0, 0.1)
    assert start(scheduler, 1.1) is edit
    assert not scheduler.repeat(edit, 1.0, 1.2)


def test_an_upload_holds_up_neither_its_chat_nor_others() -> None:
    simulation = Simulation(answer=lambda call: Answer(latency=60.0 if call.upload else 0.01))
    simulation.run([(0.0, video(1)), (0.5, text_edit(1)), (0.5, text_edit(2))])
    assert [f.start for f in simulation.sent(1)] == [0.0, 1.0]
    assert [f.start for f in simulation.sent(2)] == [0.5]


def test_nothing_follows_an_upload_within_a_second_of_its_end() -> None:
    simulation = Simulation(answer=lambda call: Answer(latency=60.0 if call.upload else 0.01))
    simulation.run([(0.0, video(1)), (60.2, text_edit(1))])
    assert [f.start for f in simulation.sent(1)] == [0.0, 61.0]


def test_uploads_are_bounded_and_those_that_wait_take_no_room() -> None:
    simulation = Simulation(answer=lambda call: Answer(latency=20.0 if call.upload else 0.01))
    simulation.run(
        [*((0.0, video(chat)) for chat in range(1, 11)), *((0.0, text_edit(chat)) for chat in range(11, 31))]
    )
    assert [f.start for f in simulation.sent() if not f.call.upload] == [0.0] * 20
    assert [f.start for f in simulation.sent() if f.call.upload] == [0.0] * 3 + [20.0] * 3 + [40.0] * 3 + [60.0]


def test_three_albums_leave_half_of_the_budget() -> None:
    simulation = Simulation(answer=lambda call: Answer(latency=20.0 if call.upload else 0.01))
    simulation.run(
        [*((0.0, video(chat, 10)) for chat in range(1, 4)), *((0.1, message(chat)) for chat in range(11, 26))]
    )
    assert [f.start for f in simulation.sent() if not f.call.upload] == [0.1] * 15


def test_a_cancelled_call_is_not_made_and_frees_its_place() -> None:
    scheduler = Scheduler()
    send(scheduler, message(1), 0.0)
    gone, next_one = scheduler.push(text_edit(1), 0.1), scheduler.push(message(1), 0.2)
    scheduler.cancel(gone, 0.3)
    assert gone.state is JobState.CANCELLED
    assert start(scheduler, 1.0) is next_one
    assert scheduler.counters.unsent[JobState.CANCELLED] == 1


def test_chats_and_messages_are_forgotten() -> None:
    scheduler = Scheduler(FloodLimits(remembered=50))
    for turn in range(2_000):
        send(scheduler, text_edit(turn % 1_000 - 500, content="a", version=1), turn * 1.0)
    assert len(scheduler._board) < 100
    assert len(scheduler._messages._shown) == 50


def test_what_is_sent_and_what_waits_is_counted() -> None:
    scheduler = Scheduler()
    counters = scheduler.counters
    assert counters.sent[Priority.RESULT] == 0
    send(scheduler, message(1, Priority.RESULT), 0.0)
    scheduler.push(video(1), 0.1)
    assert counters.sent[Priority.RESULT] == counters.waiting[Priority.RESULT] == 1
    assert start(scheduler, 1.0).call.upload
    assert (scheduler.counters.running, scheduler.counters.uploads) == (1, 1)
