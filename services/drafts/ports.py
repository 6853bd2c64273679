"""What drafts need from the rest of the product."""

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from services.generations.model import Order, PlaceOutcome
from services.messenger import EditOutcome
from services.outbox.priority import Fence, Priority
from services.photos.model import PhotoProblem, PhotoRef
from services.screens import Place, Screen


class Placing(Protocol):
    """Takes confirmed requests (``services.generations.service.Generations``)."""

    async def place(self, session: AsyncSession, order: Order) -> PlaceOutcome:
        """Make the generation, in the caller's transaction that writes; idempotent by the request key."""
        ...

    async def placed(self, generation_id: str) -> None:
        """Show it and wake the queue, after the commit; idempotent."""
        ...


class MovingChats(Protocol):
    """Follows a group that became a supergroup in all that is kept (:class:`services.chat_moves.ChatMoves`)."""

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> tuple[str, ...]:
        """Let everything kept of the old chat live on in the new one; idempotent."""
        ...


class Expecting(Protocol):
    """Knows of messages that have arrived and are still to be handled (:class:`services.inbox.Arrivals`)."""

    async def are_left(self, chat_id: int, user_id: int) -> bool:
        """Whether there are some of a person's in a chat."""
        ...


class PhotoInspector(Protocol):
    """Looks whether an image that was sent as a file can be used."""

    async def inspect(self, photo: PhotoRef) -> PhotoProblem | None:
        """Fetch and check it, off the event loop.

        Returns:
            What is wrong with it, or None when it can be used.
        """
        ...


class Messages(Protocol):
    """Sends and edits messages (:class:`services.messenger.Messenger`)."""

    async def send(self, place: Place, screen: Screen, priority: Priority = Priority.ANSWER) -> int:
        """Send a new message; its id."""
        ...

    async def edit(
        self,
        chat_id: int,
        message_id: int,
        screen: Screen,
        priority: Priority = Priority.ANSWER,
        version: int | None = None,
        fence: Fence | None = None,
    ) -> EditOutcome:
        """Make a message show a screen."""
        ...

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Delete an own message; one that cannot be deleted is left."""
        ...
