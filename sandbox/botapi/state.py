"""Everything that Telegram remembers: people, chats, messages, what the bot says about itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from sandbox.botapi.clock import Clock
from sandbox.botapi.errors import bad_request, forbidden, migrated
from sandbox.botapi.model import Chat, ChatKind, Keyboard, Message, Revision, RichText, Standing, Topic, User
from sandbox.botapi.options import BotApiOptions

FIRST_USER_ID = 500_000_001
FIRST_GROUP_ID = -4_000_001
FIRST_SUPERGROUP_ID = -1_002_000_000_001
"""Of supergroups and channels."""
ANONYMOUS_ADMIN = User(1_087_968_824, "Group", username="GroupAnonymousBot", is_bot=True)
"""Who an administrator who hides is said to be."""


@dataclass(slots=True)
class Profile:
    """What the bot has told Telegram about itself, each by language code ("" = for all others)."""

    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)


class World:
    """The state of one bot's Telegram.

    Args:
        options: The server's settings.
        clock: For the dates of messages and edits.
    """

    def __init__(self, options: BotApiOptions, clock: Clock) -> None:
        self.clock = clock
        self.bot = User(options.bot_id, options.bot_name, username=options.bot_username, is_bot=True)
        self.users: dict[int, User] = {self.bot.user_id: self.bot, ANONYMOUS_ADMIN.user_id: ANONYMOUS_ADMIN}
        self.chats: dict[int, Chat] = {}
        self.profile = Profile()
        self._user_ids = count(FIRST_USER_ID)
        self._group_ids = count(FIRST_GROUP_ID, -1)
        self._supergroup_ids = count(FIRST_SUPERGROUP_ID, -1)
        self._albums = count(13_500_000_000_000_001)

    def add_user(self, user: User) -> Chat:
        """Take in a person; gives the private chat with the bot."""
        self.users[user.user_id] = user
        members = {user.user_id: Standing.MEMBER, self.bot.user_id: Standing.MEMBER}
        chat = Chat(user.user_id, ChatKind.PRIVATE, username=user.username, members=members)
        self.chats[chat.chat_id] = chat
        return chat

    def next_user_id(self) -> int:
        """An id that nobody has."""
        return next(number for number in self._user_ids if number not in self.users)

    def next_album(self) -> str:
        """A new ``media_group_id``."""
        return str(next(self._albums))

    def add_group(
        self,
        title: str,
        kind: ChatKind,
        members: Iterable[int],
        *,
        bot: Standing,
        is_forum: bool = False,
        chat_id: int | None = None,
    ) -> Chat:
        """Make a group, supergroup or channel; its first member is its creator, its id the next free one."""
        ids = self._group_ids if kind is ChatKind.GROUP else self._supergroup_ids
        number = next(one for one in ids if one not in self.chats) if chat_id is None else chat_id
        standings = dict.fromkeys(members, Standing.MEMBER)
        for creator in list(standings)[:1]:
            standings[creator] = Standing.CREATOR
        chat = Chat(number, kind, title, is_forum=is_forum, members={**standings, self.bot.user_id: bot})
        if kind is ChatKind.SUPERGROUP:
            # The first message says that the group was made; in a forum its number stands for General.
            chat.last_message_id = 1
        self.chats[number] = chat
        return chat

    def find_chat(self, chat_id: int | str) -> Chat:
        """The chat of that id, or of that ``@username``.

        Raises:
            ApiError: 400, "chat not found".
        """
        if isinstance(chat_id, str):
            name = chat_id.removeprefix("@").lower()
            found = (chat for chat in self.chats.values() if chat.username.lower() == name and chat.is_group)
            chat = next(found, None) if name else None
        else:
            chat = self.chats.get(chat_id)
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def open_chat(self, chat_id: int | str) -> Chat:
        """The chat, when the bot may act in it.

        Raises:
            ApiError: 400 for one that does not exist or has migrated, 403 for one that is closed to the bot.
        """
        chat = self.find_chat(chat_id)
        if chat.migrated_to is not None:
            raise migrated(chat.migrated_to)
        if chat.is_group:
            standing = chat.members.get(self.bot.user_id, Standing.LEFT)
            if standing is Standing.KICKED:
                raise forbidden(f"bot was kicked from the {chat.kind} chat")
            if standing is Standing.LEFT:
                raise forbidden(f"bot is not a member of the {chat.kind} chat")
            return chat
        user = self.users[chat.chat_id]
        if user.deactivated:
            raise forbidden("user is deactivated")
        if user.blocked_bot:
            raise forbidden("bot was blocked by the user")
        if not user.started:
            if any(user.user_id in other.members for other in self.chats.values() if other.is_group):
                raise forbidden("bot can't initiate conversation with a user")
            raise bad_request("chat not found")
        return chat

    def find_message(self, chat: Chat, message_id: int) -> Message | None:
        """The message, unless it never was or is deleted."""
        message = chat.messages.get(message_id)
        return message if message is not None and not message.deleted else None

    def new_message(self, chat: Chat, sender: User) -> Message:
        """A message with the chat's next id; it appears in the chat with ``post``."""
        chat.last_message_id += 1
        return Message(chat.last_message_id, chat.chat_id, self.clock.now(), sender)

    def post(self, chat: Chat, message: Message) -> None:
        """Put the message into its chat."""
        if chat.kind is ChatKind.SUPERGROUP and not message.in_topic and message.reply_to is not None:
            target = chat.messages.get(message.reply_to)
            message.thread_id = (target.thread_id if target else None) or message.reply_to
        message.revisions.append(Revision(message.date, message.content, message.keyboard))
        chat.messages[message.message_id] = message

    def edit(self, message: Message, content: RichText, keyboard: Keyboard, *, dated: bool = True) -> None:
        """Change what a message says; ``dated`` = the change is one that people see marked as an edit."""
        now = self.clock.now()
        message.content = content
        message.keyboard = keyboard
        if dated:
            message.edited_at = now
        message.revisions.append(Revision(now, content, keyboard))

    def react(self, message: Message, user: User, emoji: tuple[str, ...]) -> tuple[str, ...]:
        """Give a message someone's reaction in place of the one it had from them, which is returned."""
        old = message.reactions.pop(user.user_id, ())
        if emoji:
            message.reactions[user.user_id] = emoji
        return old

    def add_topic(self, chat: Chat, name: str, creator: User, icon_color: int = 0x6FB9F0) -> Topic:
        """Open a topic in a forum; its service message gives it its id."""
        message = self.new_message(chat, creator)
        message.thread_id, message.in_topic = message.message_id, True
        message.fields = {"forum_topic_created": {"name": name, "icon_color": icon_color}}
        self.post(chat, message)
        topic = Topic(message.message_id, name, icon_color)
        chat.topics[topic.thread_id] = topic
        return topic

    def migrate(self, chat: Chat) -> Chat:
        """Make a supergroup of a group; the old chat stays as a signpost."""
        members = [user_id for user_id in chat.members if user_id != self.bot.user_id]
        bot = chat.members.get(self.bot.user_id, Standing.LEFT)
        successor = self.add_group(chat.title, ChatKind.SUPERGROUP, members, bot=bot)
        successor.members = dict(chat.members)
        chat.migrated_to = successor.chat_id
        return successor
