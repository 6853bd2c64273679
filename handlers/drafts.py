"""Messages into drafts: photos are looked at, albums remembered, and the person told what could not be taken."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from telegram import Message

from handlers.context import Context, topic_of
from handlers.media import album_words_in, photo_in, unusable_in
from services.drafts.drafts import NewItems, NotAdded, album_parts
from services.drafts.model import DraftItem
from services.drafts.store import drafts_of_messages
from services.options import NOTHING_WANTED, Wanted
from services.photos.model import PhotoKind, PhotoProblem, PhotoRef
from services.screens import Place, Screen
from services.texts import Argument
from services.throttle import person_key

ONCE = timedelta(days=1)
"""A sentence about one message, or one album, is said once; updates are not repeated for longer than this."""


async def item_of(context: Context, message: Message, words: str) -> DraftItem | None:
    """A message as an item of a draft, with these words; its photo is looked at, and remembered as part of its album.

    None when nothing of it can be used: the person was told why. Where only its media cannot, its words stay those of
    its album.
    """
    photo, album = photo_in(message), message.media_group_id
    problem = None if photo is None else await _problem(context, photo)
    if problem is not None:
        await say_once(context, message, f"photo-{problem.value}")
        return None
    if photo is not None and album is not None:
        await context.services.drafts.remember(context.visitor.caller.owner, album, message.message_id, photo)
    unusable = unusable_in(message)
    if unusable is not None:
        await say_once(context, message, "unusable", kind=unusable)
        if not album_words_in(message):
            return None
    return DraftItem(message.message_id, words, photo, album)


async def usable_photos(context: Context, photos: Iterable[PhotoRef]) -> tuple[list[PhotoRef], PhotoProblem | None]:
    """Those of several photos that can be used, and what is wrong with the first that cannot."""
    problems = [(photo, await _problem(context, photo)) for photo in photos]
    good = [photo for photo, problem in problems if problem is None]
    return good, next((problem for _, problem in problems if problem is not None), None)


async def with_album(context: Context, message: Message, item: DraftItem) -> list[DraftItem]:
    """A part of an album, and those parts before it that no draft has yet."""
    owner, album, services = context.visitor.caller.owner, message.media_group_id, context.services
    if album is None or not owner.in_group:
        return [item]
    seen = await services.database.read(album_parts, owner.chat_id, album)
    known = await services.database.read(drafts_of_messages, owner.chat_id, list(seen))
    fresh = {part: photo for part, photo in seen.items() if part not in known and part != message.message_id}
    good, _ = await usable_photos(context, fresh.values())
    return [item, *(DraftItem(part, "", photo, album) for part, photo in fresh.items() if photo in good)]


async def add_to_draft(
    context: Context,
    message: Message,
    items: Sequence[DraftItem],
    *,
    wanted: Wanted = NOTHING_WANTED,
    separate_request_id: int | None = None,
    opens: bool = True,
    starts_album: bool = False,
) -> str | NotAdded:
    """Add what a message brought to the draft it belongs to (:class:`NewItems`), and let its card follow.

    In private it is said where it came too late. With ``starts_album``, an album that it is a part of starts by itself.
    """
    visitor, drafts, album = context.visitor, context.services.drafts, message.media_group_id
    incoming = NewItems(visitor.caller.owner, items, visitor.preferences, wanted, separate_request_id, opens)
    if starts_album and album is not None:
        added = await drafts.start_album(album, incoming)
    else:
        added = await drafts.add(incoming)
    if isinstance(added, str):
        context.services.card_timers.soon(added)
    elif added is NotAdded.TOO_LATE and visitor.caller.is_private:
        await say_once(context, message, "draft-too-late")
    return added


async def say_once(context: Context, message: Message, key: str, **arguments: Argument) -> None:
    """Answer a message, or an album, once, however often its updates come.

    A photo of an album is told of by itself: each may have a fault of its own.
    """
    album, caller, of_photo = message.media_group_id, context.visitor.caller, key.startswith("photo-")
    whole = message.message_id if album is None or of_photo else f"a{album}"
    once = person_key("photo" if of_photo else key, caller.user_id, caller.chat_id, whole)
    if await context.services.throttle.allows(once, ONCE):
        await reply(context, message, key, **arguments)


async def reply(context: Context, message: Message, key: str, **arguments: Argument) -> None:
    """Answer a message."""
    place = Place(message.chat.id, topic_of(message), message.message_id)
    await context.say(place, Screen(context.visitor.phrases.html(key, **arguments)))


async def _problem(context: Context, photo: PhotoRef) -> PhotoProblem | None:
    photos = context.services.photos
    if photo.size is not None and photo.size > photos.max_bytes:
        return PhotoProblem.TOO_LARGE
    return None if photo.kind is PhotoKind.PHOTO else await photos.inspect(photo)
