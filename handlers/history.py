"""``/history``: pages of earlier requests; choosing one sends its videos again."""

from dataclasses import dataclass
from datetime import timedelta
from html import escape

from babel.dates import format_skeleton
from telegram import CallbackQuery, Update

from handlers.context import Caller, Context
from handlers.menus import data_of, for_menu_owner
from handlers.replies import answer, answer_text, show
from handlers.visitors import for_visitors
from services.delivery.send import ResendOutcome
from services.history import HistoryEntry, HistoryPage, history_entry, history_page
from services.screens import Button, Screen
from services.texts import Html, Phrases, shorten
from services.throttle import person_key

MENU = "h"
LABEL_LENGTH = 40
PROMPT_LENGTH = 300
SEND_EVERY = timedelta(seconds=5)
"""Two taps within this time are one wish."""
MAX_PAGE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class HistoryChoice:
    """What a button asks for."""

    page: int
    """The page to show, or to find the way back to."""
    generation_id: str | None = None
    """The request whose videos are wanted."""


def understand(words: tuple[str, ...]) -> HistoryChoice | None:
    """The choice behind a button's words, or None."""
    match words:
        case ("p", page) if _is_page(page):
            return HistoryChoice(int(page))
        case ("v", generation_id, page) if _is_page(page):
            return HistoryChoice(int(page), generation_id)
    return None


def _is_page(word: str) -> bool:
    return word.isdecimal() and len(word) <= MAX_PAGE_DIGITS


def page_screen(phrases: Phrases, owner_id: int, page: HistoryPage) -> Screen:
    """A page: one button for each request, and the ways to newer and older ones."""
    if not page.entries:
        return Screen(phrases.html("history-empty"))
    rows: list[tuple[Button, ...]] = [
        (Button(_label(phrases, entry), data_of(MENU, owner_id, "v", entry.generation_id, page.number)),)
        for entry in page.entries
    ]
    ways = []
    if page.number > 0:
        ways.append(Button(phrases.plain("history-newer"), data_of(MENU, owner_id, "p", page.number - 1)))
    if page.number + 1 < page.pages:
        ways.append(Button(phrases.plain("history-older"), data_of(MENU, owner_id, "p", page.number + 1)))
    if ways:
        rows.append(tuple(ways))
    return Screen(phrases.html("history-page", page=page.number + 1, pages=page.pages), tuple(rows))


def entry_screen(phrases: Phrases, owner_id: int, entry: HistoryEntry, page: int) -> Screen:
    """One request: its prompt, links to what is only a link, and the buttons Again and back."""
    text = phrases.html(
        "history-entry", date=_date(phrases, entry), prompt=shorten(entry.prompt, PROMPT_LENGTH), count=entry.count
    )
    links = [
        phrases.html("history-link", number=number, url=Html(escape(url)))
        for number, url in enumerate(entry.links, start=len(entry.file_ids) + 1)
    ]
    again = Button(phrases.plain("history-again"), f"g:{entry.generation_id}:again")
    back = Button(phrases.plain("history-back"), data_of(MENU, owner_id, "p", page))
    return Screen("\n".join([text, *links]), ((again,), (back,)))


def _label(phrases: Phrases, entry: HistoryEntry) -> str:
    return phrases.plain("history-label", date=_date(phrases, entry), prompt=shorten(entry.prompt, LABEL_LENGTH))


def _date(phrases: Phrases, entry: HistoryEntry) -> str:
    return format_skeleton("MMMd", entry.asked_at, locale=phrases.language)


@for_visitors(as_person=True)
async def history(_update: Update, context: Context) -> None:
    """``/history``: show the newest page."""
    await answer(context, await _page(context, 0))


@for_menu_owner(understand)
async def browse_history(context: Context, query: CallbackQuery, choice: HistoryChoice) -> None:
    """A button: another page, or one request."""
    if choice.generation_id is None:
        await show(context, query, await _page(context, choice.page))
        return
    caller, phrases, services = context.visitor.caller, context.visitor.phrases, context.services
    entry = await services.database.read(history_entry, choice.generation_id, caller.user_id, _only_in(caller))
    if entry is None:
        await show(context, query, Screen(phrases.html("history-gone")))
    elif await services.throttle.allows(person_key("history", caller.user_id, entry.generation_id), SEND_EVERY):
        await show(context, query, entry_screen(phrases, caller.user_id, entry, choice.page))
        await _send(context, entry)


async def _page(context: Context, number: int) -> Screen:
    caller = context.visitor.caller
    page = await context.services.database.read(history_page, caller.user_id, number, _only_in(caller))
    return page_screen(context.visitor.phrases, caller.user_id, page)


async def _send(context: Context, entry: HistoryEntry) -> None:
    if not entry.file_ids:
        return
    place = context.visitor.caller.answer_place
    outcome = await context.services.sender.send_again(place, entry.file_ids, entry.prompt)
    if outcome is ResendOutcome.GONE:
        await answer_text(context, "history-gone")


def _only_in(caller: Caller) -> int | None:
    return None if caller.is_private else caller.chat_id
