"""Rows as the rest of the product leaves them behind."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.generations.model import State
from services.store.database import Database
from services.store.schema import GenerationPhotoRow, GenerationRow, ResultClaimRow, VideoRow


async def add_generation(
    database: Database,
    generation_id: str,
    user_id: int,
    at: datetime,
    *,
    chat_id: int | None = None,
    prompt: str = "leaves fall",
    state: State = State.DONE,
    file_ids: Sequence[str] = (),
    links: Sequence[str] = (),
    seconds: int = 60,
    told: bool = True,
) -> None:
    """A generation with its photo, its videos and its claim on the service's history."""
    ended = state in {State.DONE, State.FAILED, State.CANCELLED}
    finished_at = at + timedelta(seconds=seconds) if ended else None
    row = GenerationRow(
        id=generation_id,
        request_key=f"draft:{generation_id}",
        chat_id=user_id if chat_id is None else chat_id,
        user_id=user_id,
        language="en",
        request_message_id=1,
        prompt=prompt,
        count=max(1, len(file_ids)),
        state=state.value,
        queued_at=at,
        started_at=at,
        finished_at=finished_at,
        final_shown_at=finished_at if told else None,
    )
    photo = GenerationPhotoRow(
        generation_id=generation_id, position=0, file_id="p", file_unique_id="u", file_kind="photo"
    )
    videos = [
        VideoRow(generation_id=generation_id, position=position, url="https://x.test/v", state="sent", file_id=file_id)
        for position, file_id in enumerate(file_ids)
    ]
    videos += [
        VideoRow(generation_id=generation_id, position=position, url=url, state="linked")
        for position, url in enumerate(links, start=len(file_ids))
    ]
    claim = ResultClaimRow(key=f"id:{generation_id}", generation_id=generation_id, created_at=at)

    def insert(session: Session) -> None:
        session.add(row)
        session.flush()
        session.add_all([photo, *videos, claim])

    await database.write(insert)
