"""Messages into drafts: photos are looked at, albums remembered, and the person told what could not be taken."""

from collections.abc import Iterable
from datetime import timedelta

from telegram import Message

from handlers.context import Context, topic_of
from handlers.replies import say
from services.drafts.albums import SeenPhoto
from services.drafts.drafts import Added, AddOutcome, NewItems
from services.drafts.model import NOTHING_WANTED, DraftItem, Wanted
from services.photos.model import PhotoKind, PhotoProblem, PhotoRef
from services.screens import Place, Screen
from services.services import Services
from services.texts import Argument
from services.throttle import person_key

ONCE = timedelta(days=1)
"""A sentence about one message, or one album, is said once; updates are not repeated for longer than this."""


def words_item(message: Message, words: str) -> DraftItem:
    """The words of a message whose own media cannot be used, as an item of the draft that its album belongs to."""
    return DraftItem(message.message_id, words, None, message.media_group_id)


async def take_photo(context: Context, message: Message, photo: PhotoRef, words: str) -> DraftItem | None:
    """Look at a photo that somebody sent, and remember it where it is part of an album.

    None when it cannot be used: the person was told why.
    """
    problem = await _problem(context, photo)
    if problem is not None:
        await say_once(context, message, f"photo-{problem.value}", what="photo")
        return None
    album = message.media_group_id
    if album is not None:
        await remember_photo(context.services, message, context.visitor.caller.user_id, album, photo)
    return DraftItem(message.message_id, words, photo, album)


async def usable_photos(context: Context, photos: Iterable[PhotoRef]) -> tuple[list[PhotoRef], PhotoProblem | None]:
    """Those of several photos that can be used, and what is wrong with the first that cannot."""
    good: list[PhotoRef] = []
    first_problem: PhotoProblem | None = None
    for photo in photos:
        problem = await _problem(context, photo)
        if problem is None:
            good.append(photo)
        first_problem = first_problem or problem
    return good, first_problem


async def remember_photo(services: Services, message: Message, user_id: int, album: str, photo: PhotoRef) -> None:
    """Keep a part of an album for a later reply to it."""
    await services.albums.remember(message.chat.id, user_id, album, SeenPhoto(message.message_id, photo))


async def with_album(context: Context, message: Message, item: DraftItem) -> list[DraftItem]:
    """A part of an album, and those parts before it that no draft has yet."""
    owner, album, services = context.visitor.caller.owner, message.media_group_id, context.services
    if album is None or not owner.in_group:
        return [item]
    seen = await services.albums.parts(owner.chat_id, album)
    others = [
        DraftItem(part.message_id, "", part.photo, album) for part in seen if part.message_id != message.message_id
    ]
    known = await services.drafts.known_messages(owner.chat_id, others)
    fresh = [other for other in others if other.message_id not in known]
    good, _ = await usable_photos(context, [other.photo for other in fresh if other.photo is not None])
    return [item, *(other for other in fresh if other.photo in good)]


async def add_to_draft(
    context: Context,
    message: Message,
    items: list[DraftItem],
    *,
    wanted: Wanted = NOTHING_WANTED,
    request_message_id: int | None = None,
    opens: bool = True,
) -> Added:
    """Add messages to the draft they belong to, and let its card follow.

    Args:
        message: The message that brought them.
        wanted: What they ask for beside their words.
        request_message_id: The message that is the request, where that is none of the items.
        opens: Whether a draft is made where there is none.
    """
    visitor = context.visitor
    defaults = visitor.preferences if opens else None
    incoming = NewItems(visitor.caller.owner, items, defaults, wanted, request_message_id)
    added = await context.services.drafts.add(incoming)
    await follow(context, message, added)
    return added


async def follow(context: Context, message: Message, added: Added) -> None:
    """Let the card follow what was added; in private, say so where it came too late."""
    if added.outcome in {AddOutcome.ADDED, AddOutcome.REPEATED} and added.draft_id is not None:
        context.services.card_timers.soon(added.draft_id)
    elif added.outcome is AddOutcome.TOO_LATE and context.visitor.caller.is_private:
        await say_once(context, message, "draft-too-late", what="late")


async def refuse_media(context: Context, message: Message, kind: str) -> None:
    """Say what to send instead, once for a message or an album."""
    await say_once(context, message, "unusable", what="unusable", kind=kind)


async def say_once(context: Context, message: Message, key: str, *, what: str, **arguments: Argument) -> None:
    """Answer a message, or an album, once, however often its updates come.

    A photo of an album is told of by itself: each may have a fault of its own.
    """
    is_album = message.media_group_id is not None and what != "photo"
    whole = f"a{message.media_group_id}" if is_album else message.message_id
    caller = context.visitor.caller
    if await context.services.throttle.allows(person_key(what, caller.user_id, caller.chat_id, whole), ONCE):
        await reply(context, message, key, **arguments)


async def reply(context: Context, message: Message, key: str, **arguments: Argument) -> None:
    """Answer a message."""
    place = Place(message.chat.id, topic_of(message), message.message_id)
    await say(context.services.messenger, place, Screen(context.visitor.phrases.html(key, **arguments)))


async def _problem(context: Context, photo: PhotoRef) -> PhotoProblem | None:
    services, caller = context.services, context.visitor.caller
    if photo.size is not None and photo.size > services.photos.max_bytes:
        return PhotoProblem.TOO_LARGE
    if photo.kind is PhotoKind.PHOTO:
        return None
    await services.drafts.hold(caller.chat_id, caller.user_id)
    try:
        return await services.photos.inspect(photo)
    finally:
        await services.drafts.release(caller.chat_id, caller.user_id)
