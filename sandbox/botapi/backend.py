"""The parts of the server that its methods work on, in one place."""

import secrets
from pathlib import Path

import aiohttp

from sandbox.botapi.clock import Clock
from sandbox.botapi.errors import too_many_requests
from sandbox.botapi.faults import FaultBoard
from sandbox.botapi.files import FileStore
from sandbox.botapi.flood import FloodControl
from sandbox.botapi.inline import InlineBoard
from sandbox.botapi.journal import Journal, Press
from sandbox.botapi.model import Chat, JsonObject, Message
from sandbox.botapi.options import MEGABYTE, BotApiOptions
from sandbox.botapi.stars import StarAccount
from sandbox.botapi.state import World
from sandbox.botapi.transcript import line_of
from sandbox.botapi.updates import UpdateQueue
from sandbox.botapi.webhook import Webhook
from sandbox.signals import Signal

LOCAL_LIMIT = 2000 * MEGABYTE


class Backend:
    """State, files, updates, journal, limits and faults of one server.

    Args:
        options: The server's settings.
        clock: Time.
        root: The directory for files.
        session: For files by URL and for the webhook.
    """

    def __init__(self, options: BotApiOptions, clock: Clock, root: Path, session: aiohttp.ClientSession) -> None:
        self.options = options
        self.clock = clock
        self.session = session
        self.signal = Signal()
        self.world = World(options, clock)
        self.files = FileStore(root)
        self.updates = UpdateQueue(self.signal)
        self.journal = Journal(self.signal)
        self.faults = FaultBoard()
        self.stars = StarAccount()
        self.inline = InlineBoard(enabled=options.inline_mode, feedback=options.inline_feedback)
        self.flood = FloodControl(options.flood_limits, clock.monotonic, enabled=options.flood)
        self.webhook = Webhook(self.updates, session, clock, options.webhook_retry)

    @property
    def upload_limit(self) -> int:
        """Largest upload, bytes."""
        return LOCAL_LIMIT if self.options.local_mode else self.options.upload_limit

    @property
    def download_limit(self) -> int:
        """Largest file that ``getFile`` gives out, bytes."""
        return LOCAL_LIMIT if self.options.local_mode else self.options.download_limit

    def admit(self, chat: Chat) -> None:
        """Count a message or edit against the flood limits.

        Raises:
            ApiError: 429.
        """
        wait = self.flood.admit(chat)
        if wait:
            raise too_many_requests(wait)

    def note(self, kind: str, actor: str, message: Message) -> None:
        """Put something that was done to a message into the journal."""
        self.journal.add_event(
            kind, actor, self.clock.now(), {"message": line_of(self.world, message).wire(history=False)}
        )

    def note_other(self, kind: str, actor: str, details: JsonObject) -> None:
        """Put something else into the journal."""
        self.journal.add_event(kind, actor, self.clock.now(), details)

    def new_press(self, user_id: int, data: str, chat_id: int = 0, message_id: int = 0) -> Press:
        """Remember that a button was pressed; chat and message are 0 where the bot is told of neither."""
        query_id = str(secrets.randbits(62))
        press = Press(query_id, user_id, chat_id, message_id, data, self.clock.monotonic())
        self.journal.presses[query_id] = press
        return press
