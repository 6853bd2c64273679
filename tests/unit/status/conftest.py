from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.status.world import Room, opened


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with opened(tmp_path) as made:
        yield made
