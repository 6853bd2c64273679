"""Reads `.env` to find what pydantic-settings would pass over in silence: broken lines and misspelt names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

ENCODING = "utf-8-sig"
"""UTF-8, also with the mark that some editors put at the beginning."""

_FOREIGN = frozenset(
    {"TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_LOCAL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
)
"""Neighbours with similar names: settings of the local Bot API server and of proxies."""
_CLOSE = 0.85
_CLOSE_OUTSIDE = 0.9
_LONG = 13


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a `.env` file says.

    Attributes:
        values: Names and values as they stand.
        problems: One line for each thing that cannot be read; holds no value.
    """

    values: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_env_file(path: Path | None) -> EnvFile:
    """Read a `.env` file; one that does not exist is empty."""
    if path is None:
        return EnvFile({})
    try:
        with path.open(encoding=ENCODING) as stream:
            bindings = list(parse_stream(stream))
        # The library warns of broken lines by itself; they are told below.
        broken = any(binding.error for binding in bindings)
        values = {} if broken else dotenv_values(path, encoding=ENCODING)
    except FileNotFoundError:
        return EnvFile({})
    except OSError as error:
        return EnvFile({}, (f"{path.name} cannot be read: {error.strerror}; make it a readable text file",))
    except UnicodeDecodeError:
        return EnvFile({}, (f"{path.name} is not text in UTF-8; save it anew in that encoding",))
    problems = [
        f"{path.name}, line {_line(binding.original.string, binding.original.line)}: not understood; "
        "write NAME=value, for example LOG_LEVEL=INFO"
        for binding in bindings
        if binding.error or (binding.key is not None and not binding.key.isprintable())
    ]
    problems += [
        f"{path.name}, line {_line(binding.original.string, binding.original.line)}: {binding.key} has no value; "
        f"write {binding.key}=value"
        for binding in bindings
        if not binding.error and binding.key is not None and binding.key.isprintable() and binding.value is None
    ]
    return EnvFile({name: value for name, value in values.items() if value is not None}, tuple(problems))


def _line(text: str, first: int) -> int:
    """The line where a statement begins; the parser counts the blank lines before it to the statement."""
    return first + text[: len(text) - len(text.lstrip())].count("\n")


def misspelt(known: Iterable[str], in_file: Iterable[str], in_environment: Iterable[str]) -> list[tuple[str, str]]:
    """Names that look like a misspelling of a setting that is not set itself.

    The environment is full of other programs' variables: there, only a near miss of a long name counts.

    Returns:
        Pairs of the name found and the name that was probably meant, in the order they were found.
    """
    names = frozenset(known)
    file_names, outside_names = list(in_file), list(in_environment)
    unset = sorted(names - {name.upper() for name in (*file_names, *outside_names)})
    long_unset = [name for name in unset if len(name) >= _LONG]
    found = [(name, _nearest(name, unset, _CLOSE)) for name in file_names]
    found += [(name, _nearest(name, long_unset, _CLOSE_OUTSIDE)) for name in outside_names]
    return [(name, meant) for name, meant in dict(found).items() if meant and name.upper() not in names | _FOREIGN]


def _nearest(name: str, candidates: Iterable[str], least: float) -> str:
    rated = [(SequenceMatcher(None, name.upper(), candidate).ratio(), candidate) for candidate in candidates]
    ratio, best = max(rated, default=(0.0, ""))
    return best if ratio >= least else ""
