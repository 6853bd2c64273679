"""The phases of a generation, put together: submit, reconcile, deliver."""

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.ground import Ground
from services.alarm import OwnerAlarm
from services.chat_moves import ChatMoves
from services.delivery.address import AddressPolicy, GuardedResolver, guarded_session
from services.delivery.download import VideoFetcher
from services.delivery.plan import Limits, VideoPreparer
from services.delivery.send import VideoSender
from services.generations.cancelling import CancelScopes
from services.generations.deliver import Deliverer
from services.generations.progress_log import ProgressLog
from services.generations.reconcile import Patience, Reconciler
from services.generations.relocate import Relocator
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.generations.sending import SendTools
from services.generations.snapshots import HistorySnapshots
from services.generations.submit import Submitter, Timing
from services.generations.workflow import Workflow
from services.metering import MeteredFetcher, MeteredGenAIPro, MeteredPhotos
from services.status.board import StatusBoard
from services.temp_dirs import TempDirs


@dataclass(frozen=True, slots=True)
class Parts:
    """What the phases share.

    Attributes:
        rows: The rows of generations.
        results: Their videos.
        api: GenAIPro.
        photos: Photos from Telegram.
        temp_dirs: Temporary files.
        board: The status messages.
        chat_moves: Groups that became supergroups.
        scopes: What Cancel ends.
        alarm: The admins.
        progress_log: Where streams stand.
        ended: Called when a generation has ended.
    """

    rows: GenerationRows
    results: Results
    api: MeteredGenAIPro
    photos: MeteredPhotos
    temp_dirs: TempDirs
    board: StatusBoard
    chat_moves: ChatMoves
    scopes: CancelScopes
    alarm: OwnerAlarm
    progress_log: ProgressLog
    ended: Callable[[], None]


def build_workflow(ground: Ground, stack: AsyncExitStack, parts: Parts) -> Workflow:
    """Put the phases together.

    Args:
        ground: What they stand on.
        stack: Closes what they open.
        parts: What they share.
    """
    settings, sleep = ground.settings, ground.sleep
    submitter = Submitter(
        parts.rows,
        parts.results,
        parts.api,
        ground.pacer,
        HistorySnapshots(parts.api, ground.clock),
        parts.photos,
        parts.temp_dirs,
        parts.board,
        parts.progress_log,
        Timing(settings.generation_timeout, sleep),
    )
    reconciler = Reconciler(
        parts.rows,
        parts.results,
        parts.api,
        parts.board,
        ground.clock,
        Patience(settings.reconcile_interval, settings.reconcile_timeout, sleep),
    )
    return Workflow(
        parts.rows,
        submit=submitter,
        reconcile=reconciler,
        deliver=_deliverer(ground, stack, parts, Relocator(reconciler.look_again, parts.results.videos)),
        scopes=parts.scopes,
        reporter=parts.board,
        alarm=parts.alarm,
        ended=parts.ended,
        sleep=sleep,
    )


def _deliverer(ground: Ground, stack: AsyncExitStack, parts: Parts, relocator: Relocator) -> Deliverer:
    settings = ground.settings
    limits = Limits.of(local_mode=settings.telegram_local_mode)
    resolver = GuardedResolver(AddressPolicy.of(settings.genaipro_api_url))
    stack.push_async_callback(resolver.close)
    guarded = guarded_session(resolver)
    stack.push_async_callback(guarded.close)
    fetcher = VideoFetcher(
        guarded, resolver, settings.genaipro_api_key.get_secret_value(), limits.upload, sleep=ground.sleep
    )
    return Deliverer(
        parts.rows,
        parts.results,
        VideoPreparer(MeteredFetcher(fetcher, ground.telemetry), limits),
        parts.temp_dirs,
        parts.board,
        SendTools(
            sender=VideoSender(ground.bot),
            limits=limits,
            move_chat=parts.chat_moves.move_chat,
            sleep=ground.sleep,
            random=random.SystemRandom().random,
        ),
        relocator,
    )
