import ipaddress
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.address import AddressPolicy, GuardedResolver, is_public, parse, resolve
from services.delivery.errors import VideoError

POLICY = AddressPolicy.of("https://API.example.vn./api/v1")


class Names(AbstractResolver):
    """A resolver that knows some names."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in self.names:
            raise OSError("no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.names[host]
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1"),
        *("192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1"),
        *("2001:db8::1", "2001::1", "2002:7f00:1::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "3fff::1", "5f00::1", "", "example.org"),
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_public_addresses_are_global_to_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(address) and "64:ff9b::" not in str(address):
        assert address.is_global or getattr(address, "ipv4_mapped", None)
        assert not address.is_multicast


@pytest.mark.parametrize(
    "url",
    [
        *("https://cdn.example.org/v.mp4?sig=a%2Fb", "http://8.8.8.8:8080/v.mp4", "http://[2606:4700::1111]/v"),
        *("http://api.example.vn/v", "https://api.example.vn:8443/v", "http://API.EXAMPLE.VN.:81/v"),
        *("https://xn--bcher-kva.example/v", "https://bücher.example/v"),
    ],
)
def test_permitted(url: str) -> None:
    POLICY.check(parse(url))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://cdn.example.org/v", "file:///etc/passwd", "javascript:alert(1)", "/v.mp4", "", "https://", "//host/v"),
        *("http://127.0.0.1/v", "http://10.0.0.1:80/v", "http://[::1]/v", "http://[::ffff:127.0.0.1]/v"),
        *("http://2130706433/v", "http://127.1/v", "http://0x7f000001/v", "http://0177.0.0.1/v", "http://127.0.0.1./v"),
        *("http://169.254.169.254/latest", "http://[fe80::1%25eth0]/v", "http://host:99999/v", "http://host:0/v"),
        *("http://api.example.vn@127.0.0.1/v", "http://１２７.0.0.1/v"),
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(VideoError, match="refused-address"):
        POLICY.check(parse(url))


def test_addresses_are_not_requoted() -> None:
    text = "https://cdn.example.org/a%2Fb~c%7E?Signature=x%2By%3D&e=%20"
    assert str(parse(text)) == text


def test_api_host_may_have_any_address() -> None:
    policy = AddressPolicy.of("http://127.0.0.1:9000/api/v1")
    policy.check(parse("http://127.0.0.1:9001/v.mp4"))
    with pytest.raises(VideoError, match="refused-address"):
        policy.check(parse("http://127.0.0.2:9001/v.mp4"))


@pytest.mark.parametrize(
    ("api", "url", "lends"),
    [
        ("https://api.example.vn/v1", "https://api.example.vn:81/v", True),
        ("https://api.example.vn/v1", "http://api.example.vn/v", False),
        ("http://api.example.vn/v1", "http://api.example.vn:81/v", True),
        ("https://api.example.vn/v1", "https://sub.api.example.vn/v", False),
        ("https://api.example.vn/v1", "https://api.example.vn.evil.org/v", False),
        ("https://api.example.vn/v1", "https://api.example.vn@evil.org/v", False),
    ],
)
def test_key_is_for_the_api_alone(api: str, url: str, lends: bool) -> None:
    assert AddressPolicy.of(api).lends_key(parse(url)) is lends


async def test_names_resolve_to_public_addresses_only() -> None:
    names = Names(
        **{"cdn.example.org": ["10.0.0.1", "8.8.8.8"], "inside.example.org": ["10.0.0.1"], "api.example.vn": ["::1"]}
    )
    resolver = GuardedResolver(POLICY, names)
    assert [found["host"] for found in await resolver.resolve("cdn.example.org")] == ["8.8.8.8"]
    assert [found["host"] for found in await resolver.resolve("api.example.vn")] == ["::1"]
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("inside.example.org")


async def test_what_others_can_reach() -> None:
    names = Names(
        **{"cdn.example.org": ["8.8.8.8"], "mixed.example.org": ["10.0.0.1", "8.8.8.8"], "api.example.vn": ["::1"]}
    )
    resolver = GuardedResolver(POLICY, names)
    urls = ("cdn.example.org", "mixed.example.org", "api.example.vn", "none.example.org", "8.8.8.8", "127.0.0.1")
    reached = [await resolver.is_public(parse(f"http://{host}/v")) for host in urls]
    assert reached == [True, False, False, False, True, False]


API = "https://genaipro.example/api/v1"


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("https://cdn.example/v.mp4?a=%2F&b=%20", "https://cdn.example/v.mp4?a=%2F&b=%20"),
        ("/files/x.mp4", "https://genaipro.example/files/x.mp4"),
        ("//cdn.example/x.mp4", "https://cdn.example/x.mp4"),
        ("files/x.mp4", "https://genaipro.example/api/v1/files/x.mp4"),
        (" HTTPS://CDN.example/x.mp4 ", "https://CDN.example/x.mp4"),
        ("https://cdn.example/phim của tôi.mp4", "https://cdn.example/phim%20c%E1%BB%A7a%20t%C3%B4i.mp4"),
        ("/a b/%C3%A9 é.mp4", "https://genaipro.example/a%20b/%C3%A9%20%C3%A9.mp4"),
        ("https://cdn.example/100%25.mp4", "https://cdn.example/100%25.mp4"),
        ("https://cdn.example/a%20b c.mp4?q=đ", "https://cdn.example/a%20b%20c.mp4?q=%C4%91"),
        ("https://phô.example/x.mp4", "https://xn--ph-9ja.example/x.mp4"),
        ("http://cdn.example:8080/x", "http://cdn.example:8080/x"),
    ],
)
def test_addresses_are_read_relative_to_the_api_and_escaped_once(given: str, whole: str) -> None:
    assert resolve(given, API) == whole
    assert resolve(whole, API) == whole


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "pending",
        "n/a",
        "data:video/mp4;base64,AA",
        "javascript:alert(1)",
        "file:///etc/x.mp4",
        "ftp://a.example/x.mp4",
        "http://",
        "https:///x.mp4",
        "http://[::1/x.mp4",
        "http://a.example:99999/x.mp4",
    ],
)
def test_what_is_no_address_is_none(given: str) -> None:
    assert resolve(given, API) is None
