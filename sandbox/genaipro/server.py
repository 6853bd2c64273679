"""A GenAIPro server on loopback: the endpoints that make videos, the history, the credits, the video files."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.genaipro.api import PREFIX, Api, Directions
from sandbox.genaipro.gate import Gate
from sandbox.genaipro.jobs import Job, Studio
from sandbox.genaipro.ledger import Ledger
from sandbox.genaipro.options import GenAIProOptions, Guard
from sandbox.genaipro.records import GetRecord, PostRecord
from sandbox.genaipro.script import Answer, End, Script
from sandbox.listening import listening
from sandbox.signals import Signal

_BODY_LIMIT = 1 << 30


class GenAIProServer:
    """The server; use it with ``async with``.

    Args:
        options: How it behaves; the default is the real thing in the small.

    Attributes:
        options: As given.
        posts: Every POST that asks for videos, in the order they came.
        gets: Every GET of history, credits and files.
    """

    def __init__(self, options: GenAIProOptions | None = None) -> None:
        self.options = options or GenAIProOptions()
        self._ledger = Ledger(self.options)
        self._signal = Signal()
        self._api = Api(self.options, self._ledger, self._signal)
        self.posts: list[PostRecord] = self._api.posts
        self.gets: list[GetRecord] = self._api.gets
        self._root = ""

    @property
    def url(self) -> str:
        """The base URL of the API, without a slash at the end."""
        return self._root + PREFIX

    @property
    def guard(self) -> Guard | None:
        """The guard that answers every request in the service's place from now on, or None."""
        return self._api.guard

    @guard.setter
    def guard(self, guard: Guard | None) -> None:
        self._api.guard = guard

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All accepted requests, oldest first."""
        return self._ledger.jobs

    @property
    def credits_left(self) -> int:
        """Videos still paid for."""
        return self._ledger.left

    def enqueue(self, script: Script, *, gate: Gate | None = None, history_gate: Gate | None = None) -> None:
        """Have the next POST that has no script yet follow this one.

        Args:
            script: What happens to it.
            gate: Every event of its stream passes this gate.
            history_gate: Its entry in the history passes this gate.
        """
        self._api.scripts.append(Directions(script, gate, history_gate))

    def follow(
        self, prompt: str, script: Script, *, gate: Gate | None = None, history_gate: Gate | None = None
    ) -> None:
        """Have every POST with this prompt follow this script, whatever comes between: for requests made at once.

        A script from the queue goes first. Arguments as of ``enqueue``.

        Raises:
            ValueError: ``End.DROP_UNREAD``, where nobody knows the prompt.
        """
        if script.end is End.DROP_UNREAD:
            raise ValueError("a prompt is not known before it is read")
        self._api.by_prompt[prompt] = Directions(script, gate, history_gate)

    def replace(self, script: Script | None) -> None:
        """Have the next POST follow this script, or none, whatever was enqueued before."""
        self._api.scripts.clear()
        if script is not None:
            self.enqueue(script)

    @property
    def enqueued(self) -> int:
        """How many scripts wait for a POST."""
        return len(self._api.scripts)

    def hold(self, script: Script | None = None, *, at: int = 0, prompt: str | None = None) -> Gate:
        """Like ``enqueue``, with a gate that lets ``at`` events pass and holds the rest until it is released.

        With a ``prompt`` it is like ``follow``, and all of those POSTs share the gate.
        """
        gate = Gate(at)
        if prompt is None:
            self.enqueue(script or Script(), gate=gate)
        else:
            self.follow(prompt, script or Script(), gate=gate)
        return gate

    def hold_history(self, script: Script | None = None) -> Gate:
        """Like ``enqueue``, with a gate that keeps the request out of the history until it is released."""
        gate = Gate()
        self.enqueue(script or Script(), history_gate=gate)
        return gate

    def enqueue_answer(self, endpoint: str, answer: Answer) -> None:
        """Have the next GET of ``histories`` or ``credits`` answered with this."""
        self._api.answers[endpoint].append(answer)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for anything about posts, their events, gets or jobs to become true."""
        await self._signal.until(holds)

    async def posted(self, count: int = 1) -> PostRecord:
        """Wait until so many POSTs have come; the last of them."""
        await self.until(lambda: len(self.posts) >= count)
        return self.posts[count - 1]

    async def finished(self, record: PostRecord) -> None:
        """Wait until an exchange is over, from either side."""
        await self.until(lambda: record.finished)

    def video_file(self, video_id: str) -> Path:
        """Where the video with this id of the stream lies on disk."""
        return self._studio.file(video_id)

    async def __aenter__(self) -> Self:
        """Start listening."""
        self._data = self.options.data or Path(tempfile.mkdtemp(prefix="genaipro-"))
        uploads, videos = self._data / "uploads", self._data / "videos"
        for directory in (uploads, videos):
            directory.mkdir(parents=True, exist_ok=True)
        self._studio = Studio(self.options, videos, self._signal)
        self._api.open(self._studio, uploads)
        application = web.Application(client_max_size=_BODY_LIMIT)
        self._api.add_routes(application)
        host, wanted = self.options.host, self.options.port
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            port = await stack.enter_async_context(listening(application, host, wanted, grace=0.1, cancelling=True))
            stack.callback(self._let_go)
            self._stack = stack.pop_all()
        self._root = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, end all work, remove the temporary directory."""
        await self._stack.aclose()

    def _let_go(self) -> None:
        self._api.closing = True

    async def _close(self) -> None:
        try:
            await self._studio.close()
        finally:
            if self.options.data is None:
                await asyncio.to_thread(shutil.rmtree, self._data, ignore_errors=True)
