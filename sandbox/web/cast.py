"""Who is there when the page opens: a person with a private chat, and a group of three."""

from dataclasses import dataclass
from typing import Self

from sandbox.botapi import BotApiServer
from sandbox.botapi.model import Chat, ChatKind, JsonObject
from sandbox.botapi.person import Person
from sandbox.web.texts import words

PRIVATE, GROUP = "private", "group"


@dataclass(frozen=True, slots=True)
class Cast:
    """The people and the chats of the page.

    Attributes:
        people: Those who may speak; the first has the private chat with the bot.
        group: The chat with all of them and the bot.
    """

    people: tuple[Person, ...]
    group: Chat

    @classmethod
    def gather(cls, telegram: BotApiServer, language: str) -> Self:
        """Make people and group; their Telegram is in ``language``."""
        said = words(language)
        names = [(said[f"person-{number}"], said[f"username-{number}"]) for number in (1, 2, 3)]
        people = tuple(
            telegram.add_person(name, username=username, language_code=language, started=number == 0)
            for number, (name, username) in enumerate(names)
        )
        return cls(people, telegram.add_group(said["group"], people, kind=ChatKind.SUPERGROUP, announce=True))

    @property
    def chats(self) -> dict[str, int]:
        """Chat ids by the page's names for them."""
        return {PRIVATE: self.people[0].chat_id, GROUP: self.group.chat_id}

    def speaker(self, user_id: int, chat_id: int) -> Person:
        """The person of that id, if they may speak in that chat.

        Raises:
            LookupError: They may not, or do not exist.
        """
        allowed = self.people[:1] if chat_id == self.people[0].chat_id else self.people
        for person in allowed:
            if person.user_id == user_id and chat_id in self.chats.values():
                return person
        raise LookupError("nobody of that id speaks in that chat")

    def wire(self) -> JsonObject:
        """The cast as the page wants it."""
        return {
            "people": [{"id": person.user_id, "name": person.user.first_name} for person in self.people],
            "chats": [
                {"key": PRIVATE, "id": self.people[0].chat_id, "speakers": [self.people[0].user_id]},
                {
                    "key": GROUP,
                    "id": self.group.chat_id,
                    "title": self.group.title,
                    "speakers": [person.user_id for person in self.people],
                },
            ],
        }
