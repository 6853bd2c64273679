"""The card of a draft: three lines and its buttons."""

from services.drafts.model import Draft, DraftState
from services.excerpt import prompt_line
from services.generations.model import MAX_VIDEOS
from services.photos.model import MAX_PHOTOS
from services.screens import Button, Screen
from services.texts import Phrases


def card_screen(draft: Draft, phrases: Phrases) -> Screen:
    """What the card of a draft shows.

    Args:
        draft: The draft; an open one, or a cancelled one, whose card has no buttons.
        phrases: The texts in its language.
    """
    if draft.state is DraftState.CANCELLED:
        return Screen(phrases.html("draft-card-cancelled"))
    return Screen(_text(draft, phrases), _buttons(draft, phrases))


def _text(draft: Draft, phrases: Phrases) -> str:
    place = "group" if draft.owner.in_group else "private"
    lines = [
        phrases.html("draft-card-photos", count=len(draft.photos), limit=MAX_PHOTOS)
        if draft.photos
        else phrases.html("draft-card-photos-missing", limit=MAX_PHOTOS, place=place),
        phrases.html("draft-card-prompt", prompt=prompt_line(draft.prompt))
        if draft.prompt.strip()
        else phrases.html("draft-card-prompt-missing", place=place),
        phrases.html("draft-card-count", count=draft.count),
    ]
    return "\n".join(lines)


def _buttons(draft: Draft, phrases: Phrases) -> tuple[tuple[Button, ...], ...]:
    counts = tuple(
        Button(f"• {count} •" if count == draft.count else str(count), f"d:{draft.id}:{count}")
        for count in range(1, MAX_VIDEOS + 1)
    )
    cancel = Button(phrases.plain("draft-button-cancel"), f"d:{draft.id}:cancel")
    if not draft.is_ready:
        return counts, (cancel,)
    return counts, (Button(phrases.plain("draft-button-generate"), f"d:{draft.id}:go"), cancel)
