"""Is a message meant for the bot, and what does it ask for? Pure decisions over messages.

Sources: Bot API pages of ``MessageEntity`` (offsets count UTF-16 units) and ``Message`` (``reply_to_message``), and
Telegram's page on bot features (privacy mode, commands with ``@username``).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Message, MessageEntity, Update, User
from telegram.constants import ChatType, MessageEntityType

from handlers.media import album_words_in, photo_in, words_in
from services.options import NOTHING_WANTED, Shape, Wanted, is_count

VIDEO_COMMAND = re.compile(r"\A/video(?:@(?P<bot>\w+))?(?![\w@])", re.IGNORECASE)
_COUNT = re.compile(r"[x×](?P<count>\d{1,2})", re.IGNORECASE)
_SHAPES = {
    "tall": Shape.TALL,
    "9:16": Shape.TALL,
    "dọc": Shape.TALL,
    "wide": Shape.WIDE,
    "16:9": Shape.WIDE,
    "ngang": Shape.WIDE,
}
_LEADING = " \t\n,:;–—-"


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """What a message asks for."""

    prompt: str
    """What should happen, or empty."""
    wanted: Wanted = NOTHING_WANTED
    is_count_wrong: bool = False
    """Whether a number is named that cannot be asked for."""
    is_reply: bool = False
    """Whether it only answers a message of the bot's, without ``/video`` or a mention."""


def is_for_another_bot(text: str, bot: User) -> bool:
    """Whether a text begins with ``/video@`` and the name of another bot."""
    match = VIDEO_COMMAND.match(text)
    return match is not None and match["bot"] is not None and f"@{match['bot']}".lower() != bot.name.lower()


def read_command(text: str, bot: User) -> VideoRequest | None:
    """What ``/video`` asks for; None when the text does not begin with it, or names another bot."""
    match = VIDEO_COMMAND.match(text)
    if match is None or is_for_another_bot(text, bot):
        return None
    return read_request(text[match.end() :])


def read_request(text: str) -> VideoRequest:
    """What follows a command or a mention: number (``x3``) and shape (``tall``) in any order, then the prompt."""
    count: int | None = None
    shape: Shape | None = None
    rest = text.strip()
    while rest:
        word = rest.split(maxsplit=1)[0]
        number, form = _COUNT.fullmatch(word), _SHAPES.get(unicodedata.normalize("NFC", word).lower())
        if number is not None and count is None:
            count = int(number["count"])
        elif form is not None and shape is None:
            shape = form
        else:
            break
        rest = rest[len(word) :].strip()
    if count is not None and not is_count(count):
        return VideoRequest(rest, Wanted(shape=shape), is_count_wrong=True)
    return VideoRequest(rest, Wanted(count, shape))


def read_mention(text: str, entities: Sequence[MessageEntity], bot: User) -> VideoRequest | None:
    """What a text asks for that mentions the bot anywhere; None when it does not. The mention is left out."""
    units = text.encode("utf-16-le")
    rest, end, is_mentioned = bytearray(), 0, False
    for entity in sorted(entities, key=lambda entity: entity.offset):
        start, stop = 2 * entity.offset, 2 * (entity.offset + entity.length)
        if start >= end and _names(entity, units[start:stop].decode("utf-16-le", "replace"), bot):
            rest += units[end:start]
            end, is_mentioned = stop, True
    if not is_mentioned:
        return None
    before, after = rest.decode("utf-16-le", "replace"), units[end:].decode("utf-16-le", "replace")
    if not before.strip():
        return read_request(after.lstrip(_LEADING))
    return read_request(f"{before.rstrip()} {after.lstrip()}" if before[-1:].isspace() else before + after)


def read_address(message: Message, bot: User) -> VideoRequest | None:
    """What a message in a group asks of the bot; None when it does not address it."""
    text = words_in(message)
    if is_for_another_bot(text, bot):
        return None
    request = read_command(text, bot) or read_mention(text, message.entities or message.caption_entities, bot)
    if request is not None:
        return request
    answered = replied_to(message)
    is_reply = answered is not None and answered.from_user is not None and answered.from_user.id == bot.id
    is_prompt = message.text is not None and not message.text.startswith("/")
    if is_reply and (photo_in(message) is not None or is_prompt or album_words_in(message)):
        return VideoRequest(text.strip(), is_reply=True)
    return None


def is_overheard(update: Update, bot: User) -> bool:
    """Whether an update is a message in a group that is not for the bot, or was sent by its inline mode.

    Commands are told apart by the handlers, and parts of albums are remembered, for somebody may ask about them later.
    """
    message = update.message
    if message is not None and message.via_bot is not None and message.via_bot.id == bot.id:
        # A video that somebody shares.
        return True
    if message is None or message.chat.type not in (ChatType.GROUP, ChatType.SUPERGROUP):
        return False
    is_talk = message.text is not None or message.effective_attachment is not None
    is_paying = message.successful_payment is not None or message.invoice is not None
    if not is_talk or is_paying or message.media_group_id is not None or words_in(message).startswith("/"):
        return False
    return read_address(message, bot) is None


def replied_to(message: Message) -> Message | None:
    """The message that this one answers, or None.

    In a topic every message that answers nothing carries the topic's creation as if it answered that.
    """
    answered = message.reply_to_message
    return None if answered is None or answered.forum_topic_created is not None else answered


def _names(entity: MessageEntity, part: str, bot: User) -> bool:
    if entity.type == MessageEntityType.TEXT_MENTION:
        return entity.user is not None and entity.user.id == bot.id
    return entity.type == MessageEntityType.MENTION and part.lower() == bot.name.lower()
