"""Messages in: which of them are for the bot, and what becomes of them."""

from telegram import Message, Update
from telegram.ext import ContextTypes

from handlers.addressing import (
    Address,
    BotName,
    Manner,
    address_of,
    is_for_another_bot,
    read_command,
    read_mention,
)
from handlers.callers import topic_of
from handlers.deps import Deps
from handlers.gathering import Gathering, words_item
from handlers.media import album_words_in, photo_in, unusable_in, words_in
from handlers.video import VideoRequests
from services.drafts.drafts import Edition
from services.drafts.model import NOTHING_WANTED, DraftItem, Owner
from services.photos.model import PhotoKind, PhotoRef


def bot_name(context: ContextTypes.DEFAULT_TYPE) -> BotName:
    """The bot as others name it."""
    return BotName(context.bot.id, context.bot.username)


class PrivateIntake:
    """Everything that people send in private, commands apart.

    Args:
        deps: The collaborators.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._gathering = Gathering(deps)
        self._videos = VideoRequests(deps, self._gathering)

    async def message(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Take a photo, an image file, a text or ``/video``; say what to send instead of anything else."""
        message = update.message
        if message is None or is_for_another_bot(words_in(message), bot_name(context)):
            return
        photo, unusable, text = photo_in(message), unusable_in(message), words_in(message).strip()
        if photo is None and unusable is None and not text:
            return
        visitor = await self._deps.guard.admit(update, as_person=True)
        if visitor is None:
            return
        wish = read_command(text, bot_name(context))
        if wish is not None:
            await self._videos.ask(visitor, message, wish)
        elif photo is not None:
            taken = await self._gathering.take(visitor, message, photo)
            if taken is not None:
                await self._gathering.add(visitor, message, [taken.item(text)])
        elif unusable is not None:
            await self._gathering.refuse(visitor, message, unusable)
            words = album_words_in(message)
            if words:
                await self._gathering.add(visitor, message, [words_item(message, words)])
        else:
            await self._gathering.add(visitor, message, [DraftItem(message.message_id, text)])


class GroupIntake:
    """Everything that people send in groups; silent unless addressed.

    Args:
        deps: The collaborators.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._gathering = Gathering(deps)
        self._videos = VideoRequests(deps, self._gathering)

    async def message(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Take what is meant for the bot, and remember albums that may be asked about later."""
        message = update.message
        if message is None or message.from_user is None or message.is_automatic_forward:
            return
        photo, address = photo_in(message), address_of(message, bot_name(context))
        words = album_words_in(message)
        if address.manner is Manner.NONE or (address.manner is Manner.REPLY and photo is None and not words):
            await self._overhear(update, message, message.from_user.id, photo, address)
            return
        visitor = await self._deps.guard.admit(update, as_person=True)
        if visitor is None:
            return
        unusable = unusable_in(message)
        if address.manner is not Manner.REPLY:
            await self._videos.ask(visitor, message, address.wish)
        elif photo is not None:
            taken = await self._gathering.take(visitor, message, photo)
            if taken is not None:
                items = await self._gathering.parts(visitor, message, taken.item(address.wish.prompt))
                await self._gathering.add(visitor, message, items)
        elif unusable is not None:
            await self._gathering.refuse(visitor, message, unusable)
            items = await self._gathering.parts(visitor, message, words_item(message, address.wish.prompt))
            await self._gathering.add(visitor, message, items)

    async def _overhear(
        self, update: Update, message: Message, user_id: int, photo: PhotoRef | None, address: Address
    ) -> None:
        owner = Owner(message.chat.id, topic_of(message), user_id)
        album = message.media_group_id
        if photo is not None and album is not None:
            await self._gathering.remember(message, user_id, album, photo)
            if await self._deps.drafts.knows_album(owner, album):
                await self._join_album(update, message, photo)
        elif address.manner is Manner.REPLY and await self._deps.drafts.open_of(owner) is not None:
            visitor = await self._deps.guard.admit(update)
            if visitor is not None:
                item = DraftItem(message.message_id, address.wish.prompt)
                await self._gathering.add(visitor, message, [item], opens=False)

    async def _join_album(self, update: Update, message: Message, photo: PhotoRef) -> None:
        visitor = await self._deps.guard.admit(update)
        taken = await self._gathering.take(visitor, message, photo) if visitor is not None else None
        if taken is not None:
            item = taken.item(words_in(message).strip())
            await self._gathering.add(taken.visitor, message, [item], opens=False)


class Edits:
    """Edited messages: they change a draft, and nothing else.

    Args:
        deps: The collaborators.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def edited(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Take over an edited text, caption or photo while its draft still collects; otherwise nothing happens."""
        message = update.edited_message
        if message is None or message.from_user is None:
            return
        text, bot = words_in(message).strip(), bot_name(context)
        wish = read_command(text, bot)
        if wish is None and message.chat.id < 0:
            wish = read_mention(text, message.entities or message.caption_entities, bot)
        photo = photo_in(message)
        edition = Edition(
            message.message_id,
            wish.prompt if wish is not None else text,
            # An image file would have to be looked at first; the one that was, stays.
            photo if photo is not None and photo.kind is PhotoKind.PHOTO else None,
            wish.wanted if wish is not None else NOTHING_WANTED,
        )
        draft_id = await self._deps.drafts.change_message(message.chat.id, message.from_user.id, edition)
        if draft_id is not None:
            self._deps.timers.soon(draft_id)


class Moves:
    """Groups that become supergroups.

    Args:
        deps: The collaborators.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def moved(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """Follow the group; the old and the new chat each tell of it."""
        message = update.message
        if message is None:
            return
        chat_id = message.chat.id
        old, new = message.migrate_from_chat_id or chat_id, message.migrate_to_chat_id or chat_id
        for draft_id in await self._deps.chat_moves.move_chat(old, new):
            self._deps.timers.now(draft_id)
