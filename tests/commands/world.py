"""The commands in a real application, talking to a Bot API server; drafts and generations are stand-ins."""

from dataclasses import dataclass, field

from telegram.ext import Application, ApplicationBuilder
from telegram.request import HTTPXRequest

from handlers.admin import AdminCommands
from handlers.answers import Answers
from handlers.commands import CommandRooms, Commands, Retention, command_handlers, unknown_command_handler
from handlers.forget_menu import ForgetMenu
from handlers.guard import Guard
from handlers.history_menu import HistoryMenu
from handlers.presses import Presses
from handlers.settings_menu import SettingsMenu
from sandbox.botapi import BotApiServer, Line, Person
from services.access import Access, ClaimLink, OwnerLists
from services.delivery.send import VideoSender
from services.drafts.model import Owner
from services.forget import Forgetting
from services.generations.model import CancelOutcome
from services.history import History
from services.messenger import Messenger
from services.people import People
from services.statistics import Statistics, gather_statistics
from services.store.database import Database
from services.texts import Texts
from services.throttle import Throttle
from tests.access.world import ManualClock

OWNER = 900


@dataclass
class Requests:
    """Drafts and generations, as far as ``/cancel`` knows them."""

    drafts: set[tuple[int, int | None, int]] = field(default_factory=set)
    running: dict[tuple[int, int | None, int], str] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    outcome: CancelOutcome = CancelOutcome.ACCEPTED

    async def cancel_open(self, owner: Owner) -> str | None:
        here = (owner.chat_id, owner.thread_id, owner.user_id)
        is_open = here in self.drafts
        self.drafts.discard(here)
        return "d1" if is_open else None

    def now(self, draft_id: str) -> None:
        self.shown.append(draft_id)

    async def newest_running(self, chat_id: int, thread_id: int | None, user_id: int) -> str | None:
        return self.running.get((chat_id, thread_id, user_id))

    async def cancel(self, generation_id: str, user_id: int, *, is_admin: bool = False) -> CancelOutcome:
        self.cancelled.append(generation_id)
        return self.outcome


@dataclass
class Purse:
    """The credits that are left."""

    left: int | None = 77

    async def credits_left(self) -> int | None:
        return self.left


class World:
    """Everything the commands need, in the order in which it is made."""

    def __init__(self, server: BotApiServer, database: Database, lists: OwnerLists) -> None:
        self.server = server
        self.database = database
        self.clock = ManualClock()
        self.requests = Requests()
        self.purse = Purse()
        self.new_admins: list[int] = []
        self.errors: list[BaseException] = []
        texts = Texts("en")
        codes = (f"secret-{number}" for number in range(10))
        self.access = Access(database, lists, self.clock)
        self.claim_link = ClaimLink(database, self.clock, bool(lists.admin_ids), lambda: next(codes))
        self.people = People(database, texts, self.clock)
        self.throttle = Throttle(database, self.clock)
        builder = ApplicationBuilder().token(server.token).base_url(server.base_url)
        # Reading the certificates of the world takes longer than any of these tests, and loopback needs none.
        builder = builder.request(HTTPXRequest(httpx_kwargs={"verify": False}))
        builder = builder.get_updates_request(HTTPXRequest(httpx_kwargs={"verify": False}))
        self.application: Application = builder.build()  # type: ignore[type-arg]
        bot = self.application.bot
        answers = Answers(Messenger(bot))
        self.guard = Guard(self.access, self.people, texts, self.throttle, answers)
        presses = Presses(self.guard, answers)
        commands = Commands(
            self.guard,
            answers,
            self.claim_link,
            self.requests,
            self.requests,
            self.requests,
            self._greet,
            Retention(requests=180, drafts=7, photos=1),
        )
        self.rooms = CommandRooms(
            commands,
            SettingsMenu(self.guard, presses, answers, self.people, texts),
            HistoryMenu(self.guard, presses, answers, History(database), VideoSender(bot), self.throttle),
            ForgetMenu(self.guard, presses, answers, Forgetting(database, self.clock)),
            AdminCommands(self.guard, answers, self.access, self._gather, self.purse, commands.say_unknown),
        )
        self.application.add_handlers([*command_handlers(self.rooms), unknown_command_handler(self.rooms)])
        self.application.add_error_handler(self._note_error)

    async def says(self, person: Person, text: str, *, chat: int | None = None, **where: int) -> Line:
        """Send a text and give the bot's next message in that chat."""
        sent = await person.send_text(text, chat=chat, **where)  # type: ignore[arg-type]
        return await self.server.wait_for_message(sent.chat_id, after=sent.message_id)

    async def is_silent(self, person: Person, text: str, *, chat: int | None = None, **where: int) -> bool:
        """Whether the bot lets a text go by: it answers a later one of somebody else's first."""
        place = person.chat_id if chat is None else chat
        before = len(self.server.bot_lines(place))
        await person.send_text(text, chat=chat, **where)  # type: ignore[arg-type]
        witness = self.server.add_person(
            "Witness", started=True, user_id=OWNER + 1 + len(self.server.backend.world.users)
        )
        await self.says(witness, "/start")
        return len(self.server.bot_lines(place)) == before

    async def presses(self, person: Person, line: Line, label: str) -> str | None:
        """Press a button and give the notice that it is answered with."""
        query = await person.press(line.message_id, label, chat=line.chat_id)
        return (await self.server.wait_for_answer(query)).answer

    async def _greet(self, user_id: int) -> None:
        self.new_admins.append(user_id)

    async def _gather(self) -> Statistics:
        return await gather_statistics(self.database, self.clock)

    async def _note_error(self, _update: object, context: object) -> None:
        error = getattr(context, "error", None)
        self.errors.append(error if isinstance(error, BaseException) else RuntimeError("no error given"))
