"""Every call of the bot's since the start, to Telegram and to the service, as the page shows it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.botapi.clock import Clock
from sandbox.botapi.journal import Download, ReceivedCall
from sandbox.botapi.model import JsonObject

LONGEST = 20_000
"""Characters of a body that are shown."""
_HIDDEN = {"secret_token", "provider_token"}


def shown(value: object) -> object:
    """A value as it may be shown: nothing secret, nothing endless."""
    if isinstance(value, dict):
        return {name: "•••" if name in _HIDDEN else shown(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value


@dataclass(slots=True)
class Entry:
    """A call.

    Attributes:
        request: The number of the request that it belongs to, 0 for none.
        label: The method, or method and path.
        status: HTTP status of the answer; 0 = none came, None = none yet.
        note: What else became of it.
        result: Its answer.
        events: The events of its stream: time, name, data.
    """

    number: int
    request: int
    at: datetime
    service: str
    label: str
    params: JsonObject = field(default_factory=dict)
    status: int | None = None
    note: str = ""
    result: object = None
    events: list[JsonObject] = field(default_factory=list)

    def wire(self) -> JsonObject:
        """The entry as the page wants it."""
        return {
            "number": self.number,
            "request": self.request,
            "at": _milliseconds(self.at),
            "service": self.service,
            "label": self.label,
            "params": self.params,
            "status": self.status,
            "note": self.note,
            "result": self.result,
            "events": self.events,
        }


@dataclass(slots=True)
class WireLog:
    """All entries.

    Attributes:
        changed: Called with each entry that is new or has changed, without anything secret.
        secrets: Values that never leave this log, such as token and key.
    """

    clock: Clock
    changed: Callable[[JsonObject], None]
    secrets: Sequence[str]
    entries: list[Entry] = field(default_factory=list)

    def call(self, call: ReceivedCall, request: int) -> None:
        """Note a call to the Bot API."""
        entry = self.begin("telegram", call.method, request, call.at)
        uploads: JsonObject = {
            name: {"file_name": file.file_name, "mime_type": file.mime_type, "size": file.size}
            for name, file in call.uploads.items()
        }
        entry.params = call.params | uploads
        entry.status, entry.note, entry.result = call.status, call.description, call.result
        self.update(entry)

    def download(self, download: Download, request: int) -> None:
        """Note that the bot fetched a file from Telegram."""
        entry = self.begin("telegram", f"GET {download.path}", request, download.at)
        entry.status = download.status
        self.update(entry)

    def begin(self, service: str, label: str, request: int, at: datetime | None = None) -> Entry:
        """A new entry; it is shown with the first ``update``."""
        entry = Entry(len(self.entries) + 1, request, at or self.clock.now(), service, label)
        self.entries.append(entry)
        return entry

    def event(self, entry: Entry, name: str, data: object) -> None:
        """Note an event of a call's stream."""
        entry.events.append({"at": _milliseconds(self.clock.now()), "name": name, "data": shown(data)})
        self.update(entry)

    def update(self, entry: Entry) -> None:
        """Show an entry as it stands now."""
        self.changed(self._safe(entry))

    def wire(self) -> list[JsonObject]:
        """All entries as the page wants them."""
        return [self._safe(entry) for entry in self.entries]

    def _safe(self, entry: Entry) -> JsonObject:
        text = json.dumps(shown(entry.wire()), ensure_ascii=False, default=str)
        for secret in self.secrets:
            text = text.replace(secret, "•••") if secret else text
        safe: JsonObject = json.loads(text)
        return safe


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
