"""What is known of a call that got no answer: whether it can have been made at all.

The causes of the library's errors. Each carries the name of what went wrong and nothing else: the messages of HTTP
libraries quote the address, which holds the token.
"""


class CallBrokeError(Exception):
    """No answer came to a call that may have arrived; the text is the name of the HTTP library's error."""


class NeverSentError(CallBrokeError):
    """No connection was had for the call: it provably never left this process."""
