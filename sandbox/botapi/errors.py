"""Telegram's refusals, in Telegram's own words.

The texts are those that bots see from the public server; their capital letters and punctuation matter, because
libraries tell refusals apart by them.
"""

import math


class ApiError(Exception):
    """A call that is refused.

    Attributes:
        code: HTTP status and ``error_code``.
        description: The text after which libraries sort errors.
        retry_after: Seconds to wait, on 429.
        migrate_to: The supergroup's id, when the group has become one.
    """

    def __init__(
        self, code: int, description: str, *, retry_after: int | None = None, migrate_to: int | None = None
    ) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.migrate_to = migrate_to

    def body(self) -> dict[str, object]:
        """The JSON that the bot gets."""
        body: dict[str, object] = {"ok": False, "error_code": self.code, "description": self.description}
        parameters: dict[str, object] = {}
        if self.retry_after is not None:
            parameters["retry_after"] = self.retry_after
        if self.migrate_to is not None:
            parameters["migrate_to_chat_id"] = self.migrate_to
        if parameters:
            body["parameters"] = parameters
        return body


def bad_request(text: str) -> ApiError:
    """A 400 with ``text`` after "Bad Request: "."""
    return ApiError(400, f"Bad Request: {text}")


def forbidden(text: str) -> ApiError:
    """A 403 with ``text`` after "Forbidden: "."""
    return ApiError(403, f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    """A 409 with ``text`` after "Conflict: "."""
    return ApiError(409, f"Conflict: {text}")


def too_many_requests(seconds: float) -> ApiError:
    """A 429 that asks for ``seconds``, rounded up to at least one."""
    wait = max(1, math.ceil(seconds))
    return ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)


def migrated(chat_id: int) -> ApiError:
    """The group has become the supergroup ``chat_id``."""
    return ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to=chat_id)


def unauthorized() -> ApiError:
    """The token is not known."""
    return ApiError(401, "Unauthorized")


def not_found() -> ApiError:
    """The method, or the file, does not exist."""
    return ApiError(404, "Not Found")


def entity_too_large() -> ApiError:
    """The upload is over the limit."""
    return ApiError(413, "Request Entity Too Large")


WRONG_FILE = "wrong file identifier/HTTP URL specified"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
POLL_TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
