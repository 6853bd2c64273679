"""Results of a generation: its videos, and which objects of the API's history are whose."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from services.failures import Charged
from services.genaipro.events import VideoResult
from services.generations.matching import HistoryBefore, Request, keys_of
from services.generations.model import Generation, State, Video, VideoState
from services.generations.prompts import may_share_objects
from services.generations.store import ROWS, RunOvertakenError, load, move, moving, row_of
from services.store.base import affected, insert_all_new, table_of
from services.store.schema import ResultClaimRow, VideoRow


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class ResultTakenError(Exception):
    """An object of the history became another request's in the meantime."""


_VIDEOS = table_of(VideoRow)
_VIDEOS_OF = select(_VIDEOS).where(_VIDEOS.c.generation_id == bindparam("run_id")).order_by(_VIDEOS.c.position)


_ARE_THESE = (_VIDEOS.c.generation_id == bindparam("run_id")) & _VIDEOS.c.position.in_(
    bindparam("places", expanding=True)
)
_ATTEMPTS = _VIDEOS.c.send_attempts
_DELIVERED = select(ROWS.c.id).where(
    ROWS.c.id == bindparam("run_id"), ROWS.c.epoch == bindparam("run_epoch"), ROWS.c.state == State.DELIVERING.value
)
"""The fence: the row is still the run's, and stays so until the commit."""
_HELD = _ARE_THESE & _VIDEOS.c.generation_id.in_(_DELIVERED.with_for_update())
_SENDING = update(_VIDEOS).where(_HELD).values(state=VideoState.SENDING.value, send_attempts=_ATTEMPTS + 1)
_NOT_SENT = update(_VIDEOS).where(_HELD).values(state=VideoState.READY.value, send_attempts=_ATTEMPTS - 1)
_BECOME = update(_VIDEOS).where(_HELD).values(state=bindparam("new_state"))
_MOVED = update(_VIDEOS).where(_HELD).values(url=bindparam("new_url"))
_SENT = (
    update(_VIDEOS)
    .where(_VIDEOS.c.generation_id == bindparam("run_id"), _VIDEOS.c.position == bindparam("place"))
    .values(state=bindparam("new_state"), message_id=bindparam("new_message"), file_id=bindparam("new_file"))
)
_LEFT = select(_VIDEOS.c.position).where(
    _VIDEOS.c.generation_id == ROWS.c.id, _VIDEOS.c.state.in_([VideoState.READY.value, VideoState.SENDING.value])
)
_DONE = moving(State.DONE, ("finished_at",)).where(~_LEFT.exists())
"""Of a run that has sent a video and has none left to send."""


def _these(run: Generation, positions: Sequence[int]) -> dict[str, object]:
    return {"run_id": run.id, "run_epoch": run.epoch, "places": list(positions)}


def record(
    session: Session, run: Generation, results: Sequence[VideoResult], exclusive: bool, now: datetime
) -> Generation:
    """Write down what was made, in the transaction that moves the generation to ``delivering``.

    Doing it twice does no harm: the answer of the first commit may have got lost.

    Args:
        results: At least one with an address; those without become failed videos.
        exclusive: Results of a look-up: nobody else may hold them. Those of the own stream are one's own.

    Raises:
        ResultTakenError: Exclusive, and an object belongs to another generation by now.
    """
    changed = move(session, run, State.DELIVERING, now, {"charged": Charged.YES.value})
    keys = list(dict.fromkeys(_hashed(key) for result in results for key in keys_of(result)))
    claims = [{"key": key, "generation_id": run.id, "created_at": now} for key in keys]
    insert_all_new(session, ResultClaimRow, claims)
    if exclusive:
        foreign = select(ResultClaimRow.key).where(ResultClaimRow.key.in_(keys), ResultClaimRow.generation_id != run.id)
        if session.scalars(foreign.limit(1)).first() is not None:
            raise ResultTakenError
    urls = list(dict.fromkeys(url for result in results for url in result.urls))
    # A row for each video that was made, and for each that was asked for and was not.
    videos = [
        {
            "generation_id": run.id,
            "position": position,
            "url": url,
            "state": (VideoState.READY if url else VideoState.FAILED).value,
        }
        for position, url in enumerate([*urls, *[""] * (run.options.count - len(urls))])
    ]
    insert_all_new(session, VideoRow, videos)
    return changed


def owners(session: Session, results: Sequence[VideoResult]) -> dict[str, str]:
    """Which keys of these results are claimed, and by which generation."""
    keys = {_hashed(key): key for result in results for key in keys_of(result)}
    rows = session.scalars(select(ResultClaimRow).where(ResultClaimRow.key.in_(keys)))
    return {keys[row.key]: row.generation_id for row in rows}


def requests_like(session: Session, run: Generation, window: timedelta) -> list[Request]:
    """Every request that may have been accepted around the same time and own the same objects, this one included.

    One made more than ``window`` before this one does not matter.
    """
    assert run.armed_at is not None
    refused = (ROWS.c.state == State.FAILED.value) & (ROWS.c.charged == Charged.NO.value)
    asked = ROWS.c.count.label("asked")
    columns = (ROWS.c.id, ROWS.c.prompt, ROWS.c.armed_at, asked, ROWS.c.finished_at, ROWS.c.history_before)
    rows = session.execute(select(*columns).where(ROWS.c.armed_at >= run.armed_at - window, ~refused))
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


def videos_of(session: Session, generation_id: str) -> list[Video]:
    """The videos of a generation, in order."""
    return [
        Video(row.position, row.url, VideoState(row.state), row.send_attempts, row.file_id)
        for row in session.execute(_VIDEOS_OF, {"run_id": generation_id})
    ]


def load_with_videos(session: Session, generation_id: str) -> tuple[Generation | None, list[Video]]:
    """A generation, and its videos if it is done."""
    generation = load(session, generation_id)
    is_done = generation is not None and generation.state is State.DONE
    return generation, videos_of(session, generation_id) if is_done else []


def begin_sending(session: Session, run: Generation, positions: Sequence[int]) -> None:
    """Note that these videos are about to be sent; unlike what follows, refused to a run that was overtaken."""
    if not affected(session, _SENDING, _these(run, positions)):
        raise RunOvertakenError


def not_sent(session: Session, run: Generation, positions: Sequence[int]) -> None:
    """Take :func:`begin_sending` back: Telegram has provably not taken them.

    Nothing changes when the row is another run's, which may have sent them by now; likewise for the two below.
    """
    session.execute(_NOT_SENT, _these(run, positions))


def become(session: Session, run: Generation, positions: Sequence[int], state: VideoState) -> None:
    """Note that these videos are given as links (one of ``WERE_LINKED``), or cannot be given at all."""
    session.execute(_BECOME, _these(run, positions) | {"new_state": state.value})


def moved(session: Session, run: Generation, position: int, url: str) -> None:
    """Note that a video lies at another address by now."""
    session.execute(_MOVED, _these(run, [position]) | {"new_url": url})


def sent(
    session: Session, run: Generation, videos: Sequence[tuple[int, int, str]], state: VideoState, now: datetime
) -> Generation | None:
    """Note that Telegram has taken videos, all of a message or album at once; with the last, the run is done.

    Args:
        videos: Of each, its position, its message and Telegram's file id.
        state: One of ``WERE_SENT``.

    Returns:
        The generation, then done; None while other videos are on their way, or the row is another run's.
    """
    # What Telegram has taken is noted whoever runs it by now; only the run itself ends it.
    session.execute(
        _SENT,
        [
            {"run_id": run.id, "place": position, "new_state": state.value, "new_message": message, "new_file": file_id}
            for position, message, file_id in videos
        ],
    )
    done = {"run_id": run.id, "run_epoch": run.epoch, "new_note": "", "new_finished_at": now}
    return row_of(session, _DONE, done)


def prune_claims(session: Session, before: datetime) -> None:
    """Forget claims so old that no look-up reaches back to them."""
    session.execute(delete(ResultClaimRow).where(ResultClaimRow.created_at < before))
