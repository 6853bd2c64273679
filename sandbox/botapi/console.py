"""A person at a terminal: what is typed is done on their phone, what the bot does is printed."""

import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.botapi.faults import FaultKind
from sandbox.botapi.inline import InlineQuery
from sandbox.botapi.model import Message
from sandbox.botapi.person import Person
from sandbox.botapi.server import BotApiServer

HELP = """\
  any text, /command        is sent to the bot
  :photo FILE… [| caption]  a photo, or several as an album
  :file FILE [| caption]    a file as it is
  :press LABEL              the newest button with that in its label
  :edit TEXT  :delete       your last message
  :react EMOJI              to the bot's last message
  :pay                      the newest invoice (you have {stars} Stars)
  :inline WORDS  :choose ID what the bot offers in any chat, and one of it
  :block  :unblock          the bot
  :fail METHOD STATUS       the next call of that method is refused
  :calls                    every call so far
  :quit                     or Ctrl-C"""


class ConsoleError(Exception):
    """What was typed cannot be done; the text is a sentence."""


@dataclass(slots=True)
class Console:
    """Does what is typed, line by line."""

    server: BotApiServer
    person: Person
    write: Callable[[str], None]
    """Takes a line for the terminal."""
    _last: Message | None = None
    _query: InlineQuery | None = None
    _actions: dict[str, Callable[[str], Awaitable[None]]] = field(init=False)

    def __post_init__(self) -> None:
        """Name the actions."""
        self._actions = {
            "photo": self._photo,
            "file": self._file,
            "press": self._press,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "pay": self._pay,
            "inline": self._inline,
            "choose": self._choose,
            "block": self._block,
            "unblock": self._unblock,
            "fail": self._fail,
            "calls": self._calls,
            "help": self._help,
        }

    async def do(self, line: str) -> bool:
        """Do one line; False = it was the last."""
        text = line.strip()
        if text == ":quit":
            return False
        if not text.startswith(":"):
            if text:
                self._last = await self.person.send_text(text)
            return True
        word, _, rest = text[1:].partition(" ")
        action = self._actions.get(word)
        try:
            if action is None:
                raise ConsoleError(f"There is no :{word}; :help shows what there is.")
            await action(rest.strip())
        except (ConsoleError, LookupError, OSError, ValueError) as fault:
            self.write(f"  {fault}")
        return True

    async def _photo(self, rest: str) -> None:
        paths, caption = _files(rest)
        if len(paths) == 1:
            self._last = await self.person.send_photo(paths[0], caption)
        else:
            self._last = (await self.person.send_album(paths, caption))[0]

    async def _file(self, rest: str) -> None:
        paths, caption = _files(rest)
        for path in paths:
            self._last = await self.person.send_document(path, caption)

    async def _press(self, rest: str) -> None:
        for line in reversed(self.server.bot_lines(self.person.chat_id)):
            if any(rest in label for label in line.labels()):
                await self.person.press(line.message_id, rest)
                return
        raise ConsoleError(f"The bot shows no button {rest!r}.")

    async def _edit(self, rest: str) -> None:
        await self.person.edit(self._own(), rest)

    async def _delete(self, rest: str) -> None:
        del rest
        await self.person.delete(self._own().message_id)

    def _own(self) -> Message:
        if self._last is None:
            raise ConsoleError("You have sent nothing yet.")
        return self._last

    async def _react(self, rest: str) -> None:
        lines = self.server.bot_lines(self.person.chat_id)
        if not lines:
            raise ConsoleError("The bot has said nothing yet.")
        await self.person.react(lines[-1].message_id, *rest.split())

    async def _pay(self, rest: str) -> None:
        del rest
        invoices = [line for line in self.server.bot_lines(self.person.chat_id) if line.kind == "invoice"]
        if not invoices:
            raise ConsoleError("There is no invoice.")
        checkout = await self.person.pay(invoices[-1].message_id)
        outcome = ": ".join(filter(None, (checkout.state.value, checkout.error)))
        self.write(f"  {outcome}; {self.person.stars} Stars left")

    async def _inline(self, rest: str) -> None:
        self._query = self.person.type_inline(rest)
        try:
            answer = await self.server.wait_for_inline(self._query)
        except TimeoutError:
            raise ConsoleError("The bot does not answer inline queries.") from None
        for result in answer.results:
            self.write(f"  {result.result_id}  {result.kind}: {result.title}")
        self.write(f"  {len(answer.results)} results{', more follow' if answer.next_offset else ''}")

    async def _choose(self, rest: str) -> None:
        if self._query is None:
            raise ConsoleError("Type :inline first.")
        self.person.choose(self._query, rest)

    async def _block(self, rest: str) -> None:
        del rest
        await self.person.block()

    async def _unblock(self, rest: str) -> None:
        del rest
        await self.person.unblock()

    async def _fail(self, rest: str) -> None:
        method, _, status = rest.partition(" ")
        code = int(status or "400")
        retry_after = 5 if code == 429 else None
        description = "" if code == 429 else f"Bad Request: asked for at the console ({code})"
        self.server.fail(method, FaultKind.ERROR, status=code, retry_after=retry_after, description=description)

    async def _calls(self, rest: str) -> None:
        del rest
        for call in self.server.calls():
            self.write(f"  {call.at:%H:%M:%S} {call.method} → {call.status} {call.description}".rstrip())

    async def _help(self, rest: str) -> None:
        del rest
        self.write(HELP.format(stars=self.person.stars))


def _files(rest: str) -> tuple[list[Path], str]:
    """The files that are named, and the caption behind ``|``."""
    names, _, caption = rest.partition("|")
    paths = [Path(name).expanduser() for name in shlex.split(names)]
    missing = [path for path in paths if not path.is_file()]
    if missing or not paths:
        raise ConsoleError(f"There is no file {missing[0]}." if missing else "Name a file.")
    return paths, caption.strip()
