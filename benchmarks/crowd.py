"""Many generations open at once, in private chats and groups, and what the servers saw of them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from benchmarks.measures import Record, latencies
from benchmarks.stage import Stage, photo, share, stage
from sandbox.botapi import Person, ReceivedCall
from sandbox.genaipro import RESULTS, PostRecord, Script, status

STREAM_SECONDS = 60.0
WORDS = ("starting", "uploading_images", "processing", "drawing", "polishing")
"""Five words and the result: six events."""

SPREAD_SECONDS = 20.0
"""Up to a hundred people ask over so many seconds. A thousand ask in the same instant, which is the worst case; their
streams say their first word, stay open until all the others are open too, and go on over the same time."""

CROWD = 100
"""Up to so many are all open at once by themselves."""

HELD = 86_400.0
"""Seconds of a pause, and more, that mean: until all are open."""

PER_SECOND = 30.0
PATIENCE = 300.0
OPENING_SECONDS = 180.0
SETTLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class OpenFigures:
    """What came of one scenario.

    Attributes:
        opened: Generations.
        events: Events of streams that the bot was sent.
        edits: Edits that it made.
        dropped: Events that no edit showed.
        floods: 429s that it caused.
        edit_p50: Milliseconds from an event to its edit.
        edit_p99: Likewise.
        own_p50: The same in private chats, without what Telegram's limits force.
        own_p99: Likewise.
        group_p50: The same in groups, where three people share 20 messages a minute.
        group_p99: Likewise.
        video_p50: Seconds from the result to its video.
        video_p99: Likewise.
        videos: Videos that came.
        ends: Status messages in their final state.
        last: Seconds from the first result to the last video or final state.
        bound: What that must take at least, with 30 messages a second.
        cpu_each: Milliseconds of CPU for each generation, all of the bot's.
        rss_each: Kilobytes for each generation while all are open.
        peak: Megabytes at most.
        opening: Seconds from the first request until all were open.
    """

    opened: int
    events: int
    edits: int
    dropped: int
    floods: int
    edit_p50: float
    edit_p99: float
    own_p50: float
    own_p99: float
    group_p50: float
    group_p99: float
    video_p50: float
    video_p99: float
    videos: int
    ends: int
    last: float
    bound: float
    cpu_each: float
    rss_each: float
    peak: float
    opening: float


class Opening:
    """Holds streams until all of them are open."""

    def __init__(self) -> None:
        self._all_open = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        """Wait some seconds; with ``HELD`` and more, the rest of them once all are open."""
        if seconds >= HELD:
            await self._all_open.wait()
            seconds -= HELD
        await asyncio.sleep(seconds)

    async def all_open(self, here: Stage, count: int) -> float:
        """Wait until all are open, for a bounded time, and let them go on; seconds from the first to the last."""
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                await here.genaipro.until(lambda: sum(bool(post.events) for post in here.genaipro.posts) >= count)
        except TimeoutError:
            print(f"after {OPENING_SECONDS:.0f} s {len(here.genaipro.posts)} of {count} were open")
        begun = [post.event_times[0] for post in here.genaipro.posts if post.events]
        return (max(begun) - min(begun)).total_seconds() if begun else 0.0

    def go_on(self) -> None:
        """Let all go on."""
        self._all_open.set()


async def measure_open(count: int, limiter: str) -> OpenFigures:
    """Open so many generations, wait for their ends, and look back."""
    opening = Opening()
    async with stage(limiter=limiter, pause=opening.pause) as here:
        await asyncio.sleep(SETTLE_SECONDS)
        calls, idle = len(here.telegram.calls()), here.bot.usage()
        image = photo()
        for number in range(count):
            here.genaipro.enqueue(_script(number, count))
        for number, (person, chat) in enumerate(_places(here, count)):
            await asyncio.sleep(SPREAD_SECONDS / count if count <= CROWD else 0)
            await person.send_photo(
                image, f"/video@{here.telegram.options.bot_username} waves roll in, {number:04}", chat=chat
            )
        opened = await opening.all_open(here, count)
        await asyncio.sleep(SETTLE_SECONDS)
        most = here.bot.usage().rss
        opening.go_on()
        most = max(most, await _until_all_ended(here, count))
        await asyncio.sleep(SETTLE_SECONDS)
        after = here.bot.usage()
        return _figures(here, count, calls, opened, (after.cpu - idle.cpu, most - idle.rss, after.peak))


def _script(number: int, count: int) -> Script:
    pause = STREAM_SECONDS / len(WORDS)
    held = HELD + SPREAD_SECONDS * number / count if count > CROWD else 0.0
    frames = [status(word, pause if at else 0.0) for at, word in enumerate(WORDS)]
    frames[1] = replace(frames[1], delay=held + pause)
    return Script(frames=(*frames, replace(RESULTS, delay=pause)))


def _places(here: Stage, count: int) -> Iterator[tuple[Person, int | None]]:
    """Who asks, and where: seven of ten in private, the rest in groups of three."""
    people = [here.telegram.add_person(f"P{number}") for number in range(count)]
    private = count - count * 3 // 10
    yield from ((person, None) for person in people[:private])
    for at in range(private, count, 3):
        group = here.telegram.add_group(f"G{at}", people[at : at + 3])
        yield from ((person, group.chat_id) for person in people[at : at + 3])


async def _until_all_ended(here: Stage, count: int) -> int:
    """Wait, for a bounded time; the most bytes that were resident while nearly every stream was open."""
    most, ended, seen = here.bot.usage().rss, 0, 0
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while ended < count and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(1.0)
        calls = here.telegram.calls()
        ended += sum(_is_end(call) for call in calls[seen:])
        seen = len(calls)
        if sum(not post.finished for post in here.genaipro.posts) >= 0.9 * count:
            most = max(most, here.bot.usage().rss)
    if ended < count:
        print(f"after {PATIENCE:.0f} s {ended} of {count} had ended")
    return most


def _is_end(call: ReceivedCall) -> bool:
    """Whether a call makes a status message show the end: the button that asks for the same again."""
    return call.method == "editMessageText" and call.applied and ":again" in str(call.params.get("reply_markup"))


def _figures(here: Stage, count: int, calls: int, opened: float, used: tuple[float, int, int]) -> OpenFigures:
    cpu, grown, peak = used
    record = Record(here, here.telegram.calls()[calls - 1].number if calls else 0)
    shown = latencies(here)
    videos = _videos(record)
    results = {post.prompt: post.event_times[-1] for post in here.genaipro.posts if _has_result(post)}
    waits = [(videos[prompt] - at).total_seconds() for prompt, at in results.items() if prompt in videos]
    ends = [call.at for call in record.calls if _is_end(call)]
    first = min(results.values(), default=None)
    last = max([*ends, *videos.values()], default=None)
    words = sum(len(post.events) for post in here.genaipro.posts) - len(results)
    edit = [one.seconds * 1000 for one in shown]
    private, groups = ([one.own * 1000 for one in shown if one.in_group is kind] for kind in (False, True))
    return OpenFigures(
        opened=count,
        events=words + len(results),
        edits=record.count("editMessageText"),
        dropped=words - len(shown),
        floods=record.floods,
        edit_p50=share(edit, 50),
        edit_p99=share(edit, 99),
        own_p50=share(private, 50),
        own_p99=share(private, 99),
        group_p50=share(groups, 50),
        group_p99=share(groups, 99),
        video_p50=share(waits, 50),
        video_p99=share(waits, 99),
        videos=len(videos),
        ends=len(ends),
        last=(last - first).total_seconds() if first is not None and last is not None else 0.0,
        bound=_bound(sorted(results.values())),
        cpu_each=1000 * cpu / count,
        rss_each=grown / count / 1000,
        peak=peak / 1e6,
        opening=opened,
    )


def _has_result(post: PostRecord) -> bool:
    return bool(post.events) and post.events[-1] == "video_generation_complete"


def _videos(record: Record) -> dict[str, datetime]:
    return {
        str(call.params["caption"]): call.at for call in record.calls if call.method == "sendVideo" and call.applied
    }


def _bound(results: list[datetime]) -> float:
    """Seconds from the first result until a video and a final state of each can be out, at 30 messages a second."""
    free = 0.0
    for at in results:
        free = max(free, (at - results[0]).total_seconds()) + 2 / PER_SECOND
    # In one chat the final state is a second after the video whatever the rest does.
    return max(free, (results[-1] - results[0]).total_seconds() + 1.0) if results else 0.0
