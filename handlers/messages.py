"""Messages in: which of them are for the bot, and what becomes of them."""

from telegram import Message, Update

from handlers.addressing import (
    AddressedBy,
    BotName,
    VideoRequest,
    is_for_another_bot,
    read_address,
    read_command,
    read_mention,
)
from handlers.context import Context, topic_of
from handlers.drafts import add_to_draft, refuse_media, remember_photo, take_photo, with_album, words_item
from handlers.media import album_words_in, photo_in, unusable_in, words_in
from handlers.video import ask_for_video
from handlers.visitors import admit
from services.drafts.drafts import Edition
from services.drafts.model import NOTHING_WANTED, DraftItem, Owner
from services.photos.model import PhotoKind, PhotoRef


def bot_name(context: Context) -> BotName:
    """The bot as others name it."""
    return BotName(context.bot.id, context.bot.username)


async def private_message(update: Update, context: Context) -> None:
    """Take a photo, an image file, a text or ``/video``; say what to send instead of anything else.

    This is everything that people send in private, other commands apart.
    """
    message = update.message
    if message is None or is_for_another_bot(words_in(message), bot_name(context)):
        return
    photo, unusable, text = photo_in(message), unusable_in(message), words_in(message).strip()
    if photo is None and unusable is None and not text:
        return
    if not await admit(update, context, as_person=True):
        return
    request = read_command(text, bot_name(context))
    if request is not None:
        await ask_for_video(context, message, request)
    elif photo is not None:
        item = await take_photo(context, message, photo, text)
        if item is not None:
            await add_to_draft(context, message, [item])
    elif unusable is not None:
        await refuse_media(context, message, unusable)
        words = album_words_in(message)
        if words:
            await add_to_draft(context, message, [words_item(message, words)])
    else:
        await add_to_draft(context, message, [DraftItem(message.message_id, text)])


async def group_message(update: Update, context: Context) -> None:
    """Take what is meant for the bot, and remember albums that may be asked about later; silent otherwise."""
    message = update.message
    if message is None or message.from_user is None or message.is_automatic_forward:
        return
    how, request = read_address(message, bot_name(context))
    photo, unusable, words = photo_in(message), unusable_in(message), album_words_in(message)
    if how is AddressedBy.NONE or (how is AddressedBy.REPLY and photo is None and not words):
        await _overhear(update, context, message, message.from_user.id, how, request)
    elif not await admit(update, context, as_person=True):
        return
    elif how is not AddressedBy.REPLY:
        await ask_for_video(context, message, request)
    elif photo is not None:
        item = await take_photo(context, message, photo, request.prompt)
        if item is not None:
            await add_to_draft(context, message, await with_album(context, message, item))
    elif unusable is not None:
        await refuse_media(context, message, unusable)
        items = await with_album(context, message, words_item(message, request.prompt))
        await add_to_draft(context, message, items)


async def edited_message(update: Update, context: Context) -> None:
    """Take over an edited text, caption or photo while its draft still collects; otherwise nothing happens."""
    message = update.edited_message
    if message is None or message.from_user is None:
        return
    text, bot = words_in(message).strip(), bot_name(context)
    request = read_command(text, bot)
    if request is None and message.chat.id < 0:
        request = read_mention(text, message.entities or message.caption_entities, bot)
    photo = photo_in(message)
    edition = Edition(
        message.message_id,
        request.prompt if request is not None else text,
        # An image file would have to be looked at first; the one that was, stays.
        photo if photo is not None and photo.kind is PhotoKind.PHOTO else None,
        request.wanted if request is not None else NOTHING_WANTED,
    )
    draft_id = await context.services.drafts.change_message(message.chat.id, message.from_user.id, edition)
    if draft_id is not None:
        context.services.card_timers.soon(draft_id)


async def group_moved(update: Update, context: Context) -> None:
    """Follow a group that becomes a supergroup; the old and the new chat each tell of it."""
    message = update.message
    if message is None:
        return
    chat_id = message.chat.id
    old, new = message.migrate_from_chat_id or chat_id, message.migrate_to_chat_id or chat_id
    for draft_id in await context.services.chat_moves.move_chat(old, new):
        context.services.card_timers.now(draft_id)


async def _overhear(
    update: Update, context: Context, message: Message, user_id: int, how: AddressedBy, request: VideoRequest
) -> None:
    photo, album, services = photo_in(message), message.media_group_id, context.services
    owner = Owner(message.chat.id, topic_of(message), user_id)
    if photo is not None and album is not None:
        await remember_photo(services, message, user_id, album, photo)
        if await services.drafts.knows_album(owner, album):
            await _join_album(update, context, message, photo)
    elif how is AddressedBy.REPLY and await services.drafts.open_of(owner) is not None and await admit(update, context):
        await add_to_draft(context, message, [DraftItem(message.message_id, request.prompt)], opens=False)


async def _join_album(update: Update, context: Context, message: Message, photo: PhotoRef) -> None:
    if not await admit(update, context):
        return
    item = await take_photo(context, message, photo, words_in(message).strip())
    if item is not None:
        await add_to_draft(context, message, [item], opens=False)
