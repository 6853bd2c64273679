"""Inline mode: ``@bot`` typed in any chat offers the person's own videos. Source: Bot API, ``answerInlineQuery``."""

from structlog import get_logger
from telegram import InlineQueryResultCachedVideo, InlineQueryResultsButton, Update
from telegram.error import TelegramError

from handlers.context import Context
from services.delivery.send import as_caption
from services.sharing import SharedVideo, find_shared
from services.texts import Phrases, shorten

TITLE_LIMIT = 60
"""Code points of a prompt that a list of results shows on a phone."""

START_PARAMETER = "inline"
"""What ``/start`` is given by the button that opens the bot."""

log = get_logger(__name__)


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
    number = None
    if video.count > 1:
        number = phrases.plain("inline-number", number=video.position + 1)
    return InlineQueryResultCachedVideo(
        video.id,
        video.file_id,
        shorten(video.prompt, TITLE_LIMIT) or "…",
        description=number,
        caption=as_caption(video.prompt),
    )
