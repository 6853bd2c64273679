"""What went wrong in a handler: known faults of the network and of chats are noted, others are apologised for.

An update that met an outage of the database is no fault: it is handled again, as one that a kill cut short would be.
"""

from structlog import get_logger
from telegram import Update
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError

from handlers.context import Context, caller_of
from services.messenger import ChatClosedError
from services.screens import Place, Screen
from services.services import Services
from services.store.database import DATABASE_OUTAGES
from services.telegram_errors import Refusal, is_closed, refusal_of

log = get_logger(__name__)


def is_quiet(error: BaseException) -> bool:
    """Whether an error is a known fault of a chat or of the network, where an apology could not be sent either.

    A refused request is a fault of ours, save for a press whose answer came too late (``BadRequest`` is a kind of
    ``NetworkError`` in the library).
    """
    if isinstance(error, BadRequest):
        return is_closed(error) or refusal_of(error) is Refusal.PRESS_TOO_OLD
    return isinstance(error, (NetworkError, Forbidden, RetryAfter, ChatMigrated, ChatClosedError))


async def handle_error(update: object, context: Context) -> None:
    """Note an error; in private, apologise for one that is ours, in one sentence and without details."""
    error = context.error
    if error is None:
        return
    if is_quiet(error):
        log.info("update_not_answered", error=type(error).__name__)
        return
    if isinstance(error, DATABASE_OUTAGES) and isinstance(update, Update):
        context.services.inbox.cut_short.add(update.update_id)
        return
    log.error("update_failed", exc_info=error)
    if isinstance(update, Update):
        await _apologise(update, context.services)


async def _apologise(update: Update, services: Services) -> None:
    caller = caller_of(update)
    if caller is None or not caller.is_private:
        return
    phrases = services.texts.into(services.texts.choose(caller.telegram_language))
    try:
        place = Place(caller.chat_id, caller.thread_id)
        await services.messenger.send(place, Screen(phrases.html("error-sorry")))
    except (TelegramError, ChatClosedError) as failure:
        log.info("apology_not_sent", error=type(failure).__name__)
