"""Reading the JSON of a control request: every field by its type, none left over."""

import base64
import binascii
from pathlib import Path

from aiohttp import web

from sandbox.botapi.model import JsonObject


class ControlError(Exception):
    """A control request that makes no sense; its text says why."""


class Fields:
    """The fields of one request, each to be asked for once.

    Args:
        values: As they came.
    """

    def __init__(self, values: JsonObject) -> None:
        self._values = dict(values)

    @classmethod
    async def of(cls, request: web.Request) -> "Fields":
        """The fields of a request: its JSON body, or its query.

        Raises:
            ControlError: The body is no JSON object.
        """
        if request.method == "GET":
            return cls(dict(request.query))
        if not request.can_read_body:
            return cls({})
        try:
            values = await request.json()
        except ValueError:
            raise ControlError("the body is not JSON") from None
        if not isinstance(values, dict):
            raise ControlError("the body must be a JSON object")
        return cls(values)

    def text(self, name: str, default: str | None = None) -> str:
        """A string; without a default it must be there."""
        value = self._values.pop(name, default)
        if not isinstance(value, str):
            raise ControlError(f"{name} must be a string")
        return value

    def optional_text(self, name: str) -> str | None:
        """A string, or None."""
        if self._values.get(name) is None:
            self._values.pop(name, None)
            return None
        return self.text(name)

    def number(self, name: str) -> int:
        """A whole number that must be there."""
        value = self._values.pop(name, None)
        if isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ControlError(f"{name} must be a whole number")
        return value

    def optional_number(self, name: str) -> int | None:
        """A whole number, or None."""
        if self._values.get(name) is None:
            self._values.pop(name, None)
            return None
        return self.number(name)

    def seconds(self, name: str, default: float) -> float:
        """A number of seconds."""
        value = self._values.pop(name, default)
        if not isinstance(value, int | float) or value < 0:
            raise ControlError(f"{name} must be a number of seconds")
        return float(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean; 1 and 0 in a query."""
        value = self._values.pop(name, default)
        if value in {"1", "0"}:
            return value == "1"
        if not isinstance(value, bool):
            raise ControlError(f"{name} must be true or false")
        return value

    def numbers(self, name: str) -> list[int] | None:
        """A list of whole numbers, or None."""
        values = self._values.pop(name, None)
        if values is None:
            return None
        if not isinstance(values, list) or not all(isinstance(one, int) for one in values):
            raise ControlError(f"{name} must be a list of whole numbers")
        return values

    def texts(self, name: str) -> list[str]:
        """A list of strings, empty when it is absent."""
        values = self._values.pop(name, None) or []
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise ControlError(f"{name} must be a list of strings")
        return values

    def contents(self) -> list[bytes | Path]:
        """Files: ``path`` or ``paths`` on this machine, ``base64`` or ``base64s``."""
        paths = self.texts("paths") or [one for one in [self.optional_text("path")] if one]
        coded = self.texts("base64s") or [one for one in [self.optional_text("base64")] if one]
        try:
            return [*(Path(one) for one in paths), *(base64.b64decode(one, validate=True) for one in coded)]
        except binascii.Error:
            raise ControlError("base64 cannot be read") from None

    def done(self) -> None:
        """Refuse fields that nobody has asked for."""
        if self._values:
            raise ControlError(f"unknown field {min(self._values)!r}")
