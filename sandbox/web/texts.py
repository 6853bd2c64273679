"""The page's own words, in English and Vietnamese."""

import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import TypeAlias

HERE = Path(__file__).parent
Words: TypeAlias = dict[str, str]
_SLOT = re.compile(r"\{\{([\w-]+)\}\}")


@cache
def words(language: str) -> Words:
    """All words of a language by key."""
    read: Words = json.loads((HERE / "locales" / f"{language}.json").read_text(encoding="utf-8"))
    return read


def page(name: str, language: str) -> str:
    """An HTML file of the page with ``{{key}}`` replaced by the words of a language."""
    source = (HERE / "static" / name).read_text(encoding="utf-8")
    known = words(language) | {"lang": language}
    return _SLOT.sub(lambda match: escape(known[match[1]]), source)


def module(language: str) -> str:
    """The words as a JavaScript module."""
    return f"export const language = {json.dumps(language)};\nexport const words = {json.dumps(words(language))};\n"
