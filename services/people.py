"""People and what they chose in ``/settings``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.orm import Session

from services.clock import Clock
from services.options import MAX_VIDEOS, NOTHING_WANTED, UNCHOSEN, VideoOptions, Wanted, is_count
from services.store.base import insert_new, table_of
from services.store.database import Database
from services.store.schema import PersonRow, option_columns, options_of
from services.texts import LANGUAGES, Texts

_PEOPLE = table_of(PersonRow)
_PERSON = select(_PEOPLE).where(_PEOPLE.c.user_id == bindparam("user"))


@dataclass(frozen=True, slots=True)
class Preferences:
    """How somebody wants the bot to be."""

    language: str
    """The one to speak with them: chosen, or that of their Telegram, or the default."""
    usual: VideoOptions = UNCHOSEN
    """What a request asks for where it does not say."""
    starts_at_once: bool = False
    """Whether a complete request starts without asking."""


@dataclass(slots=True)
class People:
    """Reads and changes what people chose."""

    database: Database
    texts: Texts
    clock: Clock

    async def preferences(self, user_id: int, telegram_language: str | None, *, is_guest: bool = False) -> Preferences:
        """What somebody chose; the first call for them makes their row.

        Args:
            telegram_language: IETF tag of their Telegram client, or None.
            is_guest: Whether they may be somebody who is refused: then nothing is kept of them.
        """
        row = await self.database.read(_row, user_id)
        if row is not None:
            language = self.texts.choose(telegram_language, row.language)
            return Preferences(language, options_of(row, "usual_"), row.starts_at_once)
        if not is_guest:
            await self.database.write(_ensure, user_id, self.clock.now(), durable=False)
        return Preferences(self.texts.choose(telegram_language))

    async def choose(
        self,
        user_id: int,
        *,
        language: str | None = None,
        usual: Wanted = NOTHING_WANTED,
        starts_at_once: bool | None = None,
    ) -> None:
        """Keep what somebody chose; None leaves a choice as it is.

        Raises:
            ValueError: The language is not on offer, or the count is not 1 to 4.
        """
        if language is not None and language not in LANGUAGES:
            raise ValueError(f"no texts in {language!r}")
        if usual.count is not None and not is_count(usual.count):
            raise ValueError(f"{usual.count} is not 1 to {MAX_VIDEOS}")
        chosen = {"language": language, "starts_at_once": starts_at_once, **option_columns(usual, "usual_")}
        values: dict[str, object] = {name: value for name, value in chosen.items() if value is not None}
        await self.database.write(_change, user_id, values, self.clock.now())


def forget_person(session: Session, user_id: int) -> None:
    """Delete somebody's row."""
    session.execute(delete(PersonRow).where(PersonRow.user_id == user_id))


def _row(session: Session, user_id: int) -> Row[Any] | None:
    return session.execute(_PERSON, {"user": user_id}).one_or_none()


def _ensure(session: Session, user_id: int, now: datetime) -> None:
    insert_new(session, PersonRow, user_id=user_id, created_at=now)


def _change(session: Session, user_id: int, values: dict[str, object], now: datetime) -> None:
    _ensure(session, user_id, now)
    session.execute(update(PersonRow).where(PersonRow.user_id == user_id).values(**values))
