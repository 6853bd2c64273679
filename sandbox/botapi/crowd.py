"""Who is there: people, groups, topics, and what is done to the bot in them."""

from collections.abc import Iterable

from sandbox.botapi.backend import Backend
from sandbox.botapi.buyer import Treasury
from sandbox.botapi.channel import Channel
from sandbox.botapi.delivery import deliver, deliver_standing
from sandbox.botapi.model import Chat, ChatKind, Message, Standing, Topic, User
from sandbox.botapi.person import Person
from sandbox.botapi.wire import user_wire


class Crowd(Treasury):
    """The part of a server that fills it with people and chats.

    Attributes:
        backend: The server's parts, for tests that need to look deeper.
    """

    backend: Backend

    def add_person(
        self,
        first_name: str = "Alice",
        *,
        language_code: str = "en",
        username: str = "",
        last_name: str = "",
        user_id: int | None = None,
        started: bool = False,
        stars: int = 0,
    ) -> Person:
        """Add somebody.

        Args:
            first_name: As shown.
            language_code: The language of their Telegram; empty = Telegram does not say.
            username: Without ``@``.
            last_name: As shown.
            user_id: A chosen id; None = the next free one.
            started: They have pressed Start before, so that the bot may write first.
            stars: Telegram Stars that they can spend.
        """
        number = self.backend.world.next_user_id() if user_id is None else user_id
        user = User(number, first_name, last_name, username, language_code, started=started, stars=stars)
        self.backend.world.add_user(user)
        return Person(self.backend, user)

    def person(self, user_id: int) -> Person:
        """Somebody who is there already."""
        return Person(self.backend, self.backend.world.users[user_id])

    def add_group(
        self,
        title: str,
        members: Iterable[Person],
        *,
        kind: ChatKind = ChatKind.SUPERGROUP,
        forum: bool = False,
        bot: Standing = Standing.MEMBER,
        username: str = "",
        announce: bool = False,
        chat_id: int | None = None,
    ) -> Chat:
        """Make a group; the first member is its creator.

        Args:
            title: Its name.
            members: Who is in it, beside the bot.
            kind: ``GROUP`` or ``SUPERGROUP``.
            forum: Whether it has topics (supergroups only).
            bot: What the bot is in it.
            username: The group's public name, without ``@``.
            announce: Tell the bot that it was added, by a ``my_chat_member`` update.
            chat_id: A chosen id; None = the next free one.
        """
        people = list(members)
        ids = [one.user_id for one in people]
        chat = self.backend.world.add_group(title, kind, ids, bot=bot, is_forum=forum, chat_id=chat_id)
        chat.username = username
        if announce:
            deliver_standing(self.backend, chat, people[0].user, Standing.LEFT, bot)
        return chat

    def join(self, chat_id: int, *people: Person, announce: bool = True) -> None:
        """Let people into a group; ``announce`` = the chat says so, as most do."""
        chat = self.backend.world.chats[chat_id]
        for person in people:
            chat.members[person.user_id] = Standing.MEMBER
        if announce:
            message = self.backend.world.new_message(chat, people[0].user)
            message.fields = {"new_chat_members": [user_wire(person.user) for person in people]}
            self._service(chat, message)

    def add_channel(self, title: str, *, username: str = "", linked: bool = False) -> Channel:
        """Add a channel that the bot is not in, and that is heard in groups.

        Args:
            title: Its name.
            username: Its public name, without ``@``.
            linked: It is the channel of the groups that it sends to: its posts come there by themselves.
        """
        chat = self.backend.world.add_group(title, ChatKind.CHANNEL, (), bot=Standing.LEFT)
        chat.username = username
        return Channel(self.backend, chat, linked=linked)

    def add_topic(self, chat_id: int, name: str, *, by: Person | None = None) -> Topic:
        """Open a topic in a forum; its ``thread_id`` is what messages are sent to."""
        chat = self.backend.world.chats[chat_id]
        creator = by.user if by else self.backend.world.users[next(iter(chat.members))]
        topic = self.backend.world.add_topic(chat, name, creator)
        deliver(self.backend, chat.messages[topic.thread_id])
        return topic

    def close_topic(self, chat_id: int, thread_id: int, *, deleted: bool = False) -> None:
        """Close a topic, or delete it with everything in it."""
        chat = self.backend.world.chats[chat_id]
        topic = chat.topics[thread_id]
        topic.closed, topic.deleted = True, deleted
        for message in chat.messages.values():
            if deleted and message.in_topic and message.thread_id == thread_id:
                message.deleted = True
                self.backend.note("message_deleted", "person", message)

    def set_bot_standing(self, chat_id: int, standing: Standing, *, by: Person | None = None) -> None:
        """Make the bot an administrator or a member, kick it, restrict it."""
        chat = self.backend.world.chats[chat_id]
        bot_id = self.backend.world.bot.user_id
        old = chat.members.get(bot_id, Standing.LEFT)
        chat.members[bot_id] = standing
        actor = by.user if by else self.backend.world.users[next(iter(chat.members))]
        deliver_standing(self.backend, chat, actor, old, standing)

    def forbid(self, chat_id: int, *kinds: str) -> None:
        """Forbid the bot some things; no kinds = all are allowed again.

        Args:
            chat_id: Where.
            kinds: ``text``, ``photo``, ``video``, ``document``, and ``reaction`` where the bot is restricted.
        """
        self.backend.world.chats[chat_id].forbidden_to_bot = frozenset(kinds)

    def set_reactions(self, chat_id: int, *emoji: str, everything: bool = False) -> None:
        """Allow these reactions in a chat and no others: none at all turns them off."""
        self.backend.world.chats[chat_id].reactions = None if everything else frozenset(emoji)

    def migrate(self, chat_id: int) -> Chat:
        """Make a supergroup of a group, with both of the updates that Telegram sends; gives the new chat."""
        world = self.backend.world
        chat = world.chats[chat_id]
        creator = world.users[next(iter(chat.members))]
        farewell = world.new_message(chat, creator)
        successor = world.migrate(chat)
        chat.migrated_to = None
        farewell.fields = {"migrate_to_chat_id": successor.chat_id}
        self._service(chat, farewell)
        chat.migrated_to = successor.chat_id
        welcome = world.new_message(successor, creator)
        welcome.fields = {"migrate_from_chat_id": chat.chat_id}
        self._service(successor, welcome)
        return successor

    def set_inline(self, *, enabled: bool, feedback: bool = False) -> None:
        """Turn BotFather's inline mode on or off, with or without inline feedback."""
        self.backend.inline.enabled, self.backend.inline.feedback = enabled, feedback

    def set_flood(self, *, enabled: bool) -> None:
        """Turn the flood limits on or off."""
        self.backend.flood.enabled = enabled

    def _service(self, chat: Chat, message: Message) -> None:
        self.backend.world.post(chat, message)
        self.backend.note("message_sent", "person", message)
        deliver(self.backend, message)
