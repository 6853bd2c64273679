"""A clock that the tests move, and a raw HTTP server that does as each test says."""

import asyncio
import email.parser
import email.policy
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType

COMPLETE = "video_generation_complete"
STATUS = "video_generation_status"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
URL = "https://files.example/video1.mp4"


def video(**changes: object) -> dict[str, object]:
    return {
        "id": "abc123",
        "prompt": "a cat",
        "file_url": URL,
        "status": "MEDIA_GENERATION_STATUS_SUCCESSFUL",
        "created_at": "2026-03-30T10:00:00Z",
        **changes,
    }


def event(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def chunk(payload: bytes) -> bytes:
    return f"{len(payload):x}\r\n".encode() + payload + b"\r\n"


END = b"0\r\n\r\n"


@dataclass
class Part:
    name: str
    filename: str | None
    content_type: str
    body: bytes


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def parts(self) -> list[Part]:
        raw = b"Content-Type: " + self.headers["content-type"].encode() + b"\r\n\r\n" + self.body
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(raw)
        found = []
        for part in message.iter_parts():
            body = part.get_payload(decode=True)
            assert isinstance(body, bytes)
            name = part.get_param("name", header="content-disposition")
            found.append(Part(str(name), part.get_filename(), part.get_content_type(), body))
        return found


@dataclass
class Exchange:
    """One connection, in the hands of a test's script."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes, content_type: str = "application/json", extra: str = "") -> None:
        head = f"HTTP/1.1 {status} Word\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        await self.send(head.encode() + body)

    async def stream(self, *pieces: bytes) -> None:
        """The head of a stream and then each piece as an HTTP chunk; not the end."""
        await self.send(STREAM_HEAD)
        await self.stream_on(*pieces)

    async def stream_on(self, *pieces: bytes) -> None:
        """More pieces of a stream that has begun."""
        for piece in pieces:
            await self.send(chunk(piece))

    def reset(self) -> None:
        self.writer.transport.abort()

    async def until_closed(self) -> None:
        while await self.reader.read(65536):
            pass


Script = Callable[[Exchange], Awaitable[None]]


@dataclass
class WireServer:
    """Counts requests, reads their bodies unless told not to, and runs the script on each.

    ``keeps``: a connection is kept for more requests after a POST, too.
    """

    script: Script
    read_body: bool = True
    keeps: bool = False
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/api/v1"

    @property
    def posts(self) -> int:
        return sum(request.method == "POST" for request in self.requests)

    def refuse(self) -> None:
        """Take no connections any more; those that are there stay."""
        self._server.close()

    async def __aenter__(self) -> "WireServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await self._read(reader)) is not None:
                self.requests.append(request)
                await self.script(Exchange(request, reader, writer))
                if request.method == "POST" and not self.keeps:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.closed.set()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return None
        method, target, _ = head[0].split(" ", 2)
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        request = Request(method, target, {name.lower(): value for name, value in pairs})
        if self.read_body:
            request.body = await reader.readexactly(int(request.headers.get("content-length", "0")))
        return request
