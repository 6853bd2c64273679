"""Messages in: which of them are for the bot, and what becomes of them."""

from telegram import Message, Update

from handlers.addressing import VideoRequest, is_for_another_bot, read_address, read_command, read_mention
from handlers.context import Context, topic_of
from handlers.drafts import add_to_draft, item_of, with_album
from handlers.media import album_words_in, photo_in, unusable_in, words_in
from handlers.video import ask_for_video
from handlers.visitors import admit
from services.drafts.model import DraftItem, Owner
from services.photos.model import PhotoKind


async def private_message(update: Update, context: Context) -> None:
    """Take a photo, an image file, a text or ``/video``; say what to send instead of anything else.

    This is everything that people send in private, other commands apart.
    """
    message = update.message
    if message is None or is_for_another_bot(words_in(message), context.bot.bot):
        return
    text = words_in(message).strip()
    if not text and photo_in(message) is None and unusable_in(message) is None:
        return
    if not await admit(update, context, as_person=True):
        return
    request = read_command(text, context.bot.bot)
    if request is not None:
        await ask_for_video(context, message, request)
    else:
        await _add(context, message, text)


async def group_message(update: Update, context: Context) -> None:
    """Take what is meant for the bot, and remember albums that may be asked about later; silent otherwise."""
    message = update.message
    if message is None or message.from_user is None or message.is_automatic_forward:
        return
    request = read_address(message, context.bot.bot)
    is_text_alone = photo_in(message) is None and not album_words_in(message)
    if request is None or (request.is_reply and is_text_alone):
        await _overhear(update, context, message, message.from_user.id, request)
    elif await admit(update, context, as_person=True):
        if request.is_reply:
            await _add(context, message, request.prompt)
        else:
            await ask_for_video(context, message, request)


async def edited_message(update: Update, context: Context) -> None:
    """Take over an edited text, caption or photo while its draft still collects; otherwise nothing happens."""
    message = update.edited_message
    if message is None or message.from_user is None:
        return
    text, bot = words_in(message).strip(), context.bot.bot
    request = read_command(text, bot)
    if request is None and message.chat.id < 0:
        request = read_mention(text, message.entities or message.caption_entities, bot)
    request, photo = request or VideoRequest(text), photo_in(message)
    # An image file would have to be looked at first; the one that was, stays.
    known = photo if photo is not None and photo.kind is PhotoKind.PHOTO else None
    edited, drafts = DraftItem(message.message_id, request.prompt, known), context.services.drafts
    draft_id = await drafts.change_message(message.chat.id, message.from_user.id, edited, request.wanted)
    if draft_id is not None:
        context.services.card_timers.soon(draft_id)


async def group_moved(update: Update, context: Context) -> None:
    """Follow a group that becomes a supergroup; the old and the new chat each tell of it."""
    message = update.message
    if message is None:
        return
    chat_id = message.chat.id
    old, new = message.migrate_from_chat_id or chat_id, message.migrate_to_chat_id or chat_id
    for draft_id in await context.services.move_chat(old, new):
        context.services.card_timers.now(draft_id)


async def _overhear(
    update: Update, context: Context, message: Message, user_id: int, reply: VideoRequest | None
) -> None:
    """Remember a photo of an album; what belongs to a draft of theirs that is open joins it."""
    photo, album, services = photo_in(message), message.media_group_id, context.services
    owner = Owner(message.chat.id, topic_of(message), user_id)
    if photo is not None and album is not None:
        await services.drafts.remember(owner, album, message.message_id, photo)
        if await services.drafts.knows_album(owner, album) and await admit(update, context):
            item = await item_of(context, message, words_in(message).strip())
            if item is not None:
                await add_to_draft(context, message, [item], opens=False)
    elif reply is not None and await services.drafts.has_open(owner) and await admit(update, context):
        await add_to_draft(context, message, [DraftItem(message.message_id, reply.prompt)], opens=False)


async def _add(context: Context, message: Message, words: str) -> None:
    item = await item_of(context, message, words)
    if item is not None:
        await add_to_draft(context, message, await with_album(context, message, item))
