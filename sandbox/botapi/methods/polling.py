"""Methods that bring updates, and the bot's own identity."""

from urllib.parse import urlsplit

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import WEBHOOK_ACTIVE, bad_request, conflict
from sandbox.botapi.methods.base import Handler
from sandbox.botapi.params import Call
from sandbox.botapi.updates import KINDS
from sandbox.botapi.wire import user_wire

MAX_POLL = 50
_SECRET_LETTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


async def get_me(backend: Backend, call: Call) -> object:
    """The bot as a ``User``."""
    del call
    return user_wire(backend.world.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not backend.options.privacy_mode,
        "supports_inline_queries": backend.inline.enabled,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
    }


async def get_updates(backend: Backend, call: Call) -> object:
    """Updates from ``offset`` on, by long polling."""
    if backend.webhook.url:
        raise conflict(WEBHOOK_ACTIVE)
    _allow(backend, call)
    limit = call.number("limit", 100)
    wait = min(max(0, call.number("timeout")), MAX_POLL)
    updates = await backend.updates.poll(call.number("offset"), limit if 1 <= limit <= 100 else 100, wait)
    return [update.wire() for update in updates]


def _allow(backend: Backend, call: Call) -> None:
    allowed = call.array("allowed_updates")
    if allowed is None:
        return
    unknown = [kind for kind in allowed if kind not in KINDS]
    if unknown and backend.options.strict:
        raise bad_request(f"unknown update type {unknown[0]!r} (strict mode)")
    backend.updates.allowed = tuple(str(kind) for kind in allowed)


async def set_webhook(backend: Backend, call: Call) -> object:
    """Deliver updates to a URL from now on."""
    url, secret = call.text("url"), call.text("secret_token")
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise bad_request("bad webhook: invalid webhook URL specified")
    if set(secret) - _SECRET_LETTERS or len(secret) > 256:
        raise bad_request("secret token contains illegal characters")
    connections = call.number("max_connections", 40)
    if not 1 <= connections <= 100:
        raise bad_request("max_connections must be between 1 and 100")
    _allow(backend, call)
    if call.flag("drop_pending_updates"):
        backend.updates.pending.clear()
    backend.webhook.point_at(url, secret, connections)
    return True


async def delete_webhook(backend: Backend, call: Call) -> object:
    """Go back to long polling."""
    if call.flag("drop_pending_updates"):
        backend.updates.pending.clear()
    if backend.webhook.url:
        backend.webhook.point_at("", "", 40)
    return True


async def get_webhook_info(backend: Backend, call: Call) -> object:
    """The webhook's state."""
    del call
    return backend.webhook.info()


async def accept(backend: Backend, call: Call) -> object:
    """``logOut`` and ``close``: nothing to do for one server on loopback."""
    del backend, call
    return True


METHODS: dict[str, Handler] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "logOut": accept,
    "close": accept,
}
