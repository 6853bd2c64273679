"""What the process asks of the C library at its start."""

import ctypes
import gc
from types import SimpleNamespace

import pytest

from bot.memory import keep_to_one_arena, spare_the_collector


def test_one_arena_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda name, value: asked.append((name, value)))
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    keep_to_one_arena()
    assert asked == [(-8, 1)]


@pytest.mark.parametrize("error", [None, OSError])
def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, error: type[OSError] | None) -> None:
    def load(_name: None) -> SimpleNamespace:
        if error is not None:
            raise error
        return SimpleNamespace()

    monkeypatch.setattr(ctypes, "CDLL", load)
    keep_to_one_arena()


def test_what_the_start_made_is_not_gone_through_again() -> None:
    spare_the_collector()
    try:
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
    assert gc.get_freeze_count() == 0
