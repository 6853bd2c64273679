"""``/video``, and ``@bot`` in groups: a request that starts at once, or says what it lacks."""

from datetime import timedelta

from telegram import Message

from handlers.addressing import VideoRequest, replied_to
from handlers.context import Context
from handlers.drafts import add_to_draft, item_of, reply, say_once, usable_photos, with_album
from handlers.media import photo_in, unusable_in
from services.drafts.drafts import NotAdded, album_parts
from services.drafts.model import DraftItem, borrow
from services.generations.model import LimitReached, Order
from services.options import MAX_VIDEOS, TALL_PHOTOS, fit
from services.orders import refusal
from services.photos.model import MAX_PHOTOS, PhotoRef
from services.screens import Place, Screen
from services.throttle import chat_key

HOW_TO_EVERY = timedelta(days=1)


async def ask_for_video(context: Context, message: Message, request: VideoRequest) -> None:
    """Do what a message asks for: with its own photos, or those it answers, or none."""
    if request.is_count_wrong:
        await reply(context, message, "video-count-wrong", limit=MAX_VIDEOS)
        return
    if photo_in(message) is not None or unusable_in(message) is not None:
        await _with_own(context, message, request)
    elif not await _with_answered(context, message, request):
        await _without_photos(context, message, request)


async def _with_own(context: Context, message: Message, request: VideoRequest) -> None:
    item = await item_of(context, message, request.prompt)
    if item is None:
        return
    if item.photo is not None and item.media_group_id is None and request.prompt:
        await _order(context, message, request, [item.photo])
        return
    items = await with_album(context, message, item)
    await add_to_draft(context, message, items, wanted=request.wanted, starts_album=bool(request.prompt))


async def _with_answered(context: Context, message: Message, request: VideoRequest) -> bool:
    found = await _answered_photos(context, message)
    if not found:
        return False
    photos, problem = await usable_photos(context, found)
    if not photos and problem is not None:
        await say_once(context, message, f"photo-{problem.value}")
    elif request.prompt:
        await _order(context, message, request, photos)
    else:
        items, request_id = borrow(photos, after=message.message_id), message.message_id
        await add_to_draft(context, message, items, wanted=request.wanted, separate_request_id=request_id)
    return True


async def _answered_photos(context: Context, message: Message) -> list[PhotoRef]:
    answered = replied_to(message) or message.external_reply
    photo = photo_in(answered) if answered is not None else None
    if photo is None:
        return []
    if not isinstance(answered, Message) or answered.media_group_id is None:
        return [photo]
    seen = await context.services.database.read(album_parts, message.chat.id, answered.media_group_id)
    parts = seen | {answered.message_id: photo}
    return [parts[message_id] for message_id in sorted(parts)]


async def _without_photos(context: Context, message: Message, request: VideoRequest) -> None:
    is_private = context.visitor.caller.is_private
    if request.prompt:
        item = DraftItem(message.message_id, request.prompt)
        # In a group a lone prompt only completes a draft that waits for one.
        added = await add_to_draft(context, message, [item], wanted=request.wanted, opens=is_private)
        if added is not NotAdded.NO_DRAFT:
            return
    if is_private:
        await reply(context, message, "video-usage")
    elif await context.services.throttle.allows(chat_key("how-to-ask", message.chat.id), HOW_TO_EVERY):
        await reply(context, message, "video-how-to-ask", limit=MAX_PHOTOS)


async def _order(context: Context, message: Message, request: VideoRequest, photos: list[PhotoRef]) -> None:
    visitor, services = context.visitor, context.services
    owner, asked = visitor.caller.owner, request.wanted.upon(visitor.preferences.usual)
    options, hints = fit(asked, len(photos), shape_chosen=request.wanted.shape is not None)
    if TALL_PHOTOS in hints:
        await say_once(context, message, TALL_PHOTOS)
        return
    order = Order(
        request_key=f"message:{owner.chat_id}:{message.message_id}",
        chat_id=owner.chat_id,
        thread_id=owner.thread_id,
        user_id=owner.user_id,
        language=visitor.preferences.language,
        request_message_id=message.message_id,
        status_message_id=None,
        prompt=request.prompt,
        options=options,
        photos=tuple(photos[:MAX_PHOTOS]),
    )
    outcome = await services.starter.order(order)
    if isinstance(outcome, LimitReached):
        place = Place(owner.chat_id, owner.thread_id, message.message_id)
        await context.say(place, Screen(refusal(outcome, visitor.phrases)))
        return
    try:
        # After the commit, so that a sentence that Telegram does not take costs no request.
        for hint in hints:
            await say_once(context, message, hint)
    finally:
        await services.orders.show_started(outcome)
