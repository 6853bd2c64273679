"""Reads along what passes through, for the log: forms and Server-Sent Events.

Sources: RFC 7578, https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes

from sandbox.botapi.model import JsonObject

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r(?=.)", re.DOTALL)


@dataclass(slots=True)
class EventReader:
    """Takes a stream in pieces and gives the events that are complete."""

    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )
    _rest: str = ""
    _name: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> Iterator[tuple[str, object]]:
        """The names and data of the events that this piece completes; data that is JSON is read."""
        *lines, self._rest = _LINE_END.split(self._rest + self._decoder.decode(chunk))
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                yield self._name or "message", _read("\n".join(self._data))
                self._name, self._data = "", []

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)


def _read(data: str) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return data


def read_form(body: bytes, content_type: str) -> JsonObject:
    """The fields of a form: texts as they are, files by name and size; a field that comes several times is a list."""
    fields: JsonObject = {}
    boundary = _BOUNDARY.search(content_type)
    parts = body.split(f"--{boundary[1]}".encode())[1:] if boundary else []
    for part in parts:
        head, separator, content = part.partition(b"\r\n\r\n")
        if not separator:
            continue
        about = message_from_bytes(head.strip() + b"\r\n\r\n")
        name = str(about.get_param("name", "", "content-disposition"))
        content = content.removesuffix(b"\r\n")
        file_name = about.get_filename()
        value: object = content.decode("utf-8", "replace")
        if file_name is not None:
            value = {"file_name": file_name, "mime_type": about.get_content_type(), "size": len(content)}
        before = fields.get(name)
        fields[name] = value if before is None else [*before, value] if isinstance(before, list) else [before, value]
    return fields
