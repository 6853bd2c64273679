"""What the server keeps of every request, for tests to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class UploadedPhoto:
    """A photo as it arrived.

    Attributes:
        filename: As the client named it.
        content_type: As the client said.
        size: Bytes.
        sha256: Of its bytes, in hexadecimal.
        path: Where its bytes lie while the server runs.
        part: The part of the form that it came in.
    """

    filename: str
    content_type: str
    size: int
    sha256: str
    path: Path
    part: str = "reference_images"


@dataclass(slots=True)
class PostRecord:
    """One POST that asks for videos, filled in as it goes on.

    Attributes:
        at: When it came.
        headers: Its headers, ``Authorization`` left out.
        key_ok: Whether it brought the right key.
        prompt: The prompt, or None before it is read.
        number_of_videos: As sent, or None before it is read.
        photos: In the order they came; of frames the first one is the start.
        endpoint: ``ingredients-to-video`` or ``frames-to-video``.
        aspect_ratio: As sent, or None.
        status: Status of the answer, or None while there is none.
        error: Why it was refused, or empty.
        accepted: Whether it was charged and made.
        video_ids: Ids in the stream's array.
        events: Names of the events sent so far, with their data where it is a status word.
        event_times: When each of them was sent.
        finished: The exchange is over, from either side.
        client_left: The client closed the connection before the end.
    """

    at: datetime
    headers: Mapping[str, str]
    key_ok: bool = False
    prompt: str | None = None
    number_of_videos: str | None = None
    photos: list[UploadedPhoto] = field(default_factory=list)
    status: int | None = None
    error: str = ""
    accepted: bool = False
    video_ids: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    event_times: list[datetime] = field(default_factory=list)
    finished: bool = False
    client_left: bool = False
    endpoint: str = "ingredients-to-video"
    aspect_ratio: str | None = None


@dataclass(frozen=True, slots=True)
class GetRecord:
    """One GET of the history, the credits or a video file.

    Attributes:
        at: When it came.
        path: Path and query.
        headers: Its headers, ``Authorization`` left out.
        key_ok: Whether it brought the right key.
        status: Status of the answer.
    """

    at: datetime
    path: str
    headers: Mapping[str, str]
    key_ok: bool
    status: int
