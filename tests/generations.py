"""A generation with everything that it must have, for tests to change."""

from datetime import UTC, datetime

from services.failures import Charged
from services.generations.model import Generation, State
from services.options import VideoOptions

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

QUEUED = Generation(
    id="0123456789abcdef",
    chat_id=1,
    thread_id=None,
    user_id=1,
    language="en",
    request_message_id=1,
    status_message_id=2,
    prompt="a cat",
    options=VideoOptions(),
    state=State.QUEUED,
    note="",
    epoch=0,
    queued_at=NOON,
    started_at=None,
    armed_at=None,
    attempts=0,
    reconciling_since=None,
    server_error=False,
    cancel_requested_at=None,
    finished_at=None,
    final_shown=False,
    failure=None,
    charged=Charged.NO,
)
"""Asked for at noon; it waits."""
