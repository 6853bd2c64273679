"""A person's own videos: ``/history``, which sends them again, and ``@bot`` typed in any chat, which offers them.

Source: Bot API page of ``answerInlineQuery``.
"""

import re
from datetime import timedelta
from html import escape

from babel.dates import format_skeleton
from structlog import get_logger
from telegram import CallbackQuery, InlineQueryResultCachedVideo, InlineQueryResultsButton, Update
from telegram.error import TelegramError

from handlers.context import Context
from handlers.visitors import data_of, for_menu_owner, for_persons
from services.delivery.send import as_caption
from services.history import HistoryEntry, HistoryPage, SharedVideo, find_shared, history_entry, history_page
from services.screens import Button, Screen
from services.texts import Html, Phrases, shorten
from services.throttle import person_key

MENU = "h"
LABEL_LENGTH = 40
PROMPT_LENGTH = 300
SEND_EVERY = timedelta(seconds=5)
"""Two taps within this time are one wish."""
HISTORY_CHOICE = re.compile(r"(?:p|v:(?P<wanted>[a-z0-9]+)):(?P<page>[0-9]{1,6})")
"""What a button asks for: a page, or the videos of a request, with the page to find the way back to."""
TITLE_LIMIT = 60
"""Code points of a prompt that a list of results shows on a phone."""

START_PARAMETER = "inline"
"""What ``/start`` is given by the button that opens the bot."""

log = get_logger(__name__)


def page_screen(phrases: Phrases, owner_id: int, page: HistoryPage) -> Screen:
    """A page: one button for each request, and the ways to newer and older ones."""
    if not page.entries:
        return Screen(phrases.html("history-empty"))
    rows: list[tuple[Button, ...]] = []
    for entry in page.entries:
        prompt = shorten(entry.prompt, LABEL_LENGTH)
        label = phrases.plain("history-label", date=_date(phrases, entry), prompt=prompt)
        rows.append((Button(label, data_of(MENU, owner_id, "v", entry.generation_id, page.number)),))
    ways = tuple(
        Button(phrases.plain(key), data_of(MENU, owner_id, "p", number))
        for key, number in (("history-newer", page.number - 1), ("history-older", page.number + 1))
        if 0 <= number < page.pages
    )
    rows += [ways] if ways else []
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


def _date(phrases: Phrases, entry: HistoryEntry) -> str:
    return format_skeleton("MMMd", entry.asked_at, locale=phrases.language)


@for_persons
async def history(_update: Update, context: Context) -> None:
    """``/history``: show the newest page."""
    await context.answer(await _page(context, 0))


@for_menu_owner(HISTORY_CHOICE.fullmatch)
async def browse_history(context: Context, query: CallbackQuery, choice: re.Match[str]) -> None:
    """A button: another page, or one request."""
    page = int(choice["page"])
    if choice["wanted"] is None:
        await context.show(query, await _page(context, page))
        return
    caller, phrases, services = context.visitor.caller, context.visitor.phrases, context.services
    entry = await services.database.read(history_entry, caller.user_id, caller.chat_id, choice["wanted"])
    if entry is None:
        await context.show(query, Screen(phrases.html("history-gone")))
    elif await services.throttle.allows(person_key("history", caller.user_id, entry.generation_id), SEND_EVERY):
        await context.show(query, entry_screen(phrases, caller.user_id, entry, page))
        again = services.sender.send_again
        if entry.file_ids and not await again(caller.answer_place, entry.file_ids, entry.prompt):
            await context.answer_text("history-gone")


async def _page(context: Context, number: int) -> Screen:
    caller = context.visitor.caller
    page = await context.services.database.read(history_page, caller.user_id, caller.chat_id, number)
    return page_screen(context.visitor.phrases, caller.user_id, page)


async def offer_videos(update: Update, context: Context) -> None:
    """Offer what the query finds, or the way to the bot where it finds nothing.

    Nothing is cached, so that what was made or forgotten a moment ago counts at once.
    """
    query, services = update.inline_query, context.services
    if query is None:
        return
    user = query.from_user
    page = await find_shared(services.database, services.access, user.id, query.query, query.offset)
    preferences = await services.people.preferences(user.id, user.language_code, is_guest=True)
    phrases = services.texts.into(preferences.language)
    button = None
    if not page.videos and not query.offset:
        button = InlineQueryResultsButton(phrases.plain("inline-open"), start_parameter=START_PARAMETER)
    try:
        await query.answer(
            [_result(video, phrases) for video in page.videos],
            cache_time=0,
            is_personal=True,
            next_offset=page.next_offset,
            button=button,
        )
    except TelegramError as error:
        # The person has typed on, most likely: an answer is worthless seconds later.
        log.info("inline_query_not_answered", error=type(error).__name__)


def _result(video: SharedVideo, phrases: Phrases) -> InlineQueryResultCachedVideo:
    number = phrases.plain("inline-number", number=video.position + 1) if video.count > 1 else None
    return InlineQueryResultCachedVideo(
        video.id,
        video.file_id,
        shorten(video.prompt, TITLE_LIMIT) or "…",
        description=number,
        caption=as_caption(video.prompt),
    )
