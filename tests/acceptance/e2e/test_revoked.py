import asyncio
from pathlib import Path

import pytest

from bot.errors import OperatorError
from sandbox.botapi.faults import FaultKind
from tests.acceptance.e2e.world import world


async def test_a_token_that_is_revoked_ends_the_bot_with_one_clear_line(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.telegram.fail("getUpdates", FaultKind.ERROR, times=1, status=401, description="Unauthorized")
        await here.anna.send_text("/start")
        assert here._process is not None
        with pytest.raises(OperatorError, match=r"^TELEGRAM_BOT_TOKEN was revoked; set the new one from @BotFather$"):
            async with asyncio.timeout(60):
                await here._process
