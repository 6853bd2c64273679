"""What the outbox itself has to say against a call."""

from telegram.error import TelegramError


class OutboxClosedError(TelegramError):
    """The call was not sent, because the process is going down. It certainly did not reach Telegram."""

    def __init__(self) -> None:
        super().__init__("the outbox is closed, the call was not sent")
