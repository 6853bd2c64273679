from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from services.genaipro.client import GenAIProClient
from services.genaipro.rate_limit import ProcessRateLimit
from services.genaipro.stream import paid_session
from services.photos.model import PhotoFile
from tests.hand_clock import HandClock

KEY = "secret-key-0123456789"

MakeClient = Callable[..., GenAIProClient]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def paid() -> AsyncIterator[aiohttp.ClientSession]:
    async with paid_session() as session:
        yield session


@pytest.fixture
def make_client(session: aiohttp.ClientSession, paid: aiohttp.ClientSession, clock: HandClock) -> MakeClient:
    def make(url: str, idle_timeout: float = 30) -> GenAIProClient:
        pacer = ProcessRateLimit(30, clock)
        return GenAIProClient(session, paid, url, KEY, idle_timeout=idle_timeout, rate_limit=pacer, clock=clock)

    return make


@pytest.fixture
def photos(tmp_path: Path) -> list[PhotoFile]:
    """Three images of different kinds, one of them larger than a read of the thread pool."""
    kinds = (("image/jpeg", "jpg", 700_001), ("image/png", "png", 13), ("image/webp", "webp", 4096))
    made = []
    for number, (content_type, suffix, size) in enumerate(kinds, 1):
        path = tmp_path / f"photo{number}.{suffix}"
        path.write_bytes((bytes(range(256)) * (size // 256 + 1))[number : size + number])
        made.append(PhotoFile(path, content_type, size))
    return made
