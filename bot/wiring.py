"""Builds the services of a process, top to bottom in the order of dependence."""

import random
import secrets
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import aiohttp
from telegram import Bot

from bot.metrics import StateTimes
from bot.settings import Settings
from bot.telegram_session import open_session
from handlers.routing import menus
from services.access import Access, OwnerLists
from services.alarm import OwnerAlarm
from services.cards.refresh import CardRefresher
from services.cards.store import unfinished
from services.cards.timers import CardTimers
from services.changes import Changes
from services.clock import Clock
from services.cluster import Alone, Membership
from services.delivery.address import AddressPolicy, GuardedResolver, guarded_session
from services.delivery.download import VideoFetcher
from services.delivery.plan import VideoPreparer, upload_limit
from services.delivery.send import VideoSender
from services.drafts.drafts import Drafts
from services.failures import Failure
from services.genaipro.client import GenAIProClient
from services.genaipro.rate_limit import ProcessRateLimit, SharedRateLimit
from services.genaipro.stream import paid_session
from services.generations.cancelling import CancelScopes
from services.generations.deliver import Deliverer, Sending
from services.generations.model import Generation
from services.generations.progress import ProgressLog
from services.generations.queue import Limits as QueueLimits
from services.generations.queue import Queue
from services.generations.reconcile import Reconciler
from services.generations.submit import HistorySnapshots, Submitter
from services.generations.worker import Runner, Worker
from services.inbox import Inbox
from services.messenger import Messenger
from services.orders import Orders, Starter
from services.payments.ledger import open_till
from services.payments.sales import Invoices, Sales, Tariff
from services.payments.upkeep import PaymentUpkeep
from services.people import People
from services.photos.fetch import MAX_PHOTO_BYTES, PhotoFetcher
from services.photos.workers import PhotoWorkers
from services.profile import Profile
from services.receipts import Receipts
from services.retention import move_chat
from services.services import Services
from services.status.messages import StatusMessages
from services.status.render import StatusScreens
from services.store.database import Database
from services.tasks import Tasks
from services.telemetry import Contact
from services.temp_dirs import TempDirs
from services.texts import Texts
from services.throttle import Throttle

LOCAL_MODE_PHOTO_BYTES = 2000 * 1000 * 1000
"""What a Bot API server in local mode hands out."""


def new_id() -> str:
    """An id that cannot be guessed: 16 hexadecimal digits."""
    return secrets.token_hex(8)


async def open_services(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    bot: Bot,
    members: Membership | Alone,
    times: StateTimes,
    clock: Clock,
) -> Services:
    """Build the services, room by room; each room finds those before it in the object that they fill.

    The stack closes what they open; the bot is connected.
    """
    services = Services()
    services.clock, services.database, services.texts = clock, database, Texts(settings.default_language)
    await _ground(services, stack, settings, bot, members)
    await _outside(services, stack, settings, bot)
    await _sales(services, settings, bot)
    _status(services, bot, times)
    _generations(services, settings, members)
    services.payment_upkeep = PaymentUpkeep(
        database,
        bot,
        services.sales,
        clock,
        members,
        settings.payment_check_interval,
        services.orders.show,
        services.orders.tell_end,
        services.orders.show_end_again,
        services.alarm.tell,
    )
    _conversation(services)
    return services


async def _ground(
    services: Services, stack: AsyncExitStack, settings: Settings, bot: Bot, members: Membership | Alone
) -> None:
    """What everything rests on, who may use the bot, and what they chose."""
    database, clock, texts = services.database, services.clock, services.texts
    services.changes, services.tasks, services.messenger = Changes(database, clock), Tasks(), Messenger(bot)
    services.temp_dirs = TempDirs(settings.data_dir / "tmp" / members.process_id)
    await stack.enter_async_context(services.temp_dirs.held())
    services.inbox = Inbox(database, clock, bot.id, members.process_id)
    owner_lists = OwnerLists(
        is_open=settings.open_access,
        user_ids=settings.allowed_user_ids,
        chat_ids=settings.allowed_chat_ids,
        admin_ids=settings.admin_user_ids,
    )
    services.access = Access(database, owner_lists, clock)
    services.people, services.throttle = People(database, texts, clock), Throttle(database, clock)
    services.move_chat = partial(move_chat, database, services.access)
    services.alarm = OwnerAlarm(services.access, services.people, services.throttle, services.messenger, texts)


async def _outside(services: Services, stack: AsyncExitStack, settings: Settings, bot: Bot) -> None:
    """GenAIPro, photos from Telegram, videos from wherever GenAIPro keeps them and to Telegram."""
    clock, per_minute = services.clock, settings.genaipro_requests_per_minute
    key = settings.genaipro_api_key.get_secret_value()
    services.genaipro = GenAIProClient(
        await stack.enter_async_context(aiohttp.ClientSession()),
        await stack.enter_async_context(paid_session()),
        settings.genaipro_api_url,
        key,
        idle_timeout=settings.stream_idle_timeout,
        rate_limit=ProcessRateLimit(per_minute, clock)
        if services.database.is_sqlite
        else SharedRateLimit(per_minute, services.database, clock.sleep),
        clock=clock,
    )
    workers = PhotoWorkers(settings.data_dir / "decoding")
    stack.callback(workers.close)
    session = await stack.enter_async_context(open_session(settings.telegram_proxy_url.get_secret_value()))
    is_local = settings.telegram_local_mode
    most = LOCAL_MODE_PHOTO_BYTES if is_local else MAX_PHOTO_BYTES
    services.photos = PhotoFetcher(bot, session, workers, services.temp_dirs, clock.sleep, most, is_local)
    resolver = GuardedResolver(AddressPolicy.of(settings.genaipro_api_url))
    stack.push_async_callback(resolver.close)
    guarded, limit = guarded_session(resolver), upload_limit(local_mode=is_local)
    stack.push_async_callback(guarded.close)
    services.videos = VideoPreparer(VideoFetcher(guarded, resolver, key, limit, sleep=clock.sleep).fetch, limit)
    services.sender = VideoSender(bot)


async def _sales(services: Services, settings: Settings, bot: Bot) -> None:
    """What videos cost, and what Telegram shows of the bot, which depends on it."""
    database, clock, texts = services.database, services.clock, services.texts
    tag = await database.write(open_till, bot.id, new_id(), settings.stars_per_video > 0)
    tariff = Tariff(
        stars=settings.stars_per_video,
        free_videos=settings.free_videos_per_user,
        timeout=timedelta(seconds=settings.payment_timeout),
        daily_videos=settings.daily_videos_per_user,
    )
    services.sales = Sales(database, clock, services.changes, tariff, tag, services.access.lists)
    services.invoices = Invoices(bot, database, clock, texts, tag)
    services.profile = Profile(bot, texts, menus(sells=services.sales.is_open))


def _status(services: Services, bot: Bot, times: StateTimes) -> None:
    """What people see of a generation: its status message, and in groups a reaction."""
    database, clock = services.database, services.clock
    receipts = services.receipts = Receipts(bot, database, clock)

    def seen(generation: Generation) -> None:
        times.seen(generation)
        receipts.note(generation)

    screens = StatusScreens(
        database,
        services.texts,
        clock,
        can_share=bool(bot.supports_inline_queries),
        settle=services.sales.settle,
        bot_name=bot.username,
    )
    services.status = StatusMessages(
        services.messenger, database, screens, clock, services.tasks, services.move_chat, seen
    )


def _generations(services: Services, settings: Settings, members: Membership | Alone) -> None:
    """Generations: their queue, and the phases of each."""
    database, clock, status = services.database, services.clock, services.status
    services.cancel_scopes = CancelScopes(database, services.changes)
    queue_limits = QueueLimits(
        max_active=settings.max_active_generations,
        max_active_per_user=settings.max_active_per_user,
        max_queued_per_user=settings.max_queued_per_user,
        daily_videos_per_user=settings.daily_videos_per_user,
    )
    queue = Queue(database, clock, queue_limits, new_id, services.changes, services.sales)
    services.progress_log = ProgressLog(database, clock)
    runner = _runner(services, settings)
    services.worker = Worker(members.process_id, database, queue, runner, status.waiting, members, Contact(clock))
    invoices = services.invoices if services.sales.is_open else None
    services.orders = Orders(database, queue, services.cancel_scopes, status, clock, services.receipts.note, invoices)


def _runner(services: Services, settings: Settings) -> Runner:
    """The phases of a generation."""
    clock, database, status = services.clock, services.database, services.status
    submitter = Submitter(
        database,
        services.genaipro,
        HistorySnapshots(services.genaipro.recent_history, clock),
        services.photos.fetch,
        services.temp_dirs,
        status,
        services.progress_log,
        clock,
        settings.generation_timeout,
    )

    def alarm(failure: Failure) -> None:
        services.tasks.start(services.alarm.raise_for(failure), name="alarm")

    interval, timeout = settings.reconcile_interval, settings.reconcile_timeout
    reconciler = Reconciler(database, services.genaipro.histories, status, clock, interval, timeout, alarm)
    chance, sender = random.SystemRandom().random, services.sender
    sending = partial(Sending, database, sender, services.videos.upload_limit, services.move_chat, clock, chance)
    deliverer = Deliverer(
        database, services.videos, services.temp_dirs, status, sender, sending, clock, reconciler.another_address
    )
    return Runner(
        database,
        submit=submitter,
        reconcile=reconciler,
        deliver=deliverer,
        scopes=services.cancel_scopes,
        reporter=status,
        alarm=services.alarm.raise_for,
        clock=clock,
    )


def _conversation(services: Services) -> None:
    """Drafts, their cards, and what starts them."""
    database, clock, texts = services.database, services.clock, services.texts
    services.drafts = Drafts(database, clock, new_id)
    services.starter = Starter(database, services.orders.queue.place, clock)
    refresher = CardRefresher(
        database,
        services.starter,
        services.orders.show_started,
        services.messenger,
        services.move_chat,
        texts,
        clock,
        services.inbox,
        services.sales.quote,
    )
    services.card_timers = CardTimers(refresher.refresh, partial(database.read, unfinished), clock)
