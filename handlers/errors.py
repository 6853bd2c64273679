"""What went wrong in a handler: known faults of the network and of chats are noted, others are apologised for.

An update that met an outage of the database is no fault: it is handled again, as one that a kill cut short would be.
"""

from structlog import get_logger
from telegram import Update
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.ext import ContextTypes

from handlers.callers import caller_of
from services.messenger import ChatClosedError, ChatMovedError, Messenger
from services.screens import Place, Screen
from services.store.outage_log import DATABASE_OUTAGES
from services.texts import Texts

log = get_logger(__name__)

_QUIET = (Forbidden, RetryAfter, ChatClosedError, ChatMovedError)


def is_quiet(error: BaseException) -> bool:
    """Whether an error is a known fault of a chat or of the network, where an apology could not be sent either.

    A refused request is a fault of ours, save for a press whose answer came too late (``BadRequest`` is a kind of
    ``NetworkError`` in the library).
    """
    if isinstance(error, BadRequest):
        text = error.message.lower()
        return "query is too old" in text or "chat not found" in text
    return isinstance(error, (*_QUIET, NetworkError))


class Errors:
    """The last resort of all handlers.

    Args:
        messenger: Says sorry.
        texts: The words.
    """

    def __init__(self, messenger: Messenger, texts: Texts) -> None:
        self._messenger = messenger
        self._texts = texts
        self._cut_short: set[int] = set()

    def was_cut_short(self, update_id: int) -> bool:
        """Whether an outage of the database kept an update from being handled; to be asked once after each attempt."""
        if update_id not in self._cut_short:
            return False
        self._cut_short.discard(update_id)
        return True

    async def handle(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Note an error; in private, apologise for one that is ours, in one sentence and without details."""
        error = context.error
        if error is None:
            return
        if is_quiet(error):
            log.info("update_not_answered", error=type(error).__name__)
            return
        if isinstance(error, DATABASE_OUTAGES) and isinstance(update, Update):
            self._cut_short.add(update.update_id)
            return
        log.error("update_failed", exc_info=error)
        if isinstance(update, Update):
            await self._apologise(update)

    async def _apologise(self, update: Update) -> None:
        caller = caller_of(update)
        if caller is None or not caller.is_private:
            return
        phrases = self._texts.into(self._texts.choose(caller.telegram_language))
        try:
            place = Place(caller.chat_id, caller.thread_id)
            await self._messenger.send(place, Screen(phrases.html("error-sorry")))
        except (TelegramError, ChatClosedError, ChatMovedError) as failure:
            log.info("apology_not_sent", error=type(failure).__name__)
