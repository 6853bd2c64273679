from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.generations.bench import Bench, bench


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Bench]:
    made, close = await bench(tmp_path)
    yield made
    await close()
