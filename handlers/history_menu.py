"""``/history``: pages of earlier requests; choosing one sends its videos again."""

from dataclasses import dataclass
from datetime import timedelta
from html import escape

from babel.dates import format_skeleton
from telegram import CallbackQuery, Update
from telegram.ext import ContextTypes

from handlers.answers import Answers
from handlers.callers import Caller
from handlers.guard import Guard, Visitor
from handlers.menus import data_of
from handlers.presses import Presses
from services.delivery.send import ResendOutcome, VideoSender
from services.excerpt import shorten
from services.history import History, HistoryEntry, HistoryPage
from services.screens import Button, Screen
from services.texts import Html, Phrases
from services.throttle import Throttle, person_key

MENU = "h"
LABEL_LENGTH = 40
PROMPT_LENGTH = 300
SEND_EVERY = timedelta(seconds=5)
"""Two taps within this time are one wish."""
MAX_PAGE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """What a button asks for.

    Attributes:
        page: The page to show, or to find the way back to.
        generation_id: The request whose videos are wanted, or None.
    """

    page: int
    generation_id: str | None = None


def understand(words: tuple[str, ...]) -> Wish | None:
    """The wish behind a button's words, or None."""
    match words:
        case ("p", page) if _is_page(page):
            return Wish(int(page))
        case ("v", generation_id, page) if _is_page(page):
            return Wish(int(page), generation_id)
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


class HistoryMenu:
    """Shows earlier requests.

    Args:
        guard: Lets people in.
        presses: Takes the buttons.
        answers: Says things.
        history: Knows the requests.
        sender: Sends the videos.
        throttle: Makes two quick taps one.
    """

    def __init__(
        self,
        guard: Guard,
        presses: Presses,
        answers: Answers,
        history: History,
        sender: VideoSender,
        throttle: Throttle,
    ) -> None:
        self._guard = guard
        self._presses = presses
        self._answers = answers
        self._history = history
        self._sender = sender
        self._throttle = throttle

    async def command(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/history``: show the newest page."""
        visitor = await self._guard.admit(update, as_person=True)
        if visitor is not None:
            await self._answers.say(visitor.caller.answer_place, await self._page(visitor, 0))

    async def press(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """A button: another page, or one request."""
        await self._presses.handle(update, understand, self._go)

    async def _go(self, visitor: Visitor, query: CallbackQuery, wish: Wish) -> None:
        if wish.generation_id is None:
            await self._answers.show(query, await self._page(visitor, wish.page))
            return
        user_id = visitor.caller.user_id
        entry = await self._history.entry(wish.generation_id, user_id, _only_in(visitor.caller))
        if entry is None:
            await self._answers.show(query, Screen(visitor.phrases.html("history-gone")))
        elif await self._throttle.allows(person_key("history", user_id, entry.generation_id), SEND_EVERY):
            await self._answers.show(query, entry_screen(visitor.phrases, user_id, entry, wish.page))
            await self._send(visitor, entry)

    async def _page(self, visitor: Visitor, number: int) -> Screen:
        page = await self._history.page(visitor.caller.user_id, number, _only_in(visitor.caller))
        return page_screen(visitor.phrases, visitor.caller.user_id, page)

    async def _send(self, visitor: Visitor, entry: HistoryEntry) -> None:
        if not entry.file_ids:
            return
        place = visitor.caller.answer_place
        outcome = await self._sender.send_again(place, entry.file_ids, entry.prompt)
        if outcome is ResendOutcome.GONE:
            await self._answers.say(place, Screen(visitor.phrases.html("history-gone")))


def _only_in(caller: Caller) -> int | None:
    return None if caller.is_private else caller.chat_id
