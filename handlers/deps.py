"""What the handlers are given: the collaborators that the wiring makes."""

from dataclasses import dataclass
from typing import Protocol

from telegram.constants import FileSizeLimit

from handlers.answers import Answers
from handlers.commands import CommandRooms
from handlers.guard import Guard
from services.cards.timers import CardTimers
from services.chat_moves import ChatMoves
from services.drafts.albums import SeenAlbums, StartingAlbums
from services.drafts.buttons import DraftButtons
from services.drafts.drafts import Drafts
from services.drafts.starting import Starter
from services.generations.model import CancelOutcome, Generation, Order
from services.photos.model import PhotoProblem, PhotoRef
from services.texts import Texts
from services.throttle import Throttle


class GenerationDoor(Protocol):
    """The generations, as far as the buttons of a status message know them."""

    async def find(self, generation_id: str) -> Generation | None:
        """One generation, or None."""
        ...

    async def of_draft(self, draft_id: str) -> str | None:
        """What a draft has become, or None."""
        ...

    async def order_again(self, generation_id: str) -> Order | None:
        """The same request once more, or None when it is not kept any longer."""
        ...

    async def cancel(self, generation_id: str, user_id: int, *, is_admin: bool = False) -> CancelOutcome:
        """Ask for its end."""
        ...


class PhotoInspector(Protocol):
    """Looks whether an image that was sent as a file can be used (:class:`services.photos.fetch.PhotoFetcher`)."""

    async def inspect(self, photo: PhotoRef) -> PhotoProblem | None:
        """Fetch and check it, off the event loop; what is wrong with it, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Deps:
    """The collaborators of all handlers.

    Attributes:
        texts: All texts.
        guard: Lets people in.
        answers: Says things.
        throttle: Remembers what was said when.
        rooms: What answers commands.
        drafts: Requests in the making.
        buttons: What the card's buttons do to them.
        seen_albums: Parts of albums that went by.
        starting_albums: Albums captioned ``/video``.
        starter: Starts generations.
        timers: Show drafts a moment after they change.
        generations: What was started.
        inspector: Looks at images that come as files.
        chat_moves: Follows groups that become supergroups.
        max_file_bytes: The largest file that Telegram gives to the bot; more with a server in local mode.
    """

    texts: Texts
    guard: Guard
    answers: Answers
    throttle: Throttle
    rooms: CommandRooms
    drafts: Drafts
    buttons: DraftButtons
    seen_albums: SeenAlbums
    starting_albums: StartingAlbums
    starter: Starter
    timers: CardTimers
    generations: GenerationDoor
    inspector: PhotoInspector
    chat_moves: ChatMoves
    max_file_bytes: int = int(FileSizeLimit.FILESIZE_DOWNLOAD)
