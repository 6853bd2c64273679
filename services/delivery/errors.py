"""What can go wrong between a video's address and the chat. No message holds an address, a key or a token."""

from enum import StrEnum


class VideoProblem(StrEnum):
    """Why a video can be sent as a link at best."""

    TOO_LARGE = "too-large"
    """Larger than can be uploaded: the link works."""
    UNAVAILABLE = "unavailable"
    """Could not be fetched, however often it was tried: the link may work later."""
    GONE = "gone"
    """There is nothing at its address (404, 410)."""
    NOT_A_VIDEO = "not-a-video"
    """What came is no video: an error page, a cut-off file."""
    REFUSED_ADDRESS = "refused-address"
    """Its address, or one it redirects to, may not be fetched."""


class VideoError(Exception):
    """A video that could not be got, or is none.

    Args:
        size: Bytes of one that is too large, where the server named them.
    """

    def __init__(self, problem: VideoProblem, size: int | None = None) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.size = size


class SendError(Exception):
    """Base: videos could not be sent. Messages are Telegram's own words or empty."""


class SendRefusedError(SendError):
    """Telegram refused the media, or their size: nothing was sent, and another way of sending may work."""


class SendForbiddenError(SendError):
    """The bot may not write there (blocked, kicked, no rights, closed topic, chat gone): nothing was sent."""


class SendNotSentError(SendError):
    """Provably not sent: no connection, or one that broke before the request was whole. May be tried again.

    One that broke off during the upload (``broke_off``) is also how some servers refuse a size.
    """

    def __init__(self, reason: str, *, broke_off: bool = False) -> None:
        super().__init__(reason)
        self.broke_off = broke_off


class SendUnknownError(SendError):
    """The request was written and no usable answer came: the videos may be in the chat. Not to be repeated blindly."""
