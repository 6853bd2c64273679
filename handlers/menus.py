"""Callback data of the menus that belong to one person: ``<menu>:<owner>:<word>…``, and reading it without trust."""

import re
from dataclasses import dataclass

DATA_LIMIT = 64
"""Bytes of callback data (Bot API page of ``InlineKeyboardButton``)."""

_FORM = re.compile(r"(?a:(?P<menu>[a-z]):(?P<owner>[0-9]{1,19}):(?P<words>[a-z0-9]+(?::[a-z0-9]+){0,3}))")


@dataclass(frozen=True, slots=True)
class Press:
    """A button as it was made.

    Attributes:
        owner_id: Whose menu it is.
        words: What it does; never empty.
    """

    owner_id: int
    words: tuple[str, ...]


def data_of(menu: str, owner_id: int, *words: str | int) -> str:
    """Callback data for a button.

    Args:
        menu: One lower-case letter.
        owner_id: Whose menu it is.
        words: One to four, of lower-case letters and digits.

    Raises:
        ValueError: It would not be read back, or not be taken by Telegram.
    """
    data = ":".join([menu, str(owner_id), *map(str, words)])
    if len(data) > DATA_LIMIT or _FORM.fullmatch(data) is None:
        raise ValueError(f"not fit for a button: {data!r}")
    return data


def read_press(data: str | None) -> Press | None:
    """What a button says, or None for data that this bot never made."""
    match = _FORM.fullmatch(data or "")
    if match is None:
        return None
    return Press(int(match["owner"]), tuple(match["words"].split(":")))
