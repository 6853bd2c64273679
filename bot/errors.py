"""What an operator is told when the process cannot go on: one clear line, and an exit status."""

STATUS_FAILED = 1
"""Something outside stands in the way: a refused token, a port in use."""
STATUS_CONFIGURATION = 2
"""A setting is missing or unusable."""
STATUS_INTERRUPTED = 130
"""Interrupted from the keyboard, as shells have it (128 + SIGINT)."""


class OperatorError(Exception):
    """Ends the process with a message for its operator, not a traceback: what is wrong and what to do, no secrets."""

    def __init__(self, message: str, exit_status: int = STATUS_FAILED) -> None:
        super().__init__(message)
        self.exit_status = exit_status

    @property
    def lines(self) -> tuple[str, ...]:
        """The message, line by line."""
        return tuple(str(self).splitlines())
