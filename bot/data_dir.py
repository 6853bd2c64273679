"""The directory of the bot's own files: made, tried, and held by one process alone."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bot.errors import STATUS_CONFIGURATION, OperatorError

LOCK_NAME = ".lock"


def prepare_data_dir(path: Path) -> None:
    """Make the directory where it is missing, and prove that files can be written in it."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> OperatorError:
    reasons = {
        errno.EEXIST: "it is not a directory",
        errno.ENOTDIR: "a part of the path is not a directory",
        errno.ENOSPC: "the disk is full",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "this user has no right to do so",
    }
    reason = reasons.get(error.errno or 0, os.strerror(error.errno) if error.errno else type(error).__name__)
    problem = f"DATA_DIR {path} cannot be written: {reason}; for example DATA_DIR=./data"
    return OperatorError(problem, STATUS_CONFIGURATION)


@contextmanager
def exclusive_data_dir(path: Path) -> Iterator[None]:
    """Prepare the directory, and hold it for as long as the block runs; also a killed process lets go of it."""
    prepare_data_dir(path)
    with ExitStack() as stack:
        try:
            lock = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OperatorError(
                f"DATA_DIR {path} is in use by another running bot; stop it, or set DATA_DIR to a directory of its own"
            ) from error
        except OSError as error:
            raise _unusable(path, error) from error
        yield


def remove_engine_files(path: Path) -> None:
    """Remove what the workflow engine of earlier versions left in the directory; nothing reads it where it stays."""
    for end in ("", "-wal", "-shm"):
        with suppress(OSError):
            (path / f"jobs.sqlite3{end}").unlink(missing_ok=True)
