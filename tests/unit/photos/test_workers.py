import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.photos import decoding, images
from services.photos.model import PhotoError, PhotoFile, PhotoProblem
from services.photos.workers import LARGE, MOST_DEATHS, PhotoWorkers
from services.tasks import in_thread
from tests.unit.photos.pictures import photo


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[PhotoWorkers]:
    made = PhotoWorkers(tmp_path / "decoding")
    yield made
    made.close()


async def test_works_off_the_loop_and_passes_refusals_on(tmp_path: Path, workers: PhotoWorkers) -> None:
    source = tmp_path / "a"
    source.write_bytes(photo("HEIF", 6))
    done = await workers.normalise(source, tmp_path / "photo-1")
    assert done.path.is_file()
    source.write_bytes(b"GIF89a")
    with pytest.raises(PhotoError) as caught:
        await workers.normalise(source, tmp_path / "photo-1")
    assert caught.value.problem is PhotoProblem.NOT_AN_IMAGE
    assert not list(workers.marks.iterdir())


class Decoder:
    """Stands in for the decoder: ends when it is told to, and counts how many run at once."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.running: list[str] = []
        self.most: list[list[str]] = []
        self.leave = threading.Semaphore(0)

    def normalise(self, source: Path, target: Path) -> PhotoFile:
        with self.changed:
            self.running.append(source.name)
            self.most.append(sorted(self.running))
            self.changed.notify_all()
        assert self.leave.acquire(timeout=60)
        with self.changed:
            self.running.remove(source.name)
        return PhotoFile(source, "image/jpeg", 1)

    def until_seen(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.most) >= count, timeout=60)


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Decoder:
    made = Decoder()
    monkeypatch.setattr(images, "normalise", made.normalise)
    monkeypatch.setattr(decoding, "memory_needed", lambda path: LARGE + 1 if path.name.startswith("large") else LARGE)
    return made


async def test_one_large_image_at_a_time_beside_a_small_one(
    tmp_path: Path, workers: PhotoWorkers, decoder: Decoder
) -> None:
    names = ["large-1", "large-2", "small-1", "small-2"]
    async with asyncio.TaskGroup() as group:
        for name in names:
            source = tmp_path / name
            source.write_text(name)
            group.create_task(workers.normalise(source, tmp_path / "photo-1"))
        for done in range(len(names)):
            await in_thread(decoder.until_seen, None, done + 1)
            decoder.leave.release()
    assert sorted(name for name in {name for seen in decoder.most for name in seen}) == names
    assert max(len(seen) for seen in decoder.most) <= 2
    assert ["large-1", "large-2"] not in decoder.most


async def test_image_that_killed_the_process_twice_is_refused_for_a_day(tmp_path: Path, workers: PhotoWorkers) -> None:
    """A kill leaves the mark behind, as a real process that is killed shows."""
    source = tmp_path / "a"
    source.write_bytes(photo("PNG"))
    for _ in range(MOST_DEATHS):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import os, pathlib, sys\n"
            "from services.photos.workers import marked\n"
            "with marked(*map(pathlib.Path, sys.argv[1:])):\n"
            "    os.kill(os.getpid(), 9)",
            str(source),
            str(workers.marks),
        )
        assert await child.wait() == -9
    with pytest.raises(PhotoError) as caught:
        await workers.normalise(source, tmp_path / "photo-1")
    assert caught.value.problem is PhotoProblem.BROKEN
    other = tmp_path / "b"
    other.write_bytes(photo("PNG", 6))
    assert (await workers.normalise(other, tmp_path / "photo-2")).path.is_file()
    [mark] = workers.marks.iterdir()
    os.utime(mark, (time.time() - 90_000,) * 2)
    assert (await workers.normalise(source, tmp_path / "photo-1")).path.is_file()
    assert not list(workers.marks.iterdir())


async def test_cancelled_call_is_waited_for() -> None:
    entered, leave, left = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait(20)
        left.set()

    task = asyncio.ensure_future(in_thread(work, None))
    await in_thread(entered.wait, None, 20)
    task.cancel()
    await asyncio.wait([task], timeout=0)
    assert not task.done()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left.is_set()
