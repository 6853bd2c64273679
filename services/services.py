"""Everything that handlers and the process itself ask of, in one object."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.access import Access
from services.alarm import OwnerAlarm
from services.cards.timers import CardTimers
from services.changes import Changes
from services.clock import Clock
from services.delivery.plan import VideoPreparer
from services.delivery.send import VideoSender
from services.drafts.drafts import Drafts
from services.genaipro.client import GenAIProClient
from services.generations.cancelling import CancelScopes
from services.generations.progress import ProgressLog
from services.generations.worker import Worker
from services.inbox import Inbox
from services.messenger import Messenger
from services.orders import Orders, Starter
from services.payments.sales import Invoices, Sales
from services.payments.upkeep import PaymentUpkeep
from services.people import People
from services.photos.fetch import PhotoFetcher
from services.profile import Profile
from services.receipts import Receipts
from services.status.messages import StatusMessages
from services.store.database import Database
from services.tasks import Tasks
from services.temp_dirs import TempDirs
from services.texts import Texts
from services.throttle import Throttle


@dataclass(init=False, eq=False, slots=True)
class Services:
    """The services of one process; ``bot/wiring.py`` fills it, in the order of dependence."""

    clock: Clock
    database: Database
    changes: Changes
    """Tells all processes what changed."""
    texts: Texts
    inbox: Inbox
    messenger: Messenger
    tasks: Tasks
    """Work beside the handlers, such as edits under way."""
    temp_dirs: TempDirs
    access: Access
    people: People
    throttle: Throttle
    alarm: OwnerAlarm
    """Tells the admins what only they can mend."""
    move_chat: Callable[[int, int], Awaitable[tuple[str, ...]]]
    """Follows a group, from its id to that of the supergroup it became; returns its open drafts."""
    profile: Profile
    """What Telegram shows of the bot."""
    genaipro: GenAIProClient
    photos: PhotoFetcher
    videos: VideoPreparer
    sender: VideoSender
    status: StatusMessages
    progress_log: ProgressLog
    orders: Orders
    """What becomes of a request once it was placed."""
    drafts: Drafts
    starter: Starter
    """Makes a generation of a draft."""
    card_timers: CardTimers
    """Show drafts a moment after they change."""
    worker: Worker
    receipts: Receipts
    """Reactions to requests in groups."""
    sales: Sales
    invoices: Invoices
    payment_upkeep: PaymentUpkeep
    """What happens to payments by itself."""
    cancel_scopes: CancelScopes
    """The runs of this process that Cancel ends."""
