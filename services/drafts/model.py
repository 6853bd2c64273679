"""Drafts as values: a request in the making, and what its messages add up to.

A draft is the set of its messages. Photos, prompt and the rest follow from that set alone, so the order in which
the parts of an album arrive (each is an update of its own, with no end marker) changes nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from telegram.constants import MessageLimit

from services.generations.model import Order, draft_request_key
from services.options import TALL_PHOTOS, VideoOptions, fit
from services.photos.model import MAX_PHOTOS, PhotoRef
from services.texts import Phrases

BORROWED = -(2**62)
"""Added to a position, it gives the message id of a photo that is not a message of the draft's own person and place:
such photos keep their order, come before all others, and no edited message is mistaken for one of them."""

IDEA_PREFIX = "idea-"
MAX_PROMPT = int(MessageLimit.MAX_TEXT_LENGTH)
"""Code points of a prompt, the words of its ideas included."""


class DraftState(StrEnum):
    """Where a draft stands."""

    OPEN = "open"
    """It has a card and takes photos and texts."""
    GATHERING = "starting"
    """An album captioned ``/video`` that starts by itself once all of it is here."""
    SUBMITTED = "submitted"
    CANCELLED = "cancelled"


COLLECTING = (DraftState.OPEN.value, DraftState.GATHERING.value)
"""The states in which a draft still changes, as its row has them."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose draft it is and where: at most one open draft for each."""

    chat_id: int
    thread_id: int | None
    """The forum topic, or None."""
    user_id: int

    @property
    def in_group(self) -> bool:
        """Whether others read along: only private chats have positive ids."""
        return self.chat_id < 0


@dataclass(frozen=True, slots=True)
class DraftItem:
    """One message of a draft."""

    message_id: int
    """Its id; the order of the ids is the order of the draft."""
    text: str = ""
    """Its text or caption, or empty."""
    photo: PhotoRef | None = None
    media_group_id: str | None = None
    """Its album, or None."""


@dataclass(frozen=True, slots=True)
class Idea:
    """Words about camera, light and scene that a person adds to a prompt by a tap; the language files have them."""

    key: str
    """Its name in the language files, without the prefix."""
    words: str
    """What is added to the prompt, in the draft's language."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request in the making."""

    id: str
    owner: Owner
    state: DraftState
    language: str
    asked: VideoOptions
    """What was chosen, or else is usual."""
    items: tuple[DraftItem, ...]
    """Its messages, in their order."""
    version: int
    """Grows with every change that the card shows."""
    card_version: int
    """The version that the card shows; 0 before the first."""
    card_message_id: int | None
    starts_itself: bool
    """Whether it starts without asking once it is complete."""
    extra_told: bool
    """Whether it was said what becomes of more photos than fit."""
    separate_request_id: int | None
    """The message that is the request, where that is none of the items."""
    updated_at: datetime
    """When it last changed."""
    shape_chosen: bool = False
    """Whether its shape was chosen for this draft."""
    ideas: tuple[Idea, ...] = ()
    """The chosen ones, whose words are part of the prompt."""
    shows_ideas: bool = False
    """Whether the card shows the page of ideas."""

    @property
    def items_with_photo(self) -> tuple[DraftItem, ...]:
        """The messages that have one, in their order."""
        return tuple(item for item in self.items if item.photo is not None)

    @property
    def all_photos(self) -> tuple[PhotoRef, ...]:
        """Every photo that was sent, in message order."""
        return tuple(item.photo for item in self.items if item.photo is not None)

    @property
    def photos(self) -> tuple[PhotoRef, ...]:
        """The photos that are used: the first ones in message order."""
        return self.all_photos[: self.options.shape.photo_limit]

    @property
    def options(self) -> VideoOptions:
        """What it comes to: a shape that is usual, but was not chosen, gives way to three photos."""
        return self._fit[0]

    @property
    def extra_keys(self) -> tuple[str, ...]:
        """The texts that say what becomes of more photos than fit."""
        return self._fit[1]

    @property
    def _fit(self) -> tuple[VideoOptions, tuple[str, ...]]:
        return fit(self.asked, len(self.all_photos), shape_chosen=self.shape_chosen)

    @property
    def has_too_many(self) -> bool:
        """Whether a tall video was chosen for more photos than it takes."""
        return TALL_PHOTOS in self.extra_keys

    @property
    def words(self) -> str:
        """The texts of all messages, a line each, in message order."""
        return "\n".join(item.text for item in self.items if item.text)

    @property
    def prompt(self) -> str:
        """The person's words and those of the ideas, a line each."""
        words = [self.words] if self.words.strip() else []
        return "\n".join([*words, *(idea.words for idea in self.ideas)])

    @property
    def is_ready(self) -> bool:
        """Whether it has all that a request needs."""
        return bool(self.photos) and bool(self.prompt.strip())

    @property
    def is_captions_alone(self) -> bool:
        """Whether all it has are captions of an album whose photos have not come, and may not exist."""
        return all(item.photo is None and item.media_group_id is not None for item in self.items)

    @property
    def can_start_itself(self) -> bool:
        """Whether it may start without asking: complete, still collecting, and every photo of it has its place.

        Ideas alone start nothing: more may be chosen, and an edited request waits for its new words.
        """
        is_complete = self.is_ready and bool(self.words.strip()) and not self.has_too_many
        return self.starts_itself and is_complete and self.state is not DraftState.CANCELLED

    @property
    def has_album(self) -> bool:
        """Whether more parts of an album may be on their way."""
        return any(item.media_group_id is not None for item in self.items)

    @property
    def extra_message_id(self) -> int | None:
        """The message of the first photo that is left out, or that made the draft wide; None when there is none."""
        extra = self.items_with_photo[self.asked.shape.photo_limit :]
        return extra[0].message_id if extra else None

    @property
    def request_message_id(self) -> int:
        """The message that the videos reply to: the request itself, or else the first message with a photo."""
        if self.separate_request_id is not None:
            return self.separate_request_id
        own = [item for item in (*self.items_with_photo, *self.items) if item.message_id > 0]
        return own[0].message_id if own else self.card_message_id or 0


def borrow(photos: Sequence[PhotoRef], after: int = 0) -> tuple[DraftItem, ...]:
    """Photos from elsewhere as items of a draft, in their order.

    A number (a message id, say) sets these apart from other borrowed ones: ``after``.
    """
    return tuple(
        DraftItem(BORROWED + after * (MAX_PHOTOS + 1) + position, photo=photo)
        for position, photo in enumerate(photos[:MAX_PHOTOS])
    )


def order_of(draft: Draft) -> Order:
    """What a draft asks for that has all that a request needs."""
    return Order(
        request_key=draft_request_key(draft.id),
        chat_id=draft.owner.chat_id,
        thread_id=draft.owner.thread_id,
        user_id=draft.owner.user_id,
        language=draft.language,
        request_message_id=draft.request_message_id,
        status_message_id=draft.card_message_id,
        prompt=draft.prompt,
        options=draft.options,
        photos=draft.photos,
        ideas=write_ideas(draft.ideas),
    )


def ideas_in(phrases: Phrases) -> tuple[Idea, ...]:
    """The ideas of a language, in the order of its file."""
    return tuple(
        Idea(key.removeprefix(IDEA_PREFIX), phrases.plain(key)) for key in phrases.keys if key.startswith(IDEA_PREFIX)
    )


def read_ideas(column: str) -> tuple[Idea, ...]:
    """The ideas in a row's column."""
    return tuple(Idea(key, words) for key, words in json.loads(column)) if column else ()


def write_ideas(ideas: Sequence[Idea]) -> str:
    """The column of a row that holds these ideas, with their words: what is sent is what the card shows."""
    return json.dumps([(idea.key, idea.words) for idea in ideas], ensure_ascii=False) if ideas else ""
