"""The product's services, put together: what handlers ask of, and what works on generations."""

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from bot.ground import Ground, Sleep
from bot.phases import Parts, build_workflow
from bot.settings import Settings
from bot.telegram_session import open_session
from services.access import Access, OwnerLists
from services.alarm import OwnerAlarm
from services.changes import Changes
from services.chat_moves import ChatMoves
from services.contact import Contact
from services.genaipro.client import GenAIProClient
from services.genaipro.upload import paid_session
from services.generations.cancelling import CancelScopes, CancelWatch
from services.generations.progress_log import ProgressLog
from services.generations.queue import TOPIC as QUEUE_TOPIC
from services.generations.queue import Limits, Queue
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.generations.service import Generations
from services.generations.worker import Worker
from services.messenger import Messenger
from services.metering import MeteredGenAIPro, MeteredPhotos
from services.people import People
from services.photos.fetch import MAX_PHOTO_BYTES, PhotoFetcher
from services.photos.telegram_files import BotFiles
from services.photos.workers import PhotoWorkers
from services.status.board import StatusBoard
from services.status.estimates import Estimates
from services.tasks import Tasks
from services.telemetry import Telemetry
from services.temp_dirs import TempDirs
from services.texts import Texts
from services.throttle import Throttle

LOCAL_MODE_PHOTO_BYTES = 2000 * 1000 * 1000
"""What a Bot API server in local mode hands out."""


def new_id() -> str:
    """An id that cannot be guessed: 16 hexadecimal digits."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Core:
    """Everything that handlers and the process itself need.

    Attributes:
        texts: All languages.
        changes: Tells caches of all processes what changed.
        access: Who may use the bot.
        people: What people chose.
        throttle: What is told at most once in a while.
        messenger: Messages out.
        chat_moves: Groups that became supergroups.
        genaipro: The API.
        generations: The door to generations.
        rows: Their rows.
        results: Their videos.
        board: The status messages.
        worker: Runs generations.
        cancel_watch: Wishes to cancel from other processes.
        progress_log: Where streams stand.
        photos: Photos from Telegram.
        photo_workers: Decodes images.
        temp_dirs: Temporary files.
        tasks: Edits under way.
        sleep: Waits some seconds.
        telemetry: Counts.
    """

    texts: Texts
    changes: Changes
    access: Access
    people: People
    throttle: Throttle
    messenger: Messenger
    chat_moves: ChatMoves
    genaipro: MeteredGenAIPro
    generations: Generations
    rows: GenerationRows
    results: Results
    board: StatusBoard
    worker: Worker
    cancel_watch: CancelWatch
    progress_log: ProgressLog
    photos: PhotoFetcher
    photo_workers: PhotoWorkers
    temp_dirs: TempDirs
    tasks: Tasks
    sleep: Sleep
    telemetry: Telemetry


async def build_core(ground: Ground, stack: AsyncExitStack) -> Core:
    """Put the services together.

    Args:
        ground: What they stand on.
        stack: Closes what they open.
    """
    settings, database, clock, sleep = ground.settings, ground.database, ground.clock, ground.sleep
    session = await stack.enter_async_context(aiohttp.ClientSession())
    telegram = await stack.enter_async_context(open_session(settings.telegram_proxy_url.get_secret_value()))
    paid = await stack.enter_async_context(paid_session())
    temp_dirs = TempDirs(settings.data_dir / "tmp" / ground.executor_id)
    await temp_dirs.clear()
    stack.callback(temp_dirs.close)
    photo_workers = PhotoWorkers()
    stack.callback(photo_workers.close)
    texts = Texts(settings.default_language)
    messenger = Messenger(ground.bot)
    rows, results, tasks, scopes = GenerationRows(database, clock), Results(database, clock), Tasks(), CancelScopes()
    changes = Changes(database, clock)
    access = Access(database, _owner_lists(settings), clock)
    people = People(database, texts, clock)
    throttle = Throttle(database, clock)
    queue_changed = asyncio.Event()
    changes.listen(QUEUE_TOPIC, lambda _subject: queue_changed.set())
    queue = Queue(database, clock, _limits(settings), new_id, changes)
    telemetry = ground.telemetry
    api = MeteredGenAIPro(_client(ground, session, paid), telemetry)
    photos = _photos(ground, telegram, photo_workers)
    chat_moves = ChatMoves(database, rows, access)
    board = StatusBoard(
        messenger, rows, results, Estimates(database, clock), texts, clock, tasks, chat_moves.move_chat, telemetry.seen
    )
    progress_log = ProgressLog(database, sleep)
    workflow = build_workflow(
        ground,
        stack,
        Parts(
            rows=rows,
            results=results,
            api=api,
            photos=MeteredPhotos(photos, telemetry),
            temp_dirs=temp_dirs,
            board=board,
            chat_moves=chat_moves,
            scopes=scopes,
            alarm=OwnerAlarm(access, people, throttle, messenger, texts),
            progress_log=progress_log,
            ended=queue_changed.set,
        ),
    )
    worker = Worker(
        ground.executor_id, queue, rows, workflow.advance, board, ground.members, queue_changed, Contact(clock)
    )
    generations = Generations(database, rows, queue, scopes, board, queue_changed.set, changes)
    return Core(
        texts=texts,
        changes=changes,
        access=access,
        people=people,
        throttle=throttle,
        messenger=messenger,
        chat_moves=chat_moves,
        genaipro=api,
        generations=generations,
        rows=rows,
        results=results,
        board=board,
        worker=worker,
        cancel_watch=CancelWatch(database, scopes, changes),
        progress_log=progress_log,
        photos=photos,
        photo_workers=photo_workers,
        temp_dirs=temp_dirs,
        tasks=tasks,
        sleep=sleep,
        telemetry=telemetry,
    )


def _client(ground: Ground, session: aiohttp.ClientSession, paid: aiohttp.ClientSession) -> GenAIProClient:
    settings = ground.settings
    return GenAIProClient(
        session,
        paid,
        settings.genaipro_api_url,
        settings.genaipro_api_key.get_secret_value(),
        idle_timeout=settings.stream_idle_timeout,
        rate_limit=ground.pacer,
        clock=ground.clock,
    )


def _photos(ground: Ground, session: aiohttp.ClientSession, workers: PhotoWorkers) -> PhotoFetcher:
    local_mode = ground.settings.telegram_local_mode
    return PhotoFetcher(
        BotFiles(ground.bot, local_mode=local_mode),
        session,
        workers,
        max_bytes=LOCAL_MODE_PHOTO_BYTES if local_mode else MAX_PHOTO_BYTES,
        sleep=ground.sleep,
    )


def _owner_lists(settings: Settings) -> OwnerLists:
    return OwnerLists(
        is_open=settings.open_access,
        user_ids=settings.allowed_user_ids,
        chat_ids=settings.allowed_chat_ids,
        admin_ids=settings.admin_user_ids,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_active=settings.max_active_generations,
        max_active_per_user=settings.max_active_per_user,
        max_queued_per_user=settings.max_queued_per_user,
        daily_videos_per_user=settings.daily_videos_per_user,
    )
