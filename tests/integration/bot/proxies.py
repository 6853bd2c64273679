"""Small proxies on loopback: HTTP (CONNECT and whole addresses) and SOCKS5, with or without a password."""

import asyncio
import base64
import ipaddress
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """What passed through one; ``login`` is what it asks for, as ``user:password``."""

    kind: str
    login: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    refused: int = 0
    was_refused: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def url(self, login: str = "") -> str:
        return f"{self.kind}://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    def _refuse(self) -> None:
        self.refused += 1
        self.was_refused.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            await (self._http if self.kind == "http" else self._socks)(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not await self._http_request(reader, writer):
            pass

    async def _http_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serves one request; whether the connection is over then."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        wanted = b"Proxy-Authorization: Basic " + base64.b64encode(self.login.encode())
        if self.login and wanted not in head:
            self._refuse()
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return True
        self.asked.append(f"{method} {target}")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            far = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join(reader, writer, *far)
            return True
        parts = urlsplit(target)
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        far_writer.write(head.replace(target.encode(), parts.path.encode(), 1))
        far_writer.write(await reader.readexactly(_length(head)))
        answer = await far_reader.readuntil(b"\r\n\r\n")
        writer.write(answer + await far_reader.readexactly(_length(answer)))
        await writer.drain()
        far_writer.close()
        return False

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        method = 2 if self.login else 0
        if method not in methods:
            self._refuse()
            writer.write(b"\x05\xff")
            return
        writer.write(bytes([5, method]))
        if self.login:
            _version, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            is_right = user + b":" + password == self.login.encode()
            writer.write(b"\x01\x00" if is_right else b"\x01\x01")
            if not is_right:
                self._refuse()
                return
        _version, _command, _, form = await reader.readexactly(4)
        if form == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(4 if form == 1 else 16)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{'name' if form == 3 else 'address'} {host}:{port}")
        try:
            far = await asyncio.open_connection(host, port)
        except OSError:
            writer.write(b"\x05\x05\x00\x01" + bytes(6))
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await _join(reader, writer, *far)


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return int(found[1]) if found else 0


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))


@asynccontextmanager
async def proxy(kind: str, login: str = "") -> AsyncIterator[Proxy]:
    found = Proxy(kind, login)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for writer in found.writers:
            writer.close()
