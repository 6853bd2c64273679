"""The conversation, put together: drafts, cards, buttons and commands around the services."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from structlog import get_logger
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.housekeeping import KEEP_DRAFTS, KEEP_GENERATIONS, KEEP_SEEN_PHOTOS
from bot.profile import Profile
from bot.settings import Settings
from bot.update_queue import AnyApplication
from bot.wiring import most_photo_bytes, new_id
from handlers.admin import AdminCommands
from handlers.answers import Answers
from handlers.commands import CommandRooms, Commands, Retention
from handlers.deps import Deps
from handlers.errors import Errors
from handlers.forget_menu import ForgetMenu
from handlers.guard import Guard
from handlers.history_menu import HistoryMenu
from handlers.presses import Presses
from handlers.routing import routes
from handlers.settings_menu import SettingsMenu
from services.access import CLAIM_PREFIX, ClaimLink
from services.cards.store import CardStore
from services.cards.timers import CardTimers
from services.cards.updates import CardUpdates
from services.clock import Clock
from services.delivery.send import VideoSender
from services.drafts.albums import SeenAlbums, StartingAlbums
from services.drafts.buttons import DraftButtons
from services.drafts.drafts import Drafts
from services.drafts.starting import Starter
from services.forget import Forgetting
from services.genaipro.events import GenAIProError
from services.history import History
from services.inbox import Arrivals
from services.services import Services
from services.statistics import gather_statistics
from services.store.database import Database

SWEEP_SECONDS = 30.0

log = get_logger(__name__)


class CreditsLeft:
    """The credits, for ``/stats``.

    Args:
        services: Has the client of the API.
    """

    def __init__(self, services: Services) -> None:
        self._genaipro = services.genaipro

    async def credits_left(self) -> int | None:
        """Credits of all grants, or None when the service does not say."""
        try:
            return sum(grant.left for grant in await self._genaipro.credits())
        except GenAIProError as error:
            log.info("credits_not_known", kind=error.failure.kind.value)
            return None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the process starts and stops around the handlers.

    Attributes:
        bot: The bot.
        services: The services.
        cards: The books on the cards.
        timers: The timers of the cards.
        claim_link: Makes the first admin.
        profile: What Telegram shows of the bot.
        errors: What goes wrong in handlers.
    """

    bot: ExtBot[None]
    services: Services
    cards: CardStore
    timers: CardTimers
    claim_link: ClaimLink
    profile: Profile
    errors: Errors

    async def resume(self, *, is_alone: bool) -> None:
        """Take up what an earlier process left: cards that are not shown, drafts that were about to start.

        Args:
            is_alone: Whether no other process lives.
        """
        if is_alone:
            await self.cards.release_all()
        await self.timers.sweep()
        code = await self.claim_link.claim_link_code()
        if code is not None:
            link = f"https://t.me/{self.bot.username}?start={CLAIM_PREFIX}{code}"
            log.warning("no admin yet: whoever opens this link first is the admin", link=link)

    async def publish(self) -> None:
        """Register commands and descriptions; what fails is logged by itself."""
        try:
            await self.profile.publish(await self.services.access.admin_ids())
        except TelegramError as error:
            log.warning("profile_not_published", error=type(error).__name__)

    async def sweep(self) -> None:
        """Now and then, finish what a process that died left in the middle; runs until cancelled."""
        while True:
            await self.services.clock.sleep(SWEEP_SECONDS)
            await self.timers.sweep()

    async def close(self) -> None:
        """Show what is due, and stop the timers."""
        await self.timers.close()


def build_conversation(application: AnyApplication, services: Services, settings: Settings) -> Conversation:
    """Put the handlers together, into the application.

    Args:
        application: Gets the handlers.
        services: What they ask of.
        settings: The settings.
    """
    database, clock = services.database, services.clock
    answers = Answers(services.messenger)
    guard = Guard(services.access, services.people, services.texts, services.throttle, answers)
    drafts, buttons = Drafts(database, clock, new_id), DraftButtons(database, clock, new_id, services.texts)
    cards, starter = CardStore(database, clock), Starter(database, services.generations, clock)
    arrivals = Arrivals(database, application.bot.id)
    updates = CardUpdates(
        drafts, cards, starter, services.messenger, services.chat_moves, services.texts, clock, arrivals
    )
    timers = CardTimers(updates, cards, clock)
    has_owner = bool(settings.admin_user_ids)
    claim_link = ClaimLink(database, clock, has_owner, new_code=partial(secrets.token_urlsafe, 18))
    profile = Profile(application.bot, services.texts, settings.default_language)

    async def publish_for_new_admin(user_id: int) -> None:
        # Beside the handler: a call that Telegram lets hang must not hold up what the new admin writes next.
        services.tasks.start(profile.publish_for_admin(user_id), name="commands-of-new-admin")

    rooms = _rooms(
        application,
        database,
        services,
        guard,
        answers,
        claim_link,
        buttons,
        timers,
        publish_for_new_admin,
        clock,
    )
    deps = Deps(
        texts=services.texts,
        guard=guard,
        answers=answers,
        throttle=services.throttle,
        rooms=rooms,
        drafts=drafts,
        buttons=buttons,
        seen_albums=SeenAlbums(database, clock),
        starting_albums=StartingAlbums(database, clock),
        starter=starter,
        timers=timers,
        generations=services.generations,
        inspector=services.photos,
        chat_moves=services.chat_moves,
        max_file_bytes=most_photo_bytes(settings),
    )
    application.add_handlers(routes(deps))
    errors = Errors(services.messenger, services.texts)
    application.add_error_handler(errors.handle)
    return Conversation(application.bot, services, cards, timers, claim_link, profile, errors)


def _rooms(
    application: AnyApplication,
    database: Database,
    services: Services,
    guard: Guard,
    answers: Answers,
    claim_link: ClaimLink,
    buttons: DraftButtons,
    timers: CardTimers,
    on_new_admin: Callable[[int], Awaitable[None]],
    clock: Clock,
) -> CommandRooms:
    presses = Presses(guard, answers)
    commands = Commands(
        guard,
        answers,
        claim_link,
        buttons,
        timers,
        services.generations,
        on_new_admin,
        Retention(KEEP_GENERATIONS.days, KEEP_DRAFTS.days, KEEP_SEEN_PHOTOS.days),
    )
    return CommandRooms(
        commands=commands,
        settings=SettingsMenu(guard, presses, answers, services.people, services.texts),
        history=HistoryMenu(
            guard, presses, answers, History(database), VideoSender(application.bot), services.throttle
        ),
        forget=ForgetMenu(guard, presses, answers, Forgetting(database, clock)),
        admin=AdminCommands(
            guard,
            answers,
            services.access,
            partial(gather_statistics, database, clock),
            CreditsLeft(services),
            commands.say_unknown,
        ),
    )
