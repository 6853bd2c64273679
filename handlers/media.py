"""What a message carries: a photo, an image sent as a file, words, or something that cannot be used.

Source: Bot API page of ``Message`` and of the types it names.
"""

from collections.abc import Sequence
from pathlib import PurePath

from telegram import Document, ExternalReplyInfo, Message, PaidMediaLivePhoto, PaidMediaPhoto, PhotoSize
from telegram.constants import MessageAttachmentType

from services.photos.model import PhotoKind, PhotoRef

_IMAGE_TYPES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/webp", "image/heic", "image/heif"})
_IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})

_NAMED_KINDS = ("animation", "audio", "document", "location", "contact", "poll", "sticker", "story", "video", "voice")
_KINDS = {kind: kind for kind in _NAMED_KINDS} | {"video_note": "video", "venue": "location"}
_NOT_SENT_BY_PEOPLE = frozenset({MessageAttachmentType.SUCCESSFUL_PAYMENT, MessageAttachmentType.PASSPORT_DATA})


def photo_in(message: Message | ExternalReplyInfo) -> PhotoRef | None:
    """The photo of a message, or the file that says it is an image of a kind that is taken; None for anything else.

    The still of a live photo counts, and so does a photo that was paid for. A reply across chats or topics has no
    ``photo`` beside its ``live_photo``, which a message has for old clients' sake.
    """
    sizes = message.photo or _still_of(message)
    if sizes:
        largest = max(sizes, key=lambda size: size.width * size.height)
        return PhotoRef(largest.file_id, largest.file_unique_id, PhotoKind.PHOTO, largest.file_size)
    file = message.document
    if file is None or message.animation or not is_image_file(file):
        return None
    kind, media_type, name = PhotoKind.DOCUMENT, file.mime_type or "", file.file_name or ""
    return PhotoRef(file.file_id, file.file_unique_id, kind, file.file_size, media_type, name)


def is_image_file(document: Document) -> bool:
    """Whether a file says, by its type or its name, that it is JPEG, PNG, WebP or HEIC/HEIF."""
    suffix = PurePath(document.file_name or "").suffix.lower()
    return (document.mime_type or "").lower() in _IMAGE_TYPES or suffix in _IMAGE_SUFFIXES


def unusable_in(message: Message) -> str | None:
    """What a message carries that no video can be made from, as a variant of the text ``unusable``.

    None for photos, image files, plain texts and service messages.
    """
    if photo_in(message) is not None:
        return None
    if message.checklist is not None:
        return "other"
    for kind in MessageAttachmentType:
        # By name and not by ``effective_attachment``, which warns of what it will no longer return.
        if kind not in _NOT_SENT_BY_PEOPLE and getattr(message, kind.value):
            return _KINDS.get(kind.value, "other")
    return None


def words_in(message: Message) -> str:
    """The text or the caption of a message, or an empty string."""
    return message.text or message.caption or ""


def album_words_in(message: Message) -> str:
    """The caption of a part of an album that is no photo: the words are meant for the whole album."""
    if message.media_group_id is None or photo_in(message) is not None:
        return ""
    return words_in(message).strip()


def _still_of(message: Message | ExternalReplyInfo) -> Sequence[PhotoSize]:
    if message.live_photo is not None and message.live_photo.photo:
        return message.live_photo.photo
    for paid in message.paid_media.paid_media if message.paid_media is not None else ():
        if isinstance(paid, PaidMediaPhoto):
            return paid.photo
        if isinstance(paid, PaidMediaLivePhoto) and paid.live_photo.photo:
            return paid.live_photo.photo
    return ()
