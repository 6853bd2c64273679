"""HTTP answers that are no stream: refusals, and what a guard in front of the service says."""

from aiohttp import web

from sandbox.genaipro.options import Guard
from sandbox.genaipro.script import Answer

_PAGE = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title><meta name="robots" '
    'content="noindex,nofollow"></head><body><h1>Checking your browser before you proceed.</h1></body></html>'
)
_MITIGATED = {"cf-mitigated": "challenge", "Server": "cloudflare"}
GUARD_ANSWERS = {
    Guard.CODE: Answer(403, "error code: 1010", {"Server": "cloudflare"}, "text/plain"),
    Guard.CHALLENGE: Answer(403, _PAGE, _MITIGATED, "text/html"),
    Guard.BUSY: Answer(503, _PAGE, _MITIGATED, "text/html"),
}
"""What each guard says; nothing reaches the service behind it."""


def answer_response(answer: Answer) -> web.Response:
    """The answer as a response."""
    headers = dict(answer.headers)
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, text=answer.body, content_type=answer.content_type, headers=headers)
    return web.json_response(answer.body, status=answer.status, headers=headers)
