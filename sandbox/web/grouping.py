"""Which request of a person's each call belongs to, told from messages, replies, files and prompts alone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.botapi.journal import Press, ReceivedCall
from sandbox.botapi.model import JsonObject, Message, Photo

TITLE = 60


@dataclass(slots=True)
class Request:
    """What a person asked for, from their first message on; number 0 is everything else.

    Attributes:
        title: The beginning of their words.
        words: All of them, to know their prompt by.
        own: Their messages: chat and number.
        command: It began with a command, and what is written next has nothing to do with it.
        posted: The service was asked.
        ended: The service has answered.
        videos: The service's names for the videos.
    """

    number: int
    title: str = ""
    words: list[str] = field(default_factory=list)
    own: list[tuple[int, int]] = field(default_factory=list)
    posted: bool = False
    ended: bool = False
    videos: set[str] = field(default_factory=set)
    command: bool = False

    @property
    def over(self) -> bool:
        """Whether another message or press begins another request."""
        return self.posted and self.ended

    def wire(self) -> JsonObject:
        """The request as the page wants it."""
        return {"number": self.number, "title": self.title}


class Grouping:
    """Sorts calls into requests.

    Attributes:
        requests: All of them, oldest first; the first is for calls that belong to none.
        changed: Called with each request that is new or has another title.
    """

    def __init__(self, changed: Callable[[Request], None]) -> None:
        self.requests = [Request(0)]
        self.changed = changed
        self._of_message: dict[tuple[int, int], Request] = {}
        self._of_file: dict[str, Request] = {}
        self._of_album: dict[str, Request] = {}
        self._of_chat: dict[int, Request] = {}
        self._of_person: dict[tuple[int, int], Request] = {}

    def person_wrote(self, message: Message) -> None:
        """Take in a person's message."""
        place, writer = (message.chat_id, message.message_id), (message.chat_id, message.sender.user_id)
        text = message.content.text
        request = self._of_album.get(message.media_group_id) or self._continued(message, writer)
        if request is None or request.over or text.startswith("/"):
            request = self._begin(writer, text)
            request.command = text.startswith("/")
        if message.media_group_id:
            self._of_album[message.media_group_id] = request
        request.own.append(place)
        if text:
            request.words.append(text)
        if text and not request.title:
            request.title = text[:TITLE]
            self.changed(request)
        self._of_message[place] = self._of_chat[message.chat_id] = self._of_person[writer] = request
        media = message.media
        files = [size.file for size in media.sizes] if isinstance(media, Photo) else [media.file] if media else []
        self._of_file.update({file.file_id: request for file in files})

    def person_pressed(self, press: Press) -> None:
        """Take in a press: on the buttons of a request that is over it begins another one, as Again does."""
        place, writer = (press.chat_id, press.message_id), (press.chat_id, press.user_id)
        request = self._of_message.get(place, self.requests[0])
        if request.over:
            again = self._begin(writer, request.title)
            again.words, again.own = list(request.words), list(request.own)
            self._of_message.update(dict.fromkeys([place, *request.own], again))
            request = again
        self._of_chat[press.chat_id] = self._of_person[writer] = request

    def of_call(self, call: ReceivedCall, press: Press | None) -> int:
        """The request of a call to the Bot API; ``press`` is the one that it answers."""
        request = self._found(call, press)
        for message in call.result if isinstance(call.result, list) else [call.result]:
            if request.number and isinstance(message, dict) and isinstance(message.get("message_id"), int):
                place = (_chat_of(message), message["message_id"])
                self._of_message.setdefault(place, request)
        return request.number

    def of_file(self, file_id: str) -> int:
        """The request that a person's file belongs to."""
        return self._of_file.get(file_id, self.requests[0]).number

    def posted(self, prompt: str) -> Request:
        """The request that the service is asked for: the newest with that prompt which was not asked for yet."""
        waiting = [one for one in reversed(self.requests[1:]) if not one.over]
        plain = " ".join(prompt.split())
        fitting = [one for one in waiting if plain and plain in " ".join(" ".join(one.words).split())]
        request = next(iter(fitting or waiting or self.requests[-1:]))
        request.posted, request.ended = True, False
        return request

    def looked_up(self) -> int:
        """The request whose result is looked for: the newest that was asked for."""
        return next((one.number for one in reversed(self.requests) if one.posted), 0)

    def of_video(self, path: str) -> int:
        """The request that a video file belongs to."""
        return next((one.number for one in self.requests if any(video in path for video in one.videos)), 0)

    def _begin(self, writer: tuple[int, int], title: str) -> Request:
        request = Request(len(self.requests), title[:TITLE])
        self.requests.append(request)
        self._of_person[writer] = request
        self.changed(request)
        return request

    def _continued(self, message: Message, writer: tuple[int, int]) -> Request | None:
        answered = self._of_message.get((message.chat_id, message.reply_to)) if message.reply_to else None
        last = self._of_person.get(writer)
        return answered or (None if last is None or last.command else last)

    def _found(self, call: ReceivedCall, press: Press | None) -> Request:
        if press is not None:
            return self._of_message.get((press.chat_id, press.message_id), self.requests[0])
        file_id = call.params.get("file_id")
        if isinstance(file_id, str):
            return self._of_file.get(file_id, self.requests[0])
        chat_id = call.chat_id
        if not isinstance(chat_id, int):
            return self.requests[0]
        reply = call.params.get("reply_parameters")
        number = reply.get("message_id") if isinstance(reply, dict) else call.params.get("message_id")
        named = self._of_message.get((chat_id, number)) if isinstance(number, int) else None
        return named or self._of_chat.get(chat_id, self.requests[0])


def _chat_of(message: dict[str, object]) -> int:
    chat = message.get("chat")
    number = chat.get("id") if isinstance(chat, dict) else None
    return number if isinstance(number, int) else 0
