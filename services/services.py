"""Everything that handlers and the process itself ask of, in one object."""

from dataclasses import dataclass

from services.access import Access
from services.changes import Changes
from services.chat_moves import ChatMoves
from services.clock import Clock
from services.generations.cancelling import CancelWatch
from services.generations.progress_log import ProgressLog
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.generations.worker import Worker
from services.messenger import Messenger
from services.metering import MeteredGenAIPro
from services.orders import Generations
from services.people import People
from services.photos.fetch import PhotoFetcher
from services.receipts import Receipts
from services.status.board import StatusBoard
from services.store.database import Database
from services.tasks import Tasks
from services.telemetry import Telemetry
from services.temp_dirs import TempDirs
from services.texts import Texts
from services.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one process; ``bot/wiring.py`` builds them."""

    clock: Clock
    database: Database
    changes: Changes
    """Tells all processes what changed."""
    texts: Texts
    """All languages."""
    messenger: Messenger
    """Messages out."""
    telemetry: Telemetry
    tasks: Tasks
    """Work beside the handlers, such as edits under way."""
    temp_dirs: TempDirs
    access: Access
    """Who may use the bot."""
    people: People
    """What people chose."""
    throttle: Throttle
    """What is told at most once in a while."""
    chat_moves: ChatMoves
    """Groups that became supergroups."""
    genaipro: MeteredGenAIPro
    photos: PhotoFetcher
    """Photos from Telegram."""
    rows: GenerationRows
    results: Results
    """The videos of generations."""
    board: StatusBoard
    """The status messages."""
    progress_log: ProgressLog
    generations: Generations
    """The door to generations."""
    worker: Worker
    """Runs generations."""
    receipts: Receipts
    """Reactions to requests in groups."""
    cancel_watch: CancelWatch
    """Wishes to cancel that come from other processes."""
