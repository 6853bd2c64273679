"""What the tests of drafts stand on: photos, time set by hand, messages and generations that are only noted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.cards.refresh import CardRefresher
from services.clock import Clock
from services.drafts.drafts import Drafts, NewItems
from services.drafts.model import Draft, DraftItem, DraftState, Owner
from services.drafts.presses import PressOutcome, cancel_open, press
from services.drafts.store import load, open_of
from services.generations.model import Order, Placed, PlaceOutcome, TooManyWaiting
from services.inbox import Inbox
from services.messenger import EditOutcome
from services.options import NOTHING_WANTED, VideoOptions, Wanted
from services.orders import Starter, StartOutcome
from services.outbox.calls import Fence, Priority
from services.people import Preferences
from services.photos.model import PhotoKind, PhotoRef
from services.screens import Place, Screen
from services.store.database import Database
from services.store.schema import GenerationRow, option_columns
from services.texts import Texts
from tests.hand_clock import BEGAN

ANNA = Owner(11, None, 11)
IN_GROUP = Owner(-100, None, 11)
DEFAULTS = Preferences("en")
START = BEGAN


def photo(name: str, kind: PhotoKind = PhotoKind.PHOTO) -> PhotoRef:
    return PhotoRef(f"file-{name}", f"unique-{name}", kind, 1000)


def item(message_id: int, text: str = "", *, album: str | None = None, with_photo: bool = True) -> DraftItem:
    return DraftItem(message_id, text, photo(str(message_id)) if with_photo else None, album)


def draft(*items: DraftItem, owner: Owner = ANNA, **values: object) -> Draft:
    standard: dict[str, object] = {
        "id": "d1",
        "owner": owner,
        "state": DraftState.OPEN,
        "language": "en",
        "asked": VideoOptions(),
        "items": tuple(sorted(items, key=lambda one: one.message_id)),
        "version": 1,
        "card_version": 0,
        "card_message_id": None,
        "starts_itself": False,
        "extra_told": False,
        "separate_request_id": None,
        "updated_at": START,
    }
    return Draft(**(standard | values))  # type: ignore[arg-type]


def numbered(prefix: str) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


@dataclass
class Phone:
    """Messages as a person would see them; errors can be asked for."""

    shown: dict[int, Screen] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    edits: list[int] = field(default_factory=list)
    versions: list[int | None] = field(default_factory=list)
    send_errors: list[Exception] = field(default_factory=list)
    edit_errors: list[Exception | EditOutcome] = field(default_factory=list)
    while_sending: Callable[[], object] | None = None
    while_editing: Callable[[], Awaitable[None]] | None = None
    _ids: "count[int]" = field(default_factory=lambda: count(500))

    async def send(self, place: Place, screen: Screen, priority: Priority = Priority.ANSWER) -> int:
        if self.send_errors:
            raise self.send_errors.pop(0)
        message_id = next(self._ids)
        self.shown[message_id], self.places[message_id] = screen, place
        if self.while_sending is not None:
            meanwhile, self.while_sending = self.while_sending, None
            await meanwhile()  # type: ignore[misc]
        return message_id

    async def edit(
        self,
        chat_id: int,
        message_id: int,
        screen: Screen,
        priority: Priority = Priority.ANSWER,
        version: int | None = None,
        fence: Fence | None = None,
    ) -> EditOutcome:
        self.versions.append(version)
        if self.while_editing:
            meanwhile, self.while_editing = self.while_editing, None
            await meanwhile()
        if fence is not None:
            await fence()
        if self.edit_errors:
            error = self.edit_errors.pop(0)
            if isinstance(error, EditOutcome):
                return error
            raise error
        if message_id not in self.shown:
            return EditOutcome.GONE
        self.edits.append(message_id)
        self.shown[message_id] = screen
        return EditOutcome.DONE

    async def delete(self, _chat_id: int, message_id: int) -> None:
        del self.shown[message_id]

    def texts(self) -> list[str]:
        return [screen.html for screen in self.shown.values()]


@dataclass
class OrderBook:
    """Takes every order once, or refuses all."""

    refusal: PlaceOutcome | None = None
    placed_orders: dict[str, Order] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    def place(self, session: Session, order: Order) -> PlaceOutcome:
        if self.refusal is not None:
            return self.refusal
        created = order.request_key not in self.placed_orders
        self.placed_orders.setdefault(order.request_key, order)
        return Placed(f"g:{order.request_key}", created)

    async def show(self, outcome: StartOutcome) -> None:
        if isinstance(outcome, Placed):
            self.shown.append(outcome.generation_id)


@dataclass
class Rows:
    """Takes orders into the table of generations, where they wait for ever; ``most`` of them at most."""

    clock: Clock
    most: int = 100
    refusal: PlaceOutcome | None = None
    new_id: Callable[[], str] = field(default_factory=lambda: numbered("g"))

    def place(self, session: Session, order: Order) -> PlaceOutcome:
        same = select(GenerationRow.id).where(GenerationRow.request_key == order.request_key)
        known = session.scalar(same)
        if known is not None:
            return Placed(known, created=False)
        if self.refusal is not None:
            return self.refusal
        if (session.scalar(select(func.count()).select_from(GenerationRow)) or 0) >= self.most:
            return TooManyWaiting(self.most)
        generation_id = self.new_id()
        session.add(
            GenerationRow(
                id=generation_id,
                request_key=order.request_key,
                chat_id=order.chat_id,
                user_id=order.user_id,
                language=order.language,
                request_message_id=order.request_message_id,
                status_message_id=order.status_message_id,
                prompt=order.prompt,
                **option_columns(order.options),
                queued_at=self.clock.now(),
            )
        )
        return Placed(generation_id, created=True)


BOT_ID = 1


@dataclass
class Moving:
    """Follows groups by a function that a test gives."""

    calls: list[tuple[int, int]] = field(default_factory=list)
    follow: Callable[[int, int], object] | None = None

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> tuple[str, ...]:
        self.calls.append((old_chat_id, new_chat_id))
        if self.follow is not None:
            await self.follow(old_chat_id, new_chat_id)  # type: ignore[misc]
        return ()


async def quote_nothing(_user_id: int, _count: int) -> None:
    """Nobody pays."""


class Room:
    """All of the drafts' own parts over one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        new_id = numbered("d")
        self.drafts = Drafts(database, clock, new_id)
        self.clock = clock
        self.orders = OrderBook()
        self.starter = Starter(database, self.orders.place, clock)
        self.phone = Phone()
        self.moving = Moving()
        self.inbox = Inbox(database, clock, BOT_ID, "this process")
        self.inbox.fetched = True
        self.refresher = CardRefresher(
            database,
            self.starter,
            self.orders.show,
            self.phone,  # type: ignore[arg-type]
            self.moving.move_chat,
            Texts("en"),
            clock,
            self.inbox,
            quote_nothing,
        )

    async def put(self, *items: DraftItem, owner: Owner = ANNA, defaults: Preferences = DEFAULTS) -> str:
        draft_id = ""
        for one in items:
            added = await self.drafts.add(NewItems(owner, [one], defaults))
            draft_id = added if isinstance(added, str) else draft_id
        return draft_id

    async def press(self, draft_id: str, user_id: int, word: str, card: int | None = None) -> PressOutcome:
        return await self.database.write(press, draft_id, user_id, card, word, Texts("en"), self.clock.now())

    async def cancel_open(self, owner: Owner) -> str | None:
        return await self.database.write(cancel_open, owner, self.clock.now())

    async def get(self, draft_id: str) -> Draft:
        found = await self.find(draft_id)
        assert found is not None
        return found

    async def find(self, draft_id: str) -> Draft | None:
        return await self.database.read(load, draft_id)

    async def open_of(self, owner: Owner) -> Draft | None:
        row = await self.database.read(lambda session: session.scalar(open_of(owner)))
        return None if row is None else await self.find(row.id)

    async def start_album(self, *items: DraftItem, owner: Owner = ANNA, wanted: Wanted = NOTHING_WANTED) -> str:
        added = await self.drafts.start_album("x", NewItems(owner, items, DEFAULTS, wanted))
        assert isinstance(added, str)
        return added
