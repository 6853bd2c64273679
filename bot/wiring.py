"""Builds the services of a process, top to bottom in the order of dependence."""

import asyncio
import random
import secrets
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import aiohttp
from telegram import Bot

from bot.housekeeping import KEEP_DRAFTS, KEEP_GENERATIONS, KEEP_SEEN_PHOTOS
from bot.metrics import StateTimes
from bot.settings import Settings
from bot.telegram_session import open_session
from services.access import Access, ClaimLink, OwnerLists, is_admin
from services.alarm import OwnerAlarm
from services.cards.store import CardStore
from services.cards.timers import CardTimers
from services.cards.updates import CardUpdates
from services.changes import Changes
from services.chat_moves import ChatMoves
from services.clock import Clock
from services.cluster import Alone, Membership
from services.delivery.address import AddressPolicy, GuardedResolver, guarded_session
from services.delivery.download import VideoFetcher
from services.delivery.plan import Limits, VideoPreparer
from services.delivery.send import VideoSender
from services.drafts.albums import SeenAlbums, StartingAlbums
from services.drafts.buttons import DraftButtons
from services.drafts.drafts import Drafts
from services.forget import Forgetting
from services.genaipro.client import GenAIProClient
from services.genaipro.rate_limit import ProcessRateLimit, SharedRateLimit
from services.genaipro.upload import paid_session
from services.generations.cancelling import CancelScopes, CancelWatch
from services.generations.deliver import Deliverer
from services.generations.model import Generation
from services.generations.progress_log import ProgressLog
from services.generations.queue import TOPIC as QUEUE_TOPIC
from services.generations.queue import Limits as QueueLimits
from services.generations.queue import Queue
from services.generations.reconcile import Patience, Reconciler
from services.generations.relocate import Relocator
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.generations.run import Runner
from services.generations.sending import SendTools
from services.generations.snapshots import HistorySnapshots
from services.generations.submit import Submitter
from services.generations.worker import Worker
from services.history import History
from services.inbox import Arrivals
from services.messenger import Messenger
from services.orders import Generations, Starter
from services.payments.comparing import Comparison
from services.payments.invoices import Invoices, pay_link
from services.payments.sales import Sales, Tariff, open_till
from services.payments.upkeep import PaymentUpkeep
from services.people import People
from services.photos.fetch import MAX_PHOTO_BYTES, BotFiles, PhotoFetcher
from services.photos.workers import PhotoWorkers
from services.profile import Profile
from services.receipts import Receipts
from services.services import Retention, Services
from services.sharing import Sharing
from services.status.board import StatusBoard
from services.status.estimates import Estimates
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
    """Build the services.

    Args:
        stack: Closes what they open.
        settings: With token and key.
        database: Open.
        bot: Connected; its calls pass the outbox.
        members: The processes of the bot, and this one's name among them.
        times: Counts and times the states of generations.
        clock: Tells the time.
    """
    # What everything rests on.
    changes, texts, messenger, tasks = (
        Changes(database, clock),
        Texts(settings.default_language),
        Messenger(bot),
        Tasks(),
    )
    temp_dirs = TempDirs(settings.data_dir / "tmp" / members.executor_id)
    await temp_dirs.clear()
    stack.callback(temp_dirs.close)

    # People and chats.
    access = Access(database, _owner_lists(settings), clock)
    people, throttle = People(database, texts, clock), Throttle(database, clock)
    rows, results = GenerationRows(database, clock), Results(database, clock)
    chat_moves = ChatMoves(database, rows, access)

    # What is outside: GenAIPro, photos from Telegram, videos from wherever GenAIPro keeps them.
    rate_limit = _rate_limit(settings, database, clock)
    genaipro = await _open_genaipro(stack, settings, rate_limit, clock)
    photos = await _open_photos(stack, settings, bot, temp_dirs, clock)
    sender, limits = VideoSender(bot), Limits.of(local_mode=settings.telegram_local_mode)
    videos = _open_videos(stack, settings, limits, clock)

    # Generations: their queue, what they show, and the phases of each.
    queue_changed, scopes = asyncio.Event(), CancelScopes()
    changes.listen(QUEUE_TOPIC, lambda _subject: queue_changed.set())
    refund_wanted = asyncio.Event()
    tag = await database.write(partial(open_till, sells=settings.stars_per_video > 0), bot.id, new_id())
    sales = Sales(database, clock, changes, _tariff(settings), tag, partial(is_admin, access.lists), refund_wanted.set)
    invoices = Invoices(bot, sales, texts)
    queue = Queue(database, clock, _queue_limits(settings), new_id, changes, sales)
    estimates, receipts = Estimates(database, clock), Receipts(bot, database, clock)

    def seen(generation: Generation) -> None:
        times.seen(generation)
        receipts.note(generation)

    board = StatusBoard(
        messenger,
        rows,
        results,
        estimates,
        texts,
        clock,
        tasks,
        chat_moves.move_chat,
        seen,
        settle=sales.settle,
        pay_link=partial(pay_link, bot.username),
        can_share=bool(bot.supports_inline_queries),
    )
    progress_log = ProgressLog(database, clock)
    submitter = Submitter(
        rows,
        results,
        genaipro,
        rate_limit,
        HistorySnapshots(genaipro, clock),
        photos,
        temp_dirs,
        board,
        progress_log,
        clock,
        settings.generation_timeout,
    )
    patience = Patience(settings.reconcile_interval, settings.reconcile_timeout)
    reconciler = Reconciler(rows, results, genaipro, board, clock, patience)
    deliverer = Deliverer(
        rows,
        results,
        VideoPreparer(videos, limits),
        temp_dirs,
        board,
        SendTools(
            sender=sender,
            limits=limits,
            move_chat=chat_moves.move_chat,
            clock=clock,
            random=random.SystemRandom().random,
        ),
        Relocator(reconciler.look_again, results.videos),
    )
    alarm = OwnerAlarm(access, people, throttle, messenger, texts)
    runner = Runner(
        rows,
        submit=submitter,
        reconcile=reconciler,
        deliver=deliverer,
        scopes=scopes,
        reporter=board,
        alarm=alarm,
        ended=queue_changed.set,
        clock=clock,
    )
    worker = Worker(members.executor_id, queue, rows, runner.advance, board, members, queue_changed, Contact(clock))
    generations = Generations(
        database,
        rows,
        queue,
        scopes,
        board,
        queue_changed.set,
        changes,
        receipts.note,
        invoices.send_first if sales.is_open else None,
    )
    payment_upkeep = PaymentUpkeep(
        database,
        bot,
        sales,
        Comparison(database, bot, sales, clock, bot.id),
        generations,
        clock,
        members,
        settings.payment_check_interval,
        alarm.tell,
        refund_wanted,
    )

    # The conversation: drafts, their cards, and what starts them.
    drafts, cards, starter = (
        Drafts(database, clock, new_id),
        CardStore(database, clock),
        Starter(database, generations, clock),
    )
    card_updates = CardUpdates(drafts, cards, starter, messenger, chat_moves, texts, clock, Arrivals(database, bot.id))
    card_updates.quote = sales.quote if sales.is_open else None
    return Services(
        clock=clock,
        database=database,
        changes=changes,
        texts=texts,
        messenger=messenger,
        tasks=tasks,
        temp_dirs=temp_dirs,
        access=access,
        claim_link=ClaimLink(
            database, clock, bool(settings.admin_user_ids), new_code=partial(secrets.token_urlsafe, 18)
        ),
        people=people,
        throttle=throttle,
        chat_moves=chat_moves,
        forgetting=Forgetting(database, clock, sales.is_open),
        profile=Profile(bot, texts, settings.default_language, sells=sales.is_open),
        retention=Retention(KEEP_GENERATIONS, KEEP_DRAFTS, KEEP_SEEN_PHOTOS),
        genaipro=genaipro,
        photos=photos,
        most_photo_bytes=photos.max_bytes,
        sender=sender,
        rows=rows,
        results=results,
        board=board,
        progress_log=progress_log,
        generations=generations,
        drafts=drafts,
        draft_buttons=DraftButtons(database, clock, new_id, texts),
        seen_albums=SeenAlbums(database, clock),
        starting_albums=StartingAlbums(database, clock),
        starter=starter,
        cards=cards,
        card_timers=CardTimers(card_updates, cards, clock),
        history=History(database),
        sharing=Sharing(database, access),
        sales=sales,
        invoices=invoices,
        payment_upkeep=payment_upkeep,
        worker=worker,
        receipts=receipts,
        cancel_watch=CancelWatch(database, scopes, changes),
    )


def _rate_limit(settings: Settings, database: Database, clock: Clock) -> ProcessRateLimit | SharedRateLimit:
    per_minute = settings.genaipro_requests_per_minute
    if database.is_sqlite:
        return ProcessRateLimit(per_minute, clock, clock.sleep)
    return SharedRateLimit(per_minute, database, clock.sleep)


async def _open_genaipro(
    stack: AsyncExitStack, settings: Settings, rate_limit: ProcessRateLimit | SharedRateLimit, clock: Clock
) -> GenAIProClient:
    return GenAIProClient(
        await stack.enter_async_context(aiohttp.ClientSession()),
        await stack.enter_async_context(paid_session()),
        settings.genaipro_api_url,
        settings.genaipro_api_key.get_secret_value(),
        idle_timeout=settings.stream_idle_timeout,
        rate_limit=rate_limit,
        clock=clock,
    )


async def _open_photos(
    stack: AsyncExitStack, settings: Settings, bot: Bot, temp_dirs: TempDirs, clock: Clock
) -> PhotoFetcher:
    workers = PhotoWorkers(settings.data_dir / "decoding")
    stack.callback(workers.close)
    session = await stack.enter_async_context(open_session(settings.telegram_proxy_url.get_secret_value()))
    files = BotFiles(bot, local_mode=settings.telegram_local_mode)
    most = LOCAL_MODE_PHOTO_BYTES if settings.telegram_local_mode else MAX_PHOTO_BYTES
    return PhotoFetcher(files, session, workers, temp_dirs, clock.sleep, most)


def _open_videos(stack: AsyncExitStack, settings: Settings, limits: Limits, clock: Clock) -> VideoFetcher:
    resolver = GuardedResolver(AddressPolicy.of(settings.genaipro_api_url))
    stack.push_async_callback(resolver.close)
    session = guarded_session(resolver)
    stack.push_async_callback(session.close)
    key = settings.genaipro_api_key.get_secret_value()
    return VideoFetcher(session, resolver, key, limits.upload, sleep=clock.sleep)


def _tariff(settings: Settings) -> Tariff:
    return Tariff(
        stars=settings.stars_per_video,
        free_videos=settings.free_videos_per_user,
        timeout=timedelta(seconds=settings.payment_timeout),
        daily_videos=settings.daily_videos_per_user,
    )


def _owner_lists(settings: Settings) -> OwnerLists:
    return OwnerLists(
        is_open=settings.open_access,
        user_ids=settings.allowed_user_ids,
        chat_ids=settings.allowed_chat_ids,
        admin_ids=settings.admin_user_ids,
    )


def _queue_limits(settings: Settings) -> QueueLimits:
    return QueueLimits(
        max_active=settings.max_active_generations,
        max_active_per_user=settings.max_active_per_user,
        max_queued_per_user=settings.max_queued_per_user,
        daily_videos_per_user=settings.daily_videos_per_user,
    )
