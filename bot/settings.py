"""Loads the settings; everything that is wrong with them becomes one clear line each."""

import os
from pathlib import Path
from urllib.parse import unquote

from pydantic import ValidationError

from bot.env_file import ENCODING, misspelt, read_env_file
from bot.errors import STATUS_CONFIGURATION, OperatorError
from bot.settings_model import PUBLIC_TELEGRAM, FixedSettings, Settings, doc_of

__all__ = ["FixedSettings", "Settings", "SettingsError", "load_settings"]


class SettingsError(OperatorError):
    """Settings that cannot be used.

    Args:
        lines: One line for each problem: the variable, what is wrong, an example. No values.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines), STATUS_CONFIGURATION)


def load_settings(*, run: bool = True, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings from the environment, then from ``env_file``; the environment wins.

    Args:
        run: Whether token and key are needed.
        env_file: Relative to the working directory; None for the environment alone.

    Raises:
        SettingsError: With a line for every problem.
    """
    file = read_env_file(env_file)
    if file.problems:
        # What else is wrong cannot be told from a file that was not understood.
        raise SettingsError(list(file.problems))
    typos = misspelt({name.upper() for name in Settings.model_fields}, file.values, os.environ)
    problems = [f"{found} is not a setting; did you mean {meant}? {_example(meant)}" for found, meant in typos]
    given = {name.upper(): value.strip() for name, value in (*file.values.items(), *os.environ.items())}
    if run:
        problems += [
            f"{name} is not set; {_example(name)}"
            for name in (field.upper() for field in Settings.model_fields if doc_of(field).required)
            if not given.get(name) and name not in dict(typos).values()
        ]
    try:
        settings = Settings(_env_file=env_file, _env_file_encoding=ENCODING)
    except ValidationError as error:
        raise SettingsError([*problems, *_complaints(error)]) from None
    problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _example(name: str) -> str:
    return f"for example {name}={doc_of(name.lower()).example}"


def _complaints(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for item in error.errors(include_url=False, include_input=False):
        name = str(item["loc"][0]).upper()
        lines.append(f"{name} {item.get('ctx', {}).get('error', 'cannot be used')}; {_example(name)}")
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
