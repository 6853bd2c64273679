"""Messages into drafts: photos are looked at, albums remembered, and the person told what could not be taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from telegram import Message

from handlers.callers import topic_of
from handlers.deps import Deps
from handlers.guard import Visitor
from handlers.media import Unusable
from services.drafts.albums import SeenPhoto
from services.drafts.drafts import Added, AddOutcome, Incoming
from services.drafts.model import NOTHING_WANTED, Defaults, DraftItem, Owner, Wanted
from services.photos.model import PhotoKind, PhotoProblem, PhotoRef
from services.screens import Place, Screen
from services.texts import Argument
from services.throttle import person_key

ONCE = timedelta(days=1)
"""A sentence about one message, or one album, is said once; updates are not repeated for longer than this."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message whose photo can be used.

    Attributes:
        visitor: Who sent it.
        message: The message.
        photo: Its photo.
    """

    visitor: Visitor
    message: Message
    photo: PhotoRef

    @property
    def owner(self) -> Owner:
        """Whose draft it belongs to, and where."""
        return owner_of(self.visitor)

    @property
    def album(self) -> str | None:
        """Its album, or None."""
        return self.message.media_group_id

    def item(self, text: str) -> DraftItem:
        """It as an item of a draft, with its words."""
        return DraftItem(self.message.message_id, text, self.photo, self.album)


def owner_of(visitor: Visitor) -> Owner:
    """Whose draft a visitor's messages belong to, and where."""
    return Owner(visitor.caller.chat_id, visitor.caller.thread_id, visitor.caller.user_id)


def defaults_of(visitor: Visitor) -> Defaults:
    """How a visitor's new draft begins."""
    chosen = visitor.preferences
    return Defaults(chosen.language, chosen.usual_count, chosen.starts_at_once, chosen.usual_shape)


def words_item(message: Message, words: str) -> DraftItem:
    """The words of a message whose own media cannot be used, as an item of the draft that its album belongs to."""
    return DraftItem(message.message_id, words, None, message.media_group_id)


class Gathering:
    """Takes photos and texts into drafts.

    Args:
        deps: The collaborators.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def take(self, visitor: Visitor, message: Message, photo: PhotoRef) -> Taken | None:
        """Look at a photo that somebody sent, and remember it where it is part of an album.

        Returns:
            It, or None when it cannot be used: the person was told why.
        """
        problem = await self._problem(visitor, photo)
        if problem is not None:
            await self.say_once(visitor, message, f"photo-{problem.value}", what="photo")
            return None
        if message.media_group_id is not None:
            await self.remember(message, visitor.caller.user_id, message.media_group_id, photo)
        return Taken(visitor, message, photo)

    async def usable(self, visitor: Visitor, photos: Iterable[PhotoRef]) -> tuple[list[PhotoRef], PhotoProblem | None]:
        """Those of several photos that can be used, and what is wrong with the first that cannot."""
        good: list[PhotoRef] = []
        first_problem: PhotoProblem | None = None
        for photo in photos:
            problem = await self._problem(visitor, photo)
            if problem is None:
                good.append(photo)
            first_problem = first_problem or problem
        return good, first_problem

    async def remember(self, message: Message, user_id: int, album: str, photo: PhotoRef) -> None:
        """Keep a part of an album for a later reply to it."""
        await self._deps.seen_albums.remember(message.chat.id, user_id, album, SeenPhoto(message.message_id, photo))

    async def parts(self, visitor: Visitor, message: Message, item: DraftItem) -> list[DraftItem]:
        """A part of an album, and those parts before it that no draft has yet."""
        owner, album = owner_of(visitor), message.media_group_id
        if album is None or not owner.in_group:
            return [item]
        seen = await self._deps.seen_albums.parts(owner.chat_id, album)
        others = [
            DraftItem(part.message_id, "", part.photo, album) for part in seen if part.message_id != message.message_id
        ]
        known = await self._deps.drafts.known_messages(owner.chat_id, others)
        fresh = [other for other in others if other.message_id not in known]
        good, _ = await self.usable(visitor, [other.photo for other in fresh if other.photo is not None])
        return [item, *(other for other in fresh if other.photo in good)]

    async def add(
        self,
        visitor: Visitor,
        message: Message,
        items: list[DraftItem],
        *,
        wanted: Wanted = NOTHING_WANTED,
        request_message_id: int | None = None,
        opens: bool = True,
    ) -> Added:
        """Add messages to the draft they belong to, and let its card follow.

        Args:
            visitor: Whose they are.
            message: The message that brought them.
            items: The messages.
            wanted: What they ask for beside their words.
            request_message_id: The message that is the request, where that is none of the items.
            opens: Whether a draft is made where there is none.
        """
        defaults = defaults_of(visitor) if opens else None
        added = await self._deps.drafts.add(Incoming(owner_of(visitor), items, defaults, wanted, request_message_id))
        await self.follow(visitor, message, added)
        return added

    async def follow(self, visitor: Visitor, message: Message, added: Added) -> None:
        """Let the card follow what was added; in private, say so where it came too late."""
        if added.outcome in {AddOutcome.ADDED, AddOutcome.REPEATED} and added.draft_id is not None:
            self._deps.timers.soon(added.draft_id)
        elif added.outcome is AddOutcome.TOO_LATE and visitor.caller.is_private:
            await self.say_once(visitor, message, "draft-too-late", what="late")

    async def refuse(self, visitor: Visitor, message: Message, unusable: Unusable) -> None:
        """Say what to send instead, once for a message or an album."""
        await self.say_once(visitor, message, "unusable", what="unusable", kind=unusable.kind)

    async def say_once(self, visitor: Visitor, message: Message, key: str, *, what: str, **arguments: Argument) -> None:
        """Answer a message, or an album, once, however often its updates come.

        A photo of an album is told of by itself: each may have a fault of its own.
        """
        is_album = message.media_group_id is not None and what != "photo"
        whole = f"a{message.media_group_id}" if is_album else message.message_id
        notice = person_key(what, visitor.caller.user_id, visitor.caller.chat_id, whole)
        if await self._deps.throttle.allows(notice, ONCE):
            await self.reply(visitor, message, key, **arguments)

    async def reply(self, visitor: Visitor, message: Message, key: str, **arguments: Argument) -> None:
        """Answer a message."""
        place = Place(message.chat.id, topic_of(message), message.message_id)
        await self._deps.answers.say(place, Screen(visitor.phrases.html(key, **arguments)))

    async def _problem(self, visitor: Visitor, photo: PhotoRef) -> PhotoProblem | None:
        if photo.size is not None and photo.size > self._deps.max_file_bytes:
            return PhotoProblem.TOO_LARGE
        if photo.kind is PhotoKind.PHOTO:
            return None
        chat_id, user_id = visitor.caller.chat_id, visitor.caller.user_id
        await self._deps.drafts.hold(chat_id, user_id)
        try:
            return await self._deps.inspector.inspect(photo)
        finally:
            await self._deps.drafts.release(chat_id, user_id)
