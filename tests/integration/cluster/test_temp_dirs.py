from pathlib import Path

import pytest

from services.temp_dirs import TempDirs


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_what_a_dead_process_left_goes_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    (tmp_path / "dead" / "g-photos").mkdir(parents=True)
    (tmp_path / "dead" / "g-photos" / "1.jpg").write_bytes(b"x")
    living, new = TempDirs(tmp_path / "living"), TempDirs(tmp_path / "new")
    async with living.held(), living.folder("g", "videos") as folder, new.held():
        assert folder.is_dir()
        assert names(tmp_path) == {"living", "new"}
    assert names(tmp_path) == set()


async def test_the_same_root_is_cleared_at_the_next_start_and_not_taken_from_the_living(tmp_path: Path) -> None:
    (tmp_path / "single" / "left").mkdir(parents=True)
    one = TempDirs(tmp_path / "single")
    async with one.held():
        assert names(tmp_path / "single") == set()
        with pytest.raises(BlockingIOError):
            async with TempDirs(tmp_path / "single").held():
                pass
