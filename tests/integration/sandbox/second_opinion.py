"""A second library's opinion: aiogram's typed methods and types must accept what went over the wire."""

from collections.abc import Iterable, Iterator

import aiogram.methods
from aiogram.types import BufferedInputFile
from pydantic import BaseModel, ValidationError

from sandbox.botapi import ReceivedCall


class SecondOpinionError(AssertionError):
    """aiogram would not have sent, or understood, this."""


def unknown_fields(value: object, path: str = "") -> Iterator[str]:
    """Fields that were given and that the models do not know, at any depth."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{path}{name}"
        for name in value.model_fields_set & set(type(value).model_fields):
            yield from unknown_fields(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from unknown_fields(item, f"{path}{number}.")


def check_call(call: ReceivedCall) -> None:
    """Have aiogram build the same request.

    Raises:
        SecondOpinionError: It has no such method, misses a parameter, knows no such parameter or wants another type.
    """
    method = getattr(aiogram.methods, call.method[0].upper() + call.method[1:], None)
    if method is None:
        raise SecondOpinionError(f"#{call.number}: aiogram has no method {call.method}")
    params = dict(call.params)
    for part, upload in call.uploads.items():
        if part in method.model_fields:
            params[part] = BufferedInputFile(b"", upload.file_name or "file")
    try:
        request = method(**params)
    except ValidationError as error:
        raise SecondOpinionError(f"#{call.number} {call.method}: {error}") from None
    unknown = sorted(unknown_fields(request))
    if unknown:
        raise SecondOpinionError(f"#{call.number} {call.method}: aiogram knows no {', '.join(unknown)}")


def check_calls(calls: Iterable[ReceivedCall]) -> int:
    """Have aiogram build every request of a log; gives their number.

    Raises:
        SecondOpinionError: For the first one that it would not.
    """
    count = 0
    for call in calls:
        check_call(call)
        count += 1
    return count


def check_type(model: type[BaseModel], wire: object) -> None:
    """Have aiogram read an object that the server has answered with.

    Raises:
        SecondOpinionError: It misses a field, knows no such field or wants another type.
    """
    try:
        value = model.model_validate(wire)
    except ValidationError as error:
        raise SecondOpinionError(f"{model.__name__}: {error}") from None
    unknown = sorted(unknown_fields(value))
    if unknown:
        raise SecondOpinionError(f"{model.__name__}: aiogram knows no {', '.join(unknown)}")
