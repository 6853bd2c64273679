"""Which addresses a video may be fetched from: public ones, and the host of the GenAIPro API.

The check is made twice, so that nothing slips through between: on each address before it is asked, and on what its
name resolves to at the moment of connecting.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from typing import NewType, Self
from urllib.parse import quote

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from services.delivery.errors import VideoError, VideoProblem
from services.http_requests import USER_AGENT

READ_BYTES = 128 * 1024
"""Buffer of a download; as much again may wait in it."""

GuardedSession = NewType("GuardedSession", aiohttp.ClientSession)
"""A session that connects to permitted addresses only."""

_NUMERIC_NAME = re.compile(r"(?:^|\.)(?:0x[0-9a-f]*|[0-9]+)\.?$", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//([^/?#]*)", re.IGNORECASE)
_UNESCAPED = re.compile(r"[^\x21-\x7e]+")
_FILM = re.compile(r"^[^:]+\.(?:mp4|m4v|mov|webm|mkv)(?:[?#]|$)", re.IGNORECASE)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")),
)
"""What the standard library of one Python or another takes for global."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str | ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address belongs to the public internet; text that is no address does not.

    An IPv4 address inside an IPv6 one (mapped, NAT64) is judged by itself; tunnels (6to4, Teredo) are refused. Source:
    the IANA special-purpose address registries for IPv4 and IPv6.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(ip.ipv4_mapped)
        if ip in _NAT64:
            return is_public(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if ip not in _GLOBAL_V6:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _SPECIAL)


def parse(text: str, base: URL | None = None) -> URL:
    """Reads an address, which may be relative to another one; a ``VideoError`` where it is none.

    What is escaped stays as it is, for a signature may cover each character; spaces and letters beyond ASCII are
    escaped.
    """
    text = text.strip()
    try:
        if _host_in(text).isascii():
            url = URL(_UNESCAPED.sub(lambda found: quote(found[0], safe=""), text), encoded=True)
        else:
            url = URL(text)
        return base.join(url) if base is not None else url
    except (ValueError, TypeError):
        raise VideoError(VideoProblem.REFUSED_ADDRESS) from None


def resolve(text: str, api_url: str) -> str | None:
    """Reads an address of a file as the service gives it: relative to the API, escaped once.

    It is ``https://…``, ``//host/…``, ``/path``, or a path to a film. None for what can be none over http, such as a
    word.
    """
    text = text.strip()
    if not (_host_in(text) or text.startswith("/") or _FILM.search(text)):
        return None
    try:
        url = parse(text, URL(api_url.rstrip("/") + "/"))
    except VideoError:
        return None
    return str(url) if _is_http(url) else None


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The rules."""

    host: str
    """Name of the API's host, in lower case: fetched from at whatever address, on any port."""
    secure: bool
    """Whether the API is asked over https; then its key goes over nothing else."""

    @classmethod
    def of(cls, api_url: str) -> Self:
        """Makes the rules from ``GENAIPRO_API_URL``."""
        url = URL(api_url)
        return cls(_name(url.raw_host or ""), url.scheme == "https")

    def check(self, url: URL) -> None:
        """Refuses what may not be asked; names are judged again by what they resolve to.

        Raises:
            VideoError: Not http(s), without a host, or an IP address that is not public.
        """
        if _is_http(url):
            host = _name(url.raw_host or "")
            if self.trusts(host) or not _is_literal(host) or is_public(host):
                return
        raise VideoError(VideoProblem.REFUSED_ADDRESS)

    def trusts(self, host: str) -> bool:
        """Whether a host name is the API's own."""
        return bool(self.host) and _name(host) == self.host

    def lends_key(self, url: URL) -> bool:
        """Whether an address may be shown the key: on the API's host, and not over http when the API has https."""
        return self.trusts(url.raw_host or "") and (url.scheme == "https" or not self.secure)


class _NotPublicError(OSError):
    """A name that resolves to no public address; an OSError, because that is what a connector expects."""


@dataclass(eq=False)
class GuardedResolver(AbstractResolver):
    """Resolves names to the addresses that may be connected to."""

    policy: AddressPolicy
    inner: AbstractResolver = field(default_factory=ThreadedResolver)
    """The resolver that is asked: the system's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolves a name for a connection; an ``OSError`` where it leads to no permitted address."""
        found = await self.inner.resolve(host, port, family)
        if self.policy.trusts(host):
            return found
        permitted = [result for result in found if is_public(result["host"])]
        if not permitted:
            raise _NotPublicError("no public address")
        return permitted

    async def is_public(self, url: URL) -> bool:
        """Whether others, such as Telegram, can reach the host of an address."""
        host = url.raw_host or ""
        if _is_literal(host):
            return is_public(host)
        try:
            found = await self.inner.resolve(host, url.port or 0, socket.AF_UNSPEC)
        except OSError:
            return False
        return bool(found) and all(is_public(result["host"]) for result in found)

    async def close(self) -> None:
        """Closes the resolver that is asked."""
        await self.inner.close()


def guarded_session(resolver: GuardedResolver) -> GuardedSession:
    """Opens a session for fetching videos: permitted addresses only, no proxies, no cookies.

    Redirects and IP addresses are left to ``VideoFetcher``.
    """
    # Nobody waits for a slow host's downloads, of which there are at most four for each request that runs.
    connector = aiohttp.TCPConnector(resolver=resolver, limit=0)
    return GuardedSession(
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            read_bufsize=READ_BYTES,
        )
    )


def is_refused(error: BaseException) -> bool:
    """Whether a connection failed because a name resolves to no permitted address."""
    return isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _NotPublicError)


def _is_http(url: URL) -> bool:
    try:
        return url.scheme in ("http", "https") and bool(_name(url.raw_host or "") and url.port)
    except ValueError:
        return False  # No port has such a number.


def _is_literal(host: str) -> bool:
    """Whether it is an IP address, in whatever form a resolver may take for one, and no name."""
    return ":" in host or _NUMERIC_NAME.search(host) is not None


def _name(host: str) -> str:
    name = host.lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(name)) if ":" in name else name
    except ValueError:
        return name


def _host_in(text: str) -> str:
    found = _AUTHORITY.match(text)
    return found[1] if found else ""
