"""What can be set on the Bot API server when it is made."""

from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """Telegram's limits on messages (https://core.telegram.org/bots/faq, "My bot is hitting limits").

    Attributes:
        per_chat: Messages a second in one chat, in the long run.
        chat_burst: Messages that may go out at once in one chat before ``per_chat`` bites.
        per_group: Messages within any 60 seconds in one group or supergroup.
        overall: Messages a second in all chats together; also the size of that burst.
    """

    per_chat: float = 1.0
    chat_burst: int = 3
    per_group: int = 20
    overall: int = 30


@dataclass(frozen=True, slots=True)
class BotApiOptions:
    """Settings of a Bot API server.

    Attributes:
        token: The one token the server knows.
        bot_id: The bot's user id.
        bot_name: The bot's first name.
        bot_username: The bot's username, without ``@``.
        host: Address to listen on.
        port: Port to listen on; 0 = any free one.
        data_dir: Where files are kept; None = a temporary directory, removed at the end.
        strict: Refuse parameters that Bot API 10.0 does not know, and files nobody refers to.
        flood: Whether flood limits are enforced from the start.
        flood_limits: The limits themselves.
        privacy_mode: Whether the bot sees only what is meant for it in groups, as bots do by default.
        local_mode: Behave as a Bot API server in ``--local`` mode: no download limit, absolute file paths.
        upload_limit: Largest upload, bytes (``local_mode``: 2000 MB whatever stands here).
        download_limit: Largest file ``getFile`` gives out and largest file taken by URL, bytes.
        photo_limit: Largest photo sent by the bot, bytes.
        fetch_timeout: Seconds the server waits for a file it is sent as a URL.
        callback_ttl: Seconds within which a callback query can be answered.
        inline_mode: Whether BotFather's inline mode is on.
        inline_feedback: Whether the bot hears which inline results are chosen.
        inline_ttl: Seconds within which an inline query can be answered.
        checkout_ttl: Seconds within which a pre-checkout query must be answered.
        webhook_retry: Seconds between two tries to deliver an update to the webhook.
    """

    token: str = "7000000001:AAsandbox_loopback_only_00000000000"  # noqa: S105 - good on loopback only
    bot_id: int = 7_000_000_001
    bot_name: str = "Pho2Video"
    bot_username: str = "pho2video_bot"
    host: str = "127.0.0.1"
    port: int = 0
    data_dir: Path | None = None
    strict: bool = True
    flood: bool = False
    flood_limits: FloodLimits = field(default_factory=FloodLimits)
    privacy_mode: bool = True
    local_mode: bool = False
    upload_limit: int = 50 * MEGABYTE
    download_limit: int = 20 * MEGABYTE
    photo_limit: int = 10 * MEGABYTE
    fetch_timeout: float = 30.0
    callback_ttl: float = 900.0
    inline_mode: bool = False
    inline_feedback: bool = False
    inline_ttl: float = 10.0
    checkout_ttl: float = 10.0
    webhook_retry: float = 1.0
