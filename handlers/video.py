"""``/video``, and ``@bot`` in groups: a request that starts at once, or says what it lacks."""

from datetime import timedelta

from telegram import Message

from handlers.addressing import Wish, replied_to
from handlers.deps import Deps
from handlers.gathering import Gathering, defaults_of, owner_of, words_item
from handlers.guard import Visitor
from handlers.media import photo_in, unusable_in
from services.drafts.drafts import AddOutcome
from services.drafts.model import DraftItem, borrow, photo_limit
from services.drafts.starting import Refused, refusal_screen
from services.generations.model import MAX_VIDEOS, Order, Shape
from services.photos.model import MAX_PHOTOS, PhotoRef
from services.screens import Place
from services.throttle import chat_key

HOW_TO_EVERY = timedelta(days=1)


class VideoRequests:
    """Takes requests that say outright that they are one.

    Args:
        deps: The collaborators.
        gathering: Takes photos and texts.
    """

    def __init__(self, deps: Deps, gathering: Gathering) -> None:
        self._deps = deps
        self._gathering = gathering

    async def ask(self, visitor: Visitor, message: Message, wish: Wish) -> None:
        """Do what the message asks for: with its own photos, or those it answers, or none."""
        if wish.is_count_wrong:
            await self._gathering.reply(visitor, message, "video-count-wrong", limit=MAX_VIDEOS)
            return
        own, unusable = photo_in(message), unusable_in(message)
        if own is not None:
            taken = await self._gathering.take(visitor, message, own)
            if taken is not None and taken.album is None and wish.prompt:
                await self._order(visitor, message, wish, [own])
            elif taken is not None:
                await self._with_own(visitor, message, taken.item(wish.prompt), wish)
        elif unusable is not None:
            await self._gathering.refuse(visitor, message, unusable)
            if message.media_group_id is not None:
                await self._with_own(visitor, message, words_item(message, wish.prompt), wish)
        elif not await self._with_answered(visitor, message, wish):
            await self._without_photos(visitor, message, wish)

    async def _with_own(self, visitor: Visitor, message: Message, item: DraftItem, wish: Wish) -> None:
        items, album = await self._gathering.parts(visitor, message, item), message.media_group_id
        if album is None or not wish.prompt:
            await self._gathering.add(visitor, message, items, wanted=wish.wanted)
            return
        added = await self._deps.starting_albums.begin(
            owner_of(visitor), defaults_of(visitor), album, items, wish.wanted
        )
        await self._gathering.follow(visitor, message, added)

    async def _with_answered(self, visitor: Visitor, message: Message, wish: Wish) -> bool:
        found = await self._answered_photos(message)
        if not found:
            return False
        photos, problem = await self._gathering.usable(visitor, found)
        if not photos and problem is not None:
            await self._gathering.say_once(visitor, message, f"photo-{problem.value}", what="photo")
        elif wish.prompt:
            await self._order(visitor, message, wish, photos)
        else:
            await self._gathering.add(
                visitor,
                message,
                list(borrow(photos, after=message.message_id)),
                wanted=wish.wanted,
                request_message_id=message.message_id,
            )
        return True

    async def _answered_photos(self, message: Message) -> list[PhotoRef]:
        answered = replied_to(message) or message.external_reply
        photo = photo_in(answered) if answered is not None else None
        if photo is None:
            return []
        if not isinstance(answered, Message) or answered.media_group_id is None:
            return [photo]
        seen = await self._deps.seen_albums.parts(message.chat.id, answered.media_group_id)
        parts = {part.message_id: part.photo for part in seen} | {answered.message_id: photo}
        return [parts[message_id] for message_id in sorted(parts)]

    async def _without_photos(self, visitor: Visitor, message: Message, wish: Wish) -> None:
        if wish.prompt:
            item = DraftItem(message.message_id, wish.prompt)
            # In a group a lone prompt only completes a draft that waits for one.
            opens = visitor.caller.is_private
            added = await self._gathering.add(visitor, message, [item], wanted=wish.wanted, opens=opens)
            if added.outcome is not AddOutcome.NO_DRAFT:
                return
        if visitor.caller.is_private:
            await self._gathering.reply(visitor, message, "video-usage")
        elif await self._deps.throttle.allows(chat_key("how-to-ask", message.chat.id), HOW_TO_EVERY):
            await self._gathering.reply(visitor, message, "video-how-to-ask", limit=MAX_PHOTOS)

    async def _order(self, visitor: Visitor, message: Message, wish: Wish, photos: list[PhotoRef]) -> None:
        owner, shape = owner_of(visitor), wish.shape or visitor.preferences.usual_shape
        if len(photos) > photo_limit(shape):
            if wish.shape is Shape.TALL:
                await self._gathering.say_once(visitor, message, "draft-tall-photos", what="extra")
                return
            if shape is Shape.TALL:
                await self._gathering.say_once(visitor, message, "draft-made-wide", what="shape")
            shape = Shape.WIDE
        order = Order(
            request_key=f"message:{owner.chat_id}:{message.message_id}",
            chat_id=owner.chat_id,
            thread_id=owner.thread_id,
            user_id=owner.user_id,
            language=visitor.preferences.language,
            request_message_id=message.message_id,
            status_message_id=None,
            prompt=wish.prompt,
            count=wish.count or visitor.preferences.usual_count,
            photos=tuple(photos[:MAX_PHOTOS]),
            shape=shape,
        )
        if len(photos) > MAX_PHOTOS:
            await self._gathering.say_once(visitor, message, "draft-extra-photos", what="extra")
        outcome = await self._deps.starter.order(order)
        if isinstance(outcome, Refused):
            place = Place(owner.chat_id, owner.thread_id, message.message_id)
            await self._deps.answers.say(place, refusal_screen(outcome, visitor.phrases))
        await self._deps.starter.show(outcome)
