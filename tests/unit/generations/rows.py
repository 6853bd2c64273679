"""What runs and buttons do to rows, each in a transaction of its own, as tests of their ways say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.changes import Changes
from services.clock import Clock
from services.failures import Failure
from services.genaipro.events import VideoResult
from services.generations import results, store
from services.generations.cancelling import CancelScopes
from services.generations.matching import HistoryBefore, Request
from services.generations.model import Generation, Lease, State, Video, VideoState
from services.store.database import Database


@dataclass
class Rows:
    """The rows of generations."""

    database: Database
    clock: Clock

    async def get(self, generation_id: str) -> Generation | None:
        return await self.database.read(store.load, generation_id)

    async def take_over(self, lease: Lease, process_id: str) -> Generation | None:
        return await self.database.write(store.take_over, lease, process_id)

    async def move(self, run: Generation, state: State, note: str = "", **values: object) -> Generation:
        return await self.database.write(store.move, run, state, self.clock.now(), values | {"note": note})

    async def arm(self, run: Generation, before: HistoryBefore | None = None) -> Generation | None:
        return await self.database.write(store.arm, run, before, self.clock.now())

    async def disarm(self, run: Generation) -> Generation:
        return await self.database.write(store.disarm, run)

    async def fail(self, run: Generation, failure: Failure) -> Generation:
        return await self.database.write(store.fail, run, failure, self.clock.now())

    async def set_status_message(self, generation: Generation, message_id: int) -> bool:
        return await self.database.write(store.set_status_message, generation, message_id)

    async def mark_final_shown(self, generation_id: str) -> None:
        await self.database.write(store.mark_final_shown, generation_id, self.clock.now(), durable=False)

    async def request_cancel(self, generation_id: str) -> Generation | None:
        scopes = CancelScopes(self.database, Changes(self.database, self.clock))
        return await self.database.write(scopes.request, generation_id, self.clock.now())

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        await self.database.write(store.move_generations, old_chat_id, new_chat_id)

    async def prune(self, before: datetime) -> int:
        return await self.database.write(store.prune_generations, before)


@dataclass
class Results:
    """The rows of videos, and of claims on the history's objects."""

    database: Database
    clock: Clock

    async def record(self, run: Generation, found: Sequence[VideoResult], *, exclusive: bool) -> Generation:
        return await self.database.write(results.record, run, found, exclusive, self.clock.now())

    async def owners(self, found: Sequence[VideoResult]) -> dict[str, str]:
        return await self.database.read(results.owners, found)

    async def requests_like(self, run: Generation, window: timedelta) -> list[Request]:
        return await self.database.read(results.requests_like, run, window)

    async def videos(self, generation_id: str) -> list[Video]:
        return await self.database.read(results.videos_of, generation_id)

    async def begin_sending(self, run: Generation, positions: Sequence[int]) -> None:
        await self.database.write(results.begin_sending, run, positions)

    async def sent(self, run: Generation, videos: Sequence[tuple[int, int, str]]) -> Generation | None:
        return await self.database.write(results.sent, run, videos, VideoState.SENT, self.clock.now())
