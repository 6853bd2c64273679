"""Loads the settings from the environment and from `.env`: whatever is wrong becomes one clear line each."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from urllib.parse import unquote

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream
from pydantic import ValidationError

from bot.errors import STATUS_CONFIGURATION, OperatorError
from bot.settings import ENCODING, ENV_FILE, PUBLIC_TELEGRAM, REQUIRED, Settings

PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""Variables of the environment that other programs take their proxies from, and this one does not."""

_NOT_OURS = frozenset({"TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_LOCAL", *PROXY_NAMES, "NO_PROXY"})
"""Similar names that are no misspellings: settings of the local Bot API server and of proxies."""
_LONG_NAME = 13
"""Characters from which on a name in the environment, which other programs share, can be told to be a misspelling."""
_WORDS = {
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of a few digits",
    "float_parsing": "must be a number of seconds",
}
"""Complaints of pydantic, by their type, where its own words are not those of an operator."""


class SettingsError(OperatorError):
    """Settings that cannot be used: one line for each problem, with the variable, what is wrong and an example."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines), STATUS_CONFIGURATION)


def load_settings(*, run: bool = True) -> Settings:
    """Read the settings from the environment and from `.env`, or raise ``SettingsError``.

    Args:
        run: Whether token and key are needed.
    """
    in_file = _read_env_file()
    typos = _misspelt(in_file)
    problems = [f"{found} is not a setting; did you mean {meant}? {_example(meant)}" for found, meant in typos.items()]
    given = {name.upper(): value.strip() for name, value in (*in_file.items(), *os.environ.items())}
    needed = [name.upper() for name in REQUIRED if run]
    missing = [name for name in needed if not given.get(name) and name not in typos.values()]
    problems += [f"{name} is not set; {_example(name)}" for name in missing]
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError([*problems, *_complaints(error)]) from None
    problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _read_env_file() -> dict[str, str]:
    """Read what the `.env` file sets, and refuse the lines that pydantic-settings would pass over in silence."""
    try:
        with ENV_FILE.open(encoding=ENCODING) as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError([f"{ENV_FILE} cannot be read: {error.strerror}; make it a readable text file"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{ENV_FILE} is not text in UTF-8; save it anew in that encoding"]) from None
    problems = [f"{ENV_FILE}, line {_line(one)}: {problem}" for one in bindings if (problem := _problem_of(one))]
    if problems:
        raise SettingsError(problems)
    return {name: value for name, value in dotenv_values(ENV_FILE, encoding=ENCODING).items() if value is not None}


def _problem_of(binding: Binding) -> str:
    if binding.error or (binding.key is not None and not binding.key.isprintable()):
        return "not understood; write NAME=value, for example LOG_LEVEL=INFO"
    if binding.key is not None and binding.value is None:
        return f"{binding.key} has no value; write {binding.key}=value"
    return ""


def _line(binding: Binding) -> int:
    """The line where a statement begins; the parser counts the blank lines before it to the statement."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _misspelt(in_file: Iterable[str]) -> dict[str, str]:
    """Names that look like a misspelling of a setting that is not set itself, and what was probably meant."""
    names = {name.upper() for name in Settings.model_fields}
    unset = sorted(names - {name.upper() for name in (*in_file, *os.environ)})
    long_unset = [name for name in unset if len(name) >= _LONG_NAME]
    close = {name: get_close_matches(name.upper(), unset, 1, 0.85) for name in in_file}
    close |= {name: get_close_matches(name.upper(), long_unset, 1, 0.9) for name in os.environ}
    return {name: found[0] for name, found in close.items() if found and name.upper() not in names | _NOT_OURS}


def _example(name: str) -> str:
    return f"for example {name}={(Settings.model_fields[name.lower()].examples or [''])[0]}"


def _complaints(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for item in error.errors(include_url=False, include_input=False):
        name = str(item["loc"][0]).upper()
        words = item["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)
        lines.append(f"{name} {_WORDS.get(item['type'], words)}; {_example(name)}")
    return lines


def _contradictions(settings: Settings) -> list[str]:
    """What is wrong only together."""
    lines = []
    token = settings.telegram_bot_token.get_secret_value()
    if settings.webhook_url and not settings.webhook_secret.get_secret_value():
        lines.append(f"WEBHOOK_SECRET is required with WEBHOOK_URL; {_example('WEBHOOK_SECRET')}")
    if settings.webhook_url and settings.http_port == 0:
        lines.append(f"HTTP_PORT must not be 0 with WEBHOOK_URL; {_example('HTTP_PORT')}")
    if token and token in unquote(settings.webhook_url):
        lines.append(f"WEBHOOK_URL must not hold the token; {_example('WEBHOOK_URL')}")
    if settings.telegram_local_mode and settings.telegram_api_url == PUBLIC_TELEGRAM:
        lines.append(f"TELEGRAM_LOCAL_MODE needs a Bot API server of your own; {_example('TELEGRAM_API_URL')}")
    return lines


def ignored_proxies() -> list[str]:
    """Names of the proxy variables that are set in the environment and count for nothing."""
    return [name for name, value in os.environ.items() if value and name.upper() in PROXY_NAMES]
