"""The running bot between a Bot API server and a GenAIPro server on loopback, and one person with a phone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr

from bot.app import Process
from bot.settings import Settings
from sandbox.botapi.options import BotApiOptions
from sandbox.botapi.person import Person
from sandbox.botapi.server import BotApiServer
from sandbox.botapi.transcript import Line
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from tests.acceptance.e2e.clockwork import TravelClock
from tests.buttons import action_of, actions, has_button, is_card
from tests.integration.sandbox.second_opinion import check_calls
from tests.introduced import introduce
from tests.settings import FixedSettings

PATIENCE = 120.0


@dataclass
class World:
    telegram: BotApiServer
    genaipro: GenAIProServer
    settings: Settings
    anna: Person
    clock: TravelClock = field(default_factory=TravelClock)
    _process: asyncio.Task[None] | None = None
    _stop: asyncio.Event | None = None

    async def start(self) -> None:
        self._stop, ready = asyncio.Event(), asyncio.Event()
        process = Process(self.settings, self._stop, self.clock, ready.set)
        self._process = asyncio.create_task(process.run())
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._process, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
        waiting.cancel()
        if self._process.done():
            self._process.result()
        assert ready.is_set()

    async def stop(self) -> None:
        assert self._stop is not None
        assert self._process is not None
        self._stop.set()
        async with asyncio.timeout(120):
            await self._process

    async def card(self, person: Person | None = None, *, after: int = 0, with_button: str = "d:") -> Line:
        """The newest card of a person's draft."""
        chat = (person or self.anna).chat_id

        def fits(line: Line) -> bool:
            return any(data.startswith(with_button) for data in actions(line))

        return await self.telegram.wait_for_message(chat, fits, after=after)

    async def ready_card(self, person: Person | None = None, *, after: int = 0) -> Line:
        """The newest card that can be started."""
        chat = (person or self.anna).chat_id
        return await self.telegram.wait_for_message(chat, lambda line: has_button(line, ":go"), after=after)

    async def press(self, line: Line, action: str, person: Person | None = None) -> str:
        """Press the button whose data ends so."""
        data = action_of(line, f":{action}")
        return await (person or self.anna).press(line.message_id, data=data, chat=line.chat_id)

    async def ended(self, chat: int, message_id: int) -> Line:
        """The status message in its final state: nothing to cancel any more, and no videos on their way."""

        def is_final(line: Line) -> bool:
            over = not is_card(line) and not has_button(line, ":cancel")
            return line.message_id == message_id and "📬" not in line.text and over

        return await self.telegram.wait_for_message(
            chat, lambda line: is_final(line) and bool(line.buttons or len(line.versions) > 1), timeout=PATIENCE
        )


@asynccontextmanager
async def world(
    data_dir: Path,
    *,
    telegram: BotApiOptions | None = None,
    genaipro: GenAIProOptions | None = None,
    start: bool = True,
    **settings: object,
) -> AsyncIterator[World]:
    """Servers, bot and person; at the end every request of the bot is given a second opinion, and no file is left."""
    clock = TravelClock()
    options = genaipro or GenAIProOptions(key="test-key-1234567890").tiny()
    options = replace(options, now=clock.now, sleep=clock.sleep)
    async with BotApiServer(telegram, clock=clock) as api, GenAIProServer(options) as service:
        introduce(api)
        anna = api.add_person("Anna")
        values: dict[str, object] = {
            "telegram_bot_token": SecretStr(api.token),
            "telegram_api_url": api.url,
            "genaipro_api_key": SecretStr(options.key),
            "genaipro_api_url": service.url,
            "data_dir": data_dir,
            "http_port": 0,
            "open_access": True,
            "reconcile_interval": 0.2,
            "genaipro_requests_per_minute": 10_000,
        }
        here = World(api, service, FixedSettings.model_validate(values | settings), anna, clock)
        if start:
            await here.start()
        try:
            yield here
        finally:
            if here._process is not None and not here._process.done():
                await here.stop()
        check_calls(api.calls())
        assert not [path for path in (data_dir / "tmp").rglob("*") if path.is_file()], "temporary files are left over"
