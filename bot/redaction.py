"""Takes out of a text what nobody but its owner may see: tokens, keys, signed addresses, what people wrote.

A last line of defence behind the rule that such things are not logged at all: it also covers what libraries put into
their messages and exceptions.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "***"

_SHORTEST = 4
"""Shorter values are left to the patterns, or half of every line would be hidden."""
_PLAIN = 12
"""Values so long are found anywhere, shorter ones only as words: they may be parts of words by chance."""

_URL = re.compile(
    r"\b(?P<scheme>[a-z][a-z0-9+.-]{1,20})://(?:[^\s\"'<>\\/?#]*@)?(?P<host>\[[0-9a-f:.%]+\]|[^\s\"'<>\\/?#:@,;)\]}]+)"
    r"(?P<port>:\d{1,5})?(?P<rest>[/?#][^\s\"'<>\\]*)?",
    re.IGNORECASE,
)
_ENCODED_URL = re.compile(r"\b(https?)%3A%2F%2F[^\s\"'<>\\&]+", re.IGNORECASE)
_TOKEN = re.compile(r"\d{3,}(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)
_BOT_PATH = re.compile(r"/bot\d+(?::|%3A)[^\s/\"'<>\\]*", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer)(\s+|%20|\+)[A-Za-z0-9._~+/%=-]+", re.IGNORECASE)
_GUARDED = r"\b(?P<name>[\w-]{0,40}(?:authorization|token|secret|passw(?:or)?d|api[-_]?key))"
_NAMED_QUOTED = re.compile(
    _GUARDED + r"(?P<between>[\"']?\s*[=:]\s*b?|[\"']\s*,\s*b?)(?P<quote>[\"'])[^\"'\\]*(?P=quote)", re.IGNORECASE
)
_NAMED_BARE = re.compile(_GUARDED + r"(?P<between>\s*=\s*)[^\s\"'\\,;&)\]}]+", re.IGNORECASE)
_HEADER = re.compile(r"\b((?:proxy-)?authorization|x-telegram-bot-api-secret-token)(:\s*)[^\"'\\]+", re.IGNORECASE)
_SIGNED_QUERY = re.compile(
    r"([?&](?:[a-z0-9_.-]*(?:sign|sig|token|key|secret|expire|credential|policy|auth)[a-z0-9_.-]*)=)[^\s&\"'<>\\]+",
    re.IGNORECASE,
)
# Values bound to a statement, as SQLAlchemy and PostgreSQL repeat them in their errors: prompts among them.
_PARAMETERS = re.compile(r"\[parameters: .*\]")
_FAILING_ROW = re.compile(r"(Failing row contains )\(.*\)")

_OPEN_HOSTS = frozenset({"t.me", "sqlalche.me"})
"""Addresses that are shown whole: links that the operator is meant to open, explanations of errors."""


def _short_url(match: re.Match[str]) -> str:
    host, rest = match["host"], match["rest"] or ""
    if host.lower() in _OPEN_HOSTS:
        return match[0]
    hidden = rest if rest in {"", "/"} else "/…"
    return f"{match['scheme']}://{host}{match['port'] or ''}{hidden}"


def _forms(secret: str) -> set[str]:
    """A secret as it may be written: plain, percent-encoded, and within a representation."""
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {secret, *encoded, *(re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in encoded)}


class Redactor:
    """Replaces secrets in texts; knows the patterns, and the exact values it was given."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            forms |= _forms(secret)
            bot_id, colon, rest = secret.partition(":")
            if colon and bot_id.isdigit():
                forms |= _forms(rest)
        known = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
        self._exact = re.compile("|".join(map(_pattern, known))) if known else None

    def __call__(self, text: str) -> str:
        """The text without secrets: for a value on its own."""
        return _FAILING_ROW.sub(rf"\1({MASK})", _PARAMETERS.sub(f"[parameters: {MASK}]", self.line(text)))

    def line(self, text: str) -> str:
        """The text without secrets: for a finished line, whose quotes and braces stay in their places."""
        if self._exact is not None:
            text = self._exact.sub(MASK, text)
        text = _BOT_PATH.sub(f"/bot{MASK}", text)
        text = _TOKEN.sub(MASK, text)
        text = _HEADER.sub(rf"\1\2{MASK}", text)
        text = _BEARER.sub(rf"\1 {MASK}", text)
        text = _URL.sub(_short_url, text)
        text = _ENCODED_URL.sub(r"\1://…", text)
        text = _NAMED_QUOTED.sub(rf"\g<name>\g<between>\g<quote>{MASK}\g<quote>", text)
        text = _NAMED_BARE.sub(rf"\g<name>\g<between>{MASK}", text)
        return _SIGNED_QUERY.sub(rf"\1{MASK}", text)


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _PLAIN else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
