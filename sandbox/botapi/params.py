"""The parameters of one call: decoded, checked against the method's list, read by type."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from sandbox.botapi.errors import bad_request
from sandbox.botapi.files import Incoming
from sandbox.botapi.model import JsonObject
from sandbox.botapi.specs import SPECS, Param

_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no", ""}


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose parameters have been decoded.

    Attributes:
        method: The method's proper name.
        params: Values of the types the method's list names; absent ones are absent.
        uploads: Uploaded files by the name of their part.
    """

    method: str
    params: JsonObject
    uploads: dict[str, Incoming] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        return str(self.params.get(name, default))

    def number(self, name: str, default: int = 0) -> int:
        """An integer."""
        return cast("int", self.params.get(name, default))

    def optional_number(self, name: str) -> int | None:
        """An integer, or None when it was not given."""
        return cast("int | None", self.params.get(name))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean."""
        return bool(self.params.get(name, default))

    @property
    def chat_id(self) -> int | str:
        """``chat_id``.

        Raises:
            ApiError: 400 when it is missing.
        """
        value = self.params.get("chat_id")
        if not isinstance(value, int | str) or value == "":
            raise bad_request("chat_id is empty")
        return value

    def structure(self, name: str) -> JsonObject | None:
        """A JSON object, or None when it was not given.

        Raises:
            ApiError: 400 when it is something else.
        """
        value = self.params.get(name)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"object expected as {name.replace('_', ' ')}")
        return value

    def array(self, name: str) -> list[object] | None:
        """A JSON array, or None when it was not given.

        Raises:
            ApiError: 400 when it is something else.
        """
        value = self.params.get(name)
        if value is not None and not isinstance(value, list):
            raise bad_request(f"expected an Array of {name.replace('_', ' ')}")
        return value


def decode(method: str, raw: Mapping[str, object], uploads: dict[str, Incoming], *, strict: bool) -> Call:
    """Make a call of what stood in the request.

    Args:
        method: The method's proper name.
        raw: Strings from forms, any JSON value from JSON bodies.
        uploads: Files by part.
        strict: Whether unknown parameters are refused.

    Raises:
        ApiError: 400 for a parameter that is unknown, missing or of the wrong type.
    """
    spec = SPECS[method]
    unknown = sorted(set(raw) - set(spec))
    if unknown and strict:
        raise bad_request(f'unknown parameter "{unknown[0]}" of {method} (strict mode)')
    params = {name: _decode_one(spec[name], value) for name, value in raw.items() if name in spec and value is not None}
    for param in spec.values():
        given = param.name in params or (param.kind == "file" and param.name in uploads)
        if param.required and not given:
            raise bad_request(_missing(param.name))
    return Call(method, params, uploads)


def _missing(name: str) -> str:
    if name == "text":
        return "message text is empty"
    return f"{name} is empty" if name == "chat_id" else f'parameter "{name}" is required'


def _decode_one(param: Param, value: object) -> object:
    if param.kind == "json":
        return _json(param.name, value)
    if param.kind == "bool":
        return _flag(param.name, value)
    if param.kind in {"int", "id", "float"}:
        return _number(param, value)
    if not isinstance(value, str):
        raise bad_request(f'parameter "{param.name}" must be of type String')
    return value


def _json(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise bad_request(f'parameter "{name}" must be of type Boolean')


def _number(param: Param, value: object) -> int | float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise bad_request(f'parameter "{param.name}" must be of type Number')
    if param.kind == "id" and isinstance(value, str) and not value.lstrip("-").isdigit():
        return value
    try:
        return float(value) if param.kind == "float" else int(str(value))
    except ValueError:
        raise bad_request(f'parameter "{param.name}" must be of type Number') from None
