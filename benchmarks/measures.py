"""What the servers saw, as figures: which edit showed which event, and what came of the videos."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.stage import Stage
from sandbox.botapi import ReceivedCall
from sandbox.genaipro import PostRecord

CHAT_GAP = timedelta(seconds=1)
"""Between two messages in a chat, by Telegram's rule."""

OVERALL, OVERALL_SPAN = 30, timedelta(seconds=1)
"""Messages in all within any such time, by the same."""

GROUP, GROUP_SPAN = 20, timedelta(seconds=60)
"""Messages in a group within any such time, by the same."""

TERMINAL = "video_generation_complete"

SHOWN = {"starting": "Starting…", "uploading_images": "Uploading your photos", "processing": "Making your video"}
"""What the status message says for the words it knows; any other is shown as it is."""


@dataclass(frozen=True, slots=True)
class Latency:
    """One event that was shown.

    Attributes:
        seconds: From the event to the request of its edit.
        forced: How much of it Telegram's limits forced: one message a second in a chat, 20 a minute in a group, 30 a
            second in all.
        in_group: Whether it was shown in a group.
    """

    seconds: float
    forced: float
    in_group: bool

    @property
    def own(self) -> float:
        """What is left without that: the bot's."""
        return max(0.0, self.seconds - self.forced)


@dataclass(frozen=True, slots=True)
class Run:
    """One generation, as the servers saw it.

    Attributes:
        post: Its request.
        chat_id: Its chat.
        message_id: Its status message.
    """

    post: PostRecord
    chat_id: int
    message_id: int


class Record:
    """The calls of a run of the bot, by chat and by message.

    Args:
        here: The stage.
        since: Number of the last call that does not count.
    """

    def __init__(self, here: Stage, since: int = 0) -> None:
        self.calls = [call for call in here.telegram.calls() if call.number > since]
        self._messages: list[ReceivedCall] = []
        self._place: dict[int, int] = {}
        self._by_chat: dict[object, list[ReceivedCall]] = defaultdict(list)
        for call in self.calls:
            if call.method.startswith(("send", "edit")):
                self._by_chat[call.chat_id].append(call)
                self._place[call.number] = len(self._messages)
                self._messages.append(call)
        self.posts = {post.prompt: post for post in here.genaipro.posts}

    def of_chat(self, chat_id: object) -> list[ReceivedCall]:
        """Messages to a chat and edits in it, in order."""
        return self._by_chat[chat_id]

    def room_at(self, call: ReceivedCall) -> datetime:
        """When the limit of all chats together had room for a message or edit."""
        place = self._place[call.number] - OVERALL
        return self._messages[place].at + OVERALL_SPAN if place >= 0 else call.at - OVERALL_SPAN

    @property
    def floods(self) -> int:
        """Calls that were answered with "too many requests"."""
        return sum(call.status == 429 for call in self.calls)

    def count(self, method: str) -> int:
        """Calls of a method that took effect."""
        return sum(call.method == method and call.applied for call in self.calls)


def latencies(here: Stage, since: int = 0) -> list[Latency]:
    """Each event with a word of its own, and the first edit that shows that word.

    Args:
        here: The stage; the words of a generation's events contain its prompt's number where several share a chat.
        since: Number of the last call that does not count.
    """
    record = Record(here, since)
    found = []
    for edits, post in _edits(record):
        for word, at in _words(post):
            shown = next((edit for edit in edits if word in str(edit.params.get("text")) and edit.at >= at), None)
            if shown is not None:
                found.append(_latency(record, shown, at))
    return found


def _words(post: PostRecord) -> Iterator[tuple[str, datetime]]:
    for event, at in zip(post.events, post.event_times, strict=True):
        name, _, word = event.partition(":")
        if word and name != TERMINAL:
            yield SHOWN.get(word, word), at


def _edits(record: Record) -> Iterator[tuple[list[ReceivedCall], PostRecord]]:
    """The edits that show each request's prompt, with the request."""
    by_prompt: dict[str, list[ReceivedCall]] = defaultdict(list)
    for call in record.calls:
        if call.method == "editMessageText" and call.status == 200:
            text = str(call.params.get("text"))
            start = text.find("\u2068")
            by_prompt[text[start + 1 : text.find("\u2069", start)]].append(call)
    for prompt, post in record.posts.items():
        yield by_prompt[prompt or ""], post


def _latency(record: Record, shown: ReceivedCall, at: datetime) -> Latency:
    in_group = isinstance(shown.chat_id, int) and shown.chat_id < 0
    earlier = [call.at for call in record.of_chat(shown.chat_id) if call.number < shown.number]
    room = [record.room_at(shown), *(one + CHAT_GAP for one in earlier[-1:])]
    if in_group and len(earlier) >= GROUP:
        room.append(earlier[-GROUP] + GROUP_SPAN)
    free = max([at, *room])
    seconds = (shown.at - at).total_seconds()
    return Latency(seconds, min(seconds, (free - at).total_seconds()), in_group)
