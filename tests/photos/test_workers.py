import asyncio
import threading
from pathlib import Path

import pytest

from services.photos import workers as module
from services.photos.model import PhotoError, PhotoProblem
from services.photos.workers import PhotoWorkers
from services.streams import in_thread
from tests.photos.pictures import photo


async def test_works_off_the_loop_and_passes_refusals_on(tmp_path: Path) -> None:
    workers = PhotoWorkers()
    source = tmp_path / "a"
    source.write_bytes(photo("HEIF", 6))
    await workers.check(source)
    done = await workers.normalise(source, tmp_path, "photo-1")
    assert done.path.is_file()
    source.write_bytes(b"GIF89a")
    with pytest.raises(PhotoError) as caught:
        await workers.check(source)
    assert caught.value.problem is PhotoProblem.NOT_AN_IMAGE
    workers.close()


async def test_no_more_decodes_at_once_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(3)
    lock = threading.Lock()
    running, most = 0, 0

    def slow(path: Path) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait(timeout=120)
        with lock:
            running -= 1

    monkeypatch.setattr(module, "check", slow)
    workers = PhotoWorkers(decodes=2)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(workers.check(Path("a")))
        for _ in range(2):
            await in_thread(both.wait, None, 20)
    assert most == 2
    workers.close()


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
