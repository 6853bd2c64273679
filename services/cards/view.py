"""The card of a draft: a few lines and its buttons, and the page of ideas under the same lines."""

from services.drafts.model import Draft, DraftState, ideas_in, photo_limit
from services.generations.model import MAX_VIDEOS, Price, Shape
from services.screens import Button, ButtonStyle, Screen
from services.texts import Phrases, isolate, prompt_line

Rows = tuple[tuple[Button, ...], ...]


def card_screen(draft: Draft, phrases: Phrases, price: Price | None = None) -> Screen:
    """What the card of an open or cancelled draft shows, with the price where it costs something."""
    if draft.state is DraftState.CANCELLED:
        return Screen(phrases.html("draft-card-cancelled"))
    return Screen(
        _text(draft, phrases, price), _ideas_page(draft, phrases) if draft.shows_ideas else _buttons(draft, phrases)
    )


def _text(draft: Draft, phrases: Phrases, price: Price | None) -> str:
    place, limit = "group" if draft.owner.in_group else "private", photo_limit(draft.shape)
    has_words = bool(draft.words.strip())
    lines: list[str] = [
        phrases.html("draft-card-photos", count=len(draft.photos), limit=limit)
        if draft.photos
        else phrases.html("draft-card-photos-missing", limit=limit, place=place)
    ]
    if has_words:
        lines.append(phrases.html("draft-card-prompt", prompt=prompt_line(draft.words)))
    elif not draft.ideas:
        lines.append(phrases.html("draft-card-prompt-missing", place=place))
    if draft.ideas:
        ideas = "; ".join(idea.words for idea in draft.ideas)
        lines.append(phrases.html("draft-card-ideas", ideas=isolate(ideas)))
    lines.append(phrases.html("draft-card-count", count=draft.count))
    if price is not None:
        lines.append(phrases.html("card-price", stars=price.stars))
    if price is not None and price.free:
        lines.append(phrases.html("card-free", count=price.free))
    if price is not None and price.credit:
        lines.append(phrases.html("card-credit", count=price.credit))
    return "\n".join(lines)


def _buttons(draft: Draft, phrases: Phrases) -> Rows:
    counts = tuple(
        _choice(phrases, str(count), draft, str(count), is_chosen=count == draft.count)
        for count in range(1, MAX_VIDEOS + 1)
    )
    shapes = tuple(
        _choice(
            phrases, phrases.plain(f"draft-button-{shape.value}"), draft, shape.value, is_chosen=shape is draft.shape
        )
        for shape in Shape
    )
    ideas = (Button(phrases.plain("draft-button-ideas"), _data(draft, "ideas")),)
    cancel = Button(phrases.plain("draft-button-cancel"), _data(draft, "cancel"), ButtonStyle.DANGER)
    if not draft.is_ready:
        return counts, shapes, ideas, (cancel,)
    generate = Button(phrases.plain("draft-button-generate"), _data(draft, "go"), ButtonStyle.SUCCESS)
    return counts, shapes, ideas, (generate, cancel)


def _ideas_page(draft: Draft, phrases: Phrases) -> Rows:
    chosen = {idea.key for idea in draft.ideas}
    ideas = tuple(
        (
            Button(
                phrases.plain("draft-idea-chosen", label=idea.words) if idea.key in chosen else idea.words,
                _data(draft, f"i-{idea.key}"),
            ),
        )
        for idea in ideas_in(phrases)
    )
    return *ideas, (Button(phrases.plain("draft-button-back"), _data(draft, "back")),)


def _choice(phrases: Phrases, label: str, draft: Draft, word: str, *, is_chosen: bool) -> Button:
    return Button(phrases.plain("draft-chosen", label=label) if is_chosen else label, _data(draft, word))


def _data(draft: Draft, word: str) -> str:
    return f"d:{draft.id}:{word}"
