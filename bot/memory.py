"""What the process does for its memory, each once, as it starts."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

M_ARENA_MAX = -8
"""From ``malloc.h`` of glibc."""

ARENAS = 1


def keep_to_one_arena() -> None:
    """Let all threads take memory from one place.

    The C library gives threads places of their own, up to eight for each core, and what is freed in one is of no use
    to another; with many streams open that is a tenth of the memory. Threads of Python run one at a time anyway.
    Source: mallopt(3). Another C library than glibc is left as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(M_ARENA_MAX, ARENAS)


@contextmanager
def nothing_collected() -> Iterator[None]:
    """A block that loads modules: all that it makes stays, and looking for garbage in it takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def spare_the_collector() -> None:
    """Take what the start has made out of every later garbage collection.

    Those hundred thousands of objects stay until the end, and going through them stops everything for 100 ms.
    Source: the standard library's page on ``gc.freeze``.
    """
    gc.collect()
    gc.freeze()
