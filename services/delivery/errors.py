"""What can go wrong between a video's address and the chat. No message holds an address, a key or a token."""


class VideoError(Exception):
    """Base: a video could not be got, or is none."""


class AddressRefusedError(VideoError):
    """The address, or one it redirects to, is not one that may be fetched."""


class VideoGoneError(VideoError):
    """There is nothing at the address (404, 410)."""


class VideoUnavailableError(VideoError):
    """The video could not be got, however often it was tried; ``status`` is the last one, None without an answer."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__(f"unavailable (status {status})")
        self.status = status


class VideoTooLargeError(VideoError):
    """The video is larger than can be sent on; its size in bytes is None when only the limit is known to be passed."""

    def __init__(self, size: int | None = None) -> None:
        super().__init__("too large")
        self.size = size


class NotAVideoError(VideoError):
    """What was got is not a video (a page that says something else, a cut-off file)."""


class SendError(Exception):
    """Base: videos could not be sent. Messages are Telegram's own words or empty."""


class SendRefusedError(SendError):
    """Telegram refused the media: nothing was sent, and another way of sending may work."""


class SendTooLargeError(SendRefusedError):
    """Telegram refused the request for its size (413)."""


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
