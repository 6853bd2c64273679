"""Ideas: words about camera, light and scene that a person adds to a prompt by a tap.

The language files have them. A draft's row keeps the words that were chosen: what is sent is what the card shows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from telegram.constants import MessageLimit

from services.texts import Phrases

PREFIX = "idea-"
MAX_PROMPT = int(MessageLimit.MAX_TEXT_LENGTH)
"""Code points of a prompt, the words of its ideas included."""


@dataclass(frozen=True, slots=True)
class Idea:
    """One idea."""

    key: str
    """Its name in the language files, without the prefix."""
    words: str
    """What is added to the prompt, in the draft's language."""


def ideas_in(phrases: Phrases) -> tuple[Idea, ...]:
    """The ideas of a language, in the order of its file."""
    return tuple(Idea(key.removeprefix(PREFIX), phrases.plain(key)) for key in phrases.keys if key.startswith(PREFIX))


def toggle(chosen: Sequence[Idea], idea: Idea) -> tuple[Idea, ...]:
    """The chosen ideas with this one, or without it where it was among them."""
    others = tuple(one for one in chosen if one.key != idea.key)
    return others if len(others) < len(chosen) else (*chosen, idea)


def read_ideas(column: str) -> tuple[Idea, ...]:
    """The ideas in a row's column."""
    return tuple(Idea(key, words) for key, words in json.loads(column)) if column else ()


def write_ideas(ideas: Sequence[Idea]) -> str:
    """The column of a row that holds these ideas."""
    return json.dumps([(idea.key, idea.words) for idea in ideas], ensure_ascii=False) if ideas else ""
