"""People and what they chose in ``/settings``, with a small cache in front of the database."""

from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.changes import Changes
from services.clock import Clock
from services.generations.model import MAX_VIDEOS
from services.store.database import Database
from services.store.old_dialects import insert_new
from services.store.schema import PersonRow
from services.texts import LANGUAGES, Texts

TOPIC = "person"
CACHE_SIZE = 5000
CACHE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Preferences:
    """How somebody wants the bot to be.

    Attributes:
        language: The one to speak with them: chosen, or that of their Telegram, or the default.
        usual_count: Videos that a draft begins with, 1 to 4.
        starts_at_once: Whether a complete request starts without asking.
    """

    language: str
    usual_count: int = 1
    starts_at_once: bool = False


@dataclass(frozen=True, slots=True)
class _Choices:
    language: str | None
    usual_count: int
    starts_at_once: bool


@dataclass(frozen=True, slots=True)
class _Cached:
    choices: _Choices | None
    read_at: float


class People:
    """Reads and changes what people chose.

    Args:
        database: Holds the rows.
        changes: Says when another process changed one.
        texts: Knows the languages on offer.
        clock: Says when it is.
    """

    def __init__(self, database: Database, changes: Changes, texts: Texts, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._texts = texts
        self._clock = clock
        self._cache: OrderedDict[int, _Cached] = OrderedDict()
        self._changes_heard = 0
        changes.listen(TOPIC, self._hear)

    async def preferences(self, user_id: int, telegram_language: str | None) -> Preferences:
        """What somebody chose; the first call for them makes their row.

        Args:
            user_id: The person.
            telegram_language: IETF tag of their Telegram client, or None.
        """
        choices = await self._choices(user_id)
        if choices is None:
            async with self._database.old_write(durable=False) as session:
                await self._ensure(session, user_id)
            self._changes.tell(TOPIC, str(user_id))
            choices = await self._choices(user_id)
        return self._as_preferences(choices, telegram_language)

    async def preferences_of_guest(self, user_id: int, telegram_language: str | None) -> Preferences:
        """The same for somebody who may be refused: nothing is kept of them."""
        return self._as_preferences(await self._choices(user_id), telegram_language)

    async def set_language(self, user_id: int, language: str) -> None:
        """Speak this language with somebody.

        Raises:
            ValueError: It is not on offer.
        """
        if language not in LANGUAGES:
            raise ValueError(f"no texts in {language!r}")
        await self._change(user_id, language=language)

    async def set_usual_count(self, user_id: int, count: int) -> None:
        """Let drafts begin with this number of videos.

        Raises:
            ValueError: It is not 1 to 4.
        """
        if not 1 <= count <= MAX_VIDEOS:
            raise ValueError(f"{count} is not 1 to {MAX_VIDEOS}")
        await self._change(user_id, usual_count=count)

    async def set_starts_at_once(self, user_id: int, *, starts_at_once: bool) -> None:
        """Start complete requests without asking, or ask."""
        await self._change(user_id, starts_at_once=starts_at_once)

    def forgotten(self, user_id: int) -> None:
        """Drop somebody from this process's memory, after the commit that deleted their row."""
        self._changes.tell(TOPIC, str(user_id))

    async def _change(self, user_id: int, **values: str | int | bool) -> None:
        async with self._database.old_write() as session:
            await self._ensure(session, user_id)
            await session.execute(update(PersonRow).where(PersonRow.user_id == user_id).values(**values))
            await self._changes.announce(session, TOPIC, str(user_id))
        self._changes.tell(TOPIC, str(user_id))

    async def _ensure(self, session: AsyncSession, user_id: int) -> None:
        await insert_new(
            session,
            PersonRow,
            user_id=user_id,
            usual_count=1,
            starts_at_once=False,
            created_at=self._clock.now(),
        )

    async def _choices(self, user_id: int) -> _Choices | None:
        cached = self._cache.get(user_id)
        limit = min(CACHE_SECONDS, self._changes.trusted_seconds)
        if cached is not None and self._clock.monotonic() - cached.read_at < limit:
            self._cache.move_to_end(user_id)
            return cached.choices
        heard, began = self._changes_heard, self._clock.monotonic()
        query = select(PersonRow.language, PersonRow.usual_count, PersonRow.starts_at_once)
        async with self._database.look() as connection:
            row = (await connection.execute(query.where(PersonRow.user_id == user_id))).first()
        choices = None if row is None else _Choices(row.language, row.usual_count, row.starts_at_once)
        # What changed while the row was read may be missing from it: then it serves this call only.
        if heard == self._changes_heard:
            self._cache[user_id] = _Cached(choices, began)
            self._cache.move_to_end(user_id)
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return choices

    def _as_preferences(self, choices: _Choices | None, telegram_language: str | None) -> Preferences:
        if choices is None:
            return Preferences(self._texts.choose(telegram_language))
        language = self._texts.choose(telegram_language, choices.language)
        return Preferences(language, choices.usual_count, choices.starts_at_once)

    def _hear(self, subject: str) -> None:
        self._changes_heard += 1
        if subject:
            self._cache.pop(int(subject), None)
        else:
            self._cache.clear()


async def forget_person(session: AsyncSession, changes: Changes, user_id: int) -> None:
    """Delete somebody's row, in the caller's transaction; :meth:`People.forgotten` follows its commit."""
    row = await session.get(PersonRow, user_id)
    if row is not None:
        await session.delete(row)
    await changes.announce(session, TOPIC, str(user_id))
