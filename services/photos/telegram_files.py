"""``getFile`` of the Bot API, as the photos need it."""

from pathlib import Path

from telegram import Bot
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter

from services.photos.fetch import TelegramFile
from services.photos.model import PhotoError, PhotoProblem
from services.retries import TryAgainError


class BotFiles:
    """Asks a ``telegram.Bot`` where files are.

    Args:
        bot: The bot.
        local_mode: Whether its Bot API server runs in local mode and may answer with a path on this machine.
    """

    def __init__(self, bot: Bot, *, local_mode: bool = False) -> None:
        self._bot = bot
        self._local_mode = local_mode

    async def file_url(self, file_id: str) -> TelegramFile:
        """Asks where a file can be got.

        Args:
            file_id: Telegram's file id.

        Returns:
            Address or path, and size.

        Raises:
            PhotoError: ``GONE`` or ``TOO_LARGE``.
            TryAgainError: Telegram could not be reached, is overloaded, or asked to wait.
        """
        try:
            file = await self._bot.get_file(file_id)
        except RetryAfter as error:
            wait = error.retry_after
            seconds = float(wait) if isinstance(wait, int) else wait.total_seconds()
            raise TryAgainError(429, seconds) from None
        except BadRequest as error:
            # BadRequest is a NetworkError to the library; texts come with a capital or without (Bot API, getFile).
            too_large = "too big" in error.message.lower()
            raise PhotoError(PhotoProblem.TOO_LARGE if too_large else PhotoProblem.GONE) from None
        except (Forbidden, InvalidToken):
            raise PhotoError(PhotoProblem.GONE) from None
        except NetworkError:
            raise TryAgainError from None
        if not file.file_path:
            raise PhotoError(PhotoProblem.GONE)
        return TelegramFile(self._location(file.file_path), file.file_size)

    def _location(self, file_path: str) -> str | Path:
        """The library leaves a path alone that exists on this machine, and makes anything else an address."""
        if file_path.startswith(("http://", "https://")):
            return file_path
        if self._local_mode and Path(file_path).is_absolute():
            return Path(file_path)
        return f"{self._bot.base_file_url}/{file_path}"
