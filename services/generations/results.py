"""Results of a generation: its videos, and which objects of the API's history are whose."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from services.clock import Clock
from services.failures import Charged
from services.genaipro.events import VideoResult
from services.generations.matching import HistoryBefore, Request, keys_of, may_share_objects
from services.generations.model import Generation, State, Video, VideoState
from services.generations.repository import RunOvertakenError, move_in
from services.store.database import Database
from services.store.old_dialects import insert_all_new
from services.store.schema import GenerationRow, ResultClaimRow, VideoRow


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _new_videos(run: Generation, urls: Sequence[str]) -> list[Mapping[str, object]]:
    """A row for each video that was made, and for each that was asked for and was not."""
    return [
        {
            "generation_id": run.id,
            "position": position,
            "url": url,
            "state": (VideoState.READY if url else VideoState.FAILED).value,
        }
        for position, url in enumerate([*urls, *[""] * (run.count - len(urls))])
    ]


class ResultTakenError(Exception):
    """An object of the history became another request's in the meantime."""


_VIDEOS = cast("Table", VideoRow.__table__)
_VIDEOS_OF = select(_VIDEOS).where(_VIDEOS.c.generation_id == bindparam("run_id")).order_by(_VIDEOS.c.position)


_ARE_THESE = (_VIDEOS.c.generation_id == bindparam("run_id")) & _VIDEOS.c.position.in_(
    bindparam("places", expanding=True)
)
_ATTEMPTS = _VIDEOS.c.send_attempts
_SENDING = update(_VIDEOS).where(_ARE_THESE).values(state=VideoState.SENDING.value, send_attempts=_ATTEMPTS + 1)
_NOT_SENT = update(_VIDEOS).where(_ARE_THESE).values(state=VideoState.READY.value, send_attempts=_ATTEMPTS - 1)
_BECOME = update(_VIDEOS).where(_ARE_THESE).values(state=bindparam("new_state"))
_MOVED = update(_VIDEOS).where(_ARE_THESE).values(url=bindparam("new_url"))
_SENT = (
    update(_VIDEOS)
    .where(_VIDEOS.c.generation_id == bindparam("run_id"), _VIDEOS.c.position == bindparam("place"))
    .values(state=bindparam("new_state"), message_id=bindparam("new_message"), file_id=bindparam("new_file"))
)


def _video(row: Row[Any]) -> Video:
    return Video(row.position, row.url, VideoState(row.state), row.send_attempts, row.file_id)


class Results:
    """The videos of generations and the claims on the API's objects.

    Args:
        database: Where the rows are.
        clock: Tells the time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, run: Generation, results: Sequence[VideoResult], *, exclusive: bool) -> Generation:
        """Write down what was made, in the transaction that moves the generation to ``delivering``.

        Doing it twice does no harm: the answer of the first commit may have got lost.

        Args:
            run: The generation, fenced by its epoch.
            results: At least one with an address; those without become failed videos.
            exclusive: Results of a look-up: nobody else may hold them. Those of the own stream are one's own.

        Raises:
            RunOvertakenError: The row is another run's.
            ResultTakenError: Exclusive, and an object belongs to another generation by now.
        """
        now = self._clock.now()
        urls = list(dict.fromkeys(url for result in results for url in result.urls))
        async with self._database.old_write() as session:
            changed = await move_in(session, run, State.DELIVERING, "", now, charged=Charged.YES.value)
            await self._claim(session, run.id, (key for result in results for key in keys_of(result)), now)
            if exclusive:
                await self._refuse_foreign(session, run.id, results)
            await insert_all_new(session, VideoRow, _new_videos(run, urls))
        return changed

    async def _claim(self, session: AsyncSession, generation_id: str, keys: Iterable[str], now: datetime) -> None:
        rows = [{"key": _hashed(key), "generation_id": generation_id, "created_at": now} for key in dict.fromkeys(keys)]
        await insert_all_new(session, ResultClaimRow, rows)

    @staticmethod
    async def _refuse_foreign(session: AsyncSession, generation_id: str, results: Sequence[VideoResult]) -> None:
        keys = [_hashed(key) for result in results for key in keys_of(result)]
        foreign = select(ResultClaimRow.key).where(
            ResultClaimRow.key.in_(keys), ResultClaimRow.generation_id != generation_id
        )
        if (await session.scalars(foreign.limit(1))).first() is not None:
            raise ResultTakenError

    async def owners(self, results: Sequence[VideoResult]) -> dict[str, str]:
        """Which keys of these results are claimed, and by which generation."""
        keys = {_hashed(key): key for result in results for key in keys_of(result)}
        async with self._database.old_read() as session:
            rows = await session.scalars(select(ResultClaimRow).where(ResultClaimRow.key.in_(keys)))
            return {keys[row.key]: row.generation_id for row in rows}

    async def prune_claims(self, before: datetime) -> None:
        """Forget claims so old that no look-up reaches back to them."""
        async with self._database.old_write() as session:
            await session.execute(delete(ResultClaimRow).where(ResultClaimRow.created_at < before))

    async def requests_like(self, run: Generation, window: timedelta) -> list[Request]:
        """Every request that may have been accepted around the same time and own the same objects, this one included.

        Args:
            run: The generation.
            window: How long before this one a request may have been made to matter.
        """
        assert run.armed_at is not None
        async with self._database.old_read() as session:
            refused = (GenerationRow.state == State.FAILED.value) & (GenerationRow.charged == Charged.NO.value)
            rows = await session.execute(
                select(
                    GenerationRow.id,
                    GenerationRow.prompt,
                    GenerationRow.armed_at,
                    GenerationRow.count.label("asked"),
                    GenerationRow.finished_at,
                    GenerationRow.history_before,
                ).where(GenerationRow.armed_at >= run.armed_at - window, ~refused)
            )
            return [
                Request(
                    row.id,
                    row.prompt,
                    row.armed_at,
                    row.asked,
                    open=row.finished_at is None,
                    before=HistoryBefore.from_json(row.history_before),
                )
                for row in rows
                if may_share_objects(row.prompt, run.prompt)
            ]

    async def videos(self, generation_id: str) -> list[Video]:
        """The videos of a generation, in order."""
        async with self._database.look() as connection:
            return [_video(row) for row in await connection.execute(_VIDEOS_OF, {"run_id": generation_id})]

    async def begin_sending(self, run: Generation, positions: Sequence[int]) -> None:
        """Commit that these videos are about to be sent.

        Raises:
            RunOvertakenError: The row is another run's.
        """
        async with self._database.old_write() as session:
            await move_in(session, run, State.DELIVERING, "", self._clock.now())
            await session.execute(_SENDING, _these(run, positions))

    async def still_ours(self, run: Generation) -> None:
        """Look once more before something is sent; where nobody can tell, it is.

        Raises:
            RunOvertakenError: The row is another run's.
        """
        if self._database.is_sqlite:
            return
        try:
            async with self._database.look() as connection:
                epoch = await connection.scalar(select(GenerationRow.epoch).where(GenerationRow.id == run.id))
        except (SQLAlchemyError, OSError):
            return
        if epoch != run.epoch:
            raise RunOvertakenError

    async def not_sent(self, run: Generation, positions: Sequence[int]) -> None:
        """Take :meth:`begin_sending` back: Telegram has provably not taken them."""
        async with self._database.write_one() as connection:
            await connection.execute(_NOT_SENT, _these(run, positions))

    async def sent(
        self, run: Generation, videos: Sequence[tuple[int, int, str]], state: VideoState = VideoState.SENT
    ) -> None:
        """Commit that Telegram has taken videos, all of a message or album at once.

        Args:
            run: The generation.
            videos: Of each, its position, its message and Telegram's file id.
            state: One of ``WERE_SENT``.
        """
        rows = [
            {
                "run_id": run.id,
                "place": position,
                "new_state": state.value,
                "new_message": message_id,
                "new_file": file_id,
            }
            for position, message_id, file_id in videos
        ]
        async with self._database.old_write() as session:
            await session.execute(_SENT, rows)

    async def linked(self, run: Generation, positions: Sequence[int], state: VideoState = VideoState.LINKED) -> None:
        """Commit that these videos are given as links; ``state`` is one of ``WERE_LINKED``."""
        await self._become(state, run, positions)

    async def moved(self, run: Generation, position: int, url: str) -> None:
        """Commit that a video lies at another address by now."""
        async with self._database.write_one() as connection:
            await connection.execute(_MOVED, _these(run, [position]) | {"new_url": url})

    async def failed(self, run: Generation, positions: Sequence[int]) -> None:
        """Commit that these videos cannot be given at all."""
        await self._become(VideoState.FAILED, run, positions)

    async def _become(self, state: VideoState, run: Generation, positions: Sequence[int]) -> None:
        async with self._database.write_one() as connection:
            await connection.execute(_BECOME, _these(run, positions) | {"new_state": state.value})


def _these(run: Generation, positions: Sequence[int]) -> dict[str, object]:
    return {"run_id": run.id, "places": list(positions)}
