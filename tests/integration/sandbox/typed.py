"""aiogram's methods and types, imported without the validators of all of them.

Those take three seconds in each process of the tests, which need two dozen: each is built where it is first used.
"""

import typing
from typing import TypeVar
from unittest.mock import patch

from pydantic import BaseModel

with patch.object(BaseModel, "model_rebuild", classmethod(lambda _cls, **_options: None)):
    from aiogram import methods, types
    from aiogram.client.default import Default

__all__ = ["complete", "methods", "types"]

Model = TypeVar("Model", bound=BaseModel)

_NAMES = {**vars(typing), "Default": Default, **{name: getattr(types, name) for name in types.__all__}}


def complete(model: type[Model]) -> type[Model]:
    """The model with its validator."""
    if not model.__pydantic_complete__:
        model.model_rebuild(_types_namespace=_NAMES)
    return model
