"""What is known of a call to Telegram that got no answer: whether it can have been made at all.

The causes of the library's errors. Each carries the name of what went wrong and nothing else: the messages of HTTP
libraries quote the address, which holds the token.
"""


class CallBrokeError(Exception):
    """No answer came to a call that may have arrived; the text is the name of the HTTP library's error."""


class NeverSentError(CallBrokeError):
    """The call provably never left this process, or never passed the proxy."""


def reason(error: BaseException | None) -> str:
    """Why a call failed, for the log: what the connection says of it, else the kind of error."""
    cause = error.__cause__ if error is not None else None
    return str(cause) if isinstance(cause, CallBrokeError) else type(error).__name__
