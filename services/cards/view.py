"""The card of a draft: a few lines and its buttons, and the page of ideas under the same lines."""

from services.drafts.model import Draft, DraftState, ideas_in
from services.drafts.presses import IDEA, CardButton
from services.generations.model import Price
from services.options import OPTION_WORDS
from services.screens import Button, ButtonStyle, Screen
from services.texts import Phrases, isolate, prompt_line

Rows = tuple[tuple[Button, ...], ...]


def card_screen(draft: Draft, phrases: Phrases, price: Price | None = None) -> Screen:
    """What the card of an open or cancelled draft shows, with the price where it costs something."""
    if draft.state is DraftState.CANCELLED:
        return Screen(phrases.html("draft-card-cancelled"))
    rows = _ideas_page(draft, phrases) if draft.shows_ideas else _buttons(draft, phrases)
    return Screen(_text(draft, phrases, price), rows)


def _text(draft: Draft, phrases: Phrases, price: Price | None) -> str:
    place, limit = "group" if draft.owner.in_group else "private", draft.options.shape.photo_limit
    lines: list[str] = [
        phrases.html("draft-card-photos", count=len(draft.photos), limit=limit)
        if draft.photos
        else phrases.html("draft-card-photos-missing", limit=limit, place=place)
    ]
    if draft.words.strip():
        lines.append(phrases.html("draft-card-prompt", prompt=prompt_line(draft.words)))
    elif not draft.ideas:
        lines.append(phrases.html("draft-card-prompt-missing", place=place))
    if draft.ideas:
        ideas = "; ".join(idea.words for idea in draft.ideas)
        lines.append(phrases.html("draft-card-ideas", ideas=isolate(ideas)))
    lines.append(phrases.html("draft-card-count", count=draft.options.count))
    if price is not None:
        lines.append(phrases.html("card-price", stars=price.stars))
        used = (("card-free", price.free), ("card-credit", price.credit))
        lines += [phrases.html(key, count=count) for key, count in used if count]
    return "\n".join(lines)


def _buttons(draft: Draft, phrases: Phrases) -> Rows:
    chosen = draft.options.words
    options = [
        tuple(_option(phrases, draft, word, is_chosen=word == chosen[option]) for word in words)
        for option, words in OPTION_WORDS.items()
    ]
    ideas = (Button(phrases.plain("draft-button-ideas"), _data(draft, CardButton.IDEAS)),)
    cancel = Button(phrases.plain("draft-button-cancel"), _data(draft, CardButton.CANCEL), ButtonStyle.DANGER)
    if not draft.is_ready:
        return *options, ideas, (cancel,)
    generate = Button(phrases.plain("draft-button-generate"), _data(draft, CardButton.GENERATE), ButtonStyle.SUCCESS)
    return *options, ideas, (generate, cancel)


def _ideas_page(draft: Draft, phrases: Phrases) -> Rows:
    chosen = {idea.key for idea in draft.ideas}
    rows = []
    for idea in ideas_in(phrases):
        label = phrases.plain("draft-idea-chosen", label=idea.words) if idea.key in chosen else idea.words
        rows.append((Button(label, _data(draft, f"{IDEA}{idea.key}")),))
    return *rows, (Button(phrases.plain("draft-button-back"), _data(draft, CardButton.BACK)),)


def option_label(phrases: Phrases, word: str) -> str:
    """What a button says that chooses a value of an option."""
    return word if word.isdecimal() else phrases.plain(f"draft-button-{word}")


def _option(phrases: Phrases, draft: Draft, word: str, *, is_chosen: bool) -> Button:
    label = option_label(phrases, word)
    return Button(phrases.plain("draft-chosen", label=label) if is_chosen else label, _data(draft, word))


def _data(draft: Draft, word: str) -> str:
    return f"d:{draft.id}:{word}"
