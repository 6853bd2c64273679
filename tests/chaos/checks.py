"""What must be true however often the bot was killed: looked at from outside, and in the files and rows it leaves."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sandbox.botapi.journal import ReceivedCall
from sandbox.botapi.transcript import Line
from sandbox.genaipro.records import PostRecord
from tests.buttons import actions, is_told
from tests.chaos.world import Request, Scene, is_about

COMMIT = timedelta(seconds=2)
"""How long after Telegram's answer, at the most, the bot commits what it was told, on a machine that is busy."""

IN_FLIGHT = timedelta(seconds=1)
"""How long after the kill a call that had left the bot may reach Telegram."""

NEVER_SHOWN = re.compile(r"Traceback|Exception|Error\b|127\.0\.0\.1|sqlite|<class|object at 0x", re.IGNORECASE)
WAYS = ("⏳ Waiting", "📤 Preparing", "🎬", "📤 Uploading", "🎨", "🔎", "📬")
"""The first words of the status message along the way."""

REFUND = "💫 Refund"

ALLOWED_ERRORS = {"owner_is_needed", "another_process_polls", "database_fails"}
"""Lines of level error that a fault of the outside explains."""


def violations(here: Scene) -> list[str]:
    """Every promise that was broken, in words; all requests must have ended."""
    found: list[str] = []
    for request in here.requests:
        name = f"{request.person.user.first_name}/{request.prompt}"
        for check in (_posts, _ends, _videos, _way):
            found += [f"{name}: {fault}" for fault in check(here, request)]
    found += _chats(here)
    found += _logs(here)
    found += _files(here)
    found += _stars(here)
    found += _database(here)
    return found


def may_have_paid(post: PostRecord) -> bool:
    """Whether the bot could not know that a POST was not accepted."""
    return post.accepted or post.status not in {429, 503}


def about(here: Scene, request: Request) -> list[Line]:
    """The bot's texts about a request: its card, its status message, and what was left behind of them."""
    lines = here.telegram.bot_lines(request.person.chat_id)
    return [line for line in lines if line.kind == "text" and is_about(line, request)]


def _uncommitted(here: Scene, line: Line) -> bool:
    """Whether a process that may have sent a message was killed or frozen before it had surely committed that.

    A process that is frozen then is dead to the others, who cannot know what Telegram had taken.
    """
    calls = here.telegram.calls(chat_id=line.chat_id)
    made = [call.at for call in calls if call.method.startswith("send") and call.applied and call.at <= line.at]
    begun = max(made, default=line.at) - IN_FLIGHT
    senders = [process for process in here.processes if line.kind != "video" or process.role != "web"]
    breaks = (at for process in senders for life in process.lives for at in life.broken_off_at)
    return any(begun <= at <= line.at + COMMIT for at in breaks)


def answers_lost(here: Scene, request: Request, *methods: str) -> list[datetime]:
    """When calls about the request took effect and their answer was lost."""
    calls = here.telegram.calls(chat_id=request.person.chat_id)
    lost = [call for call in calls if call.method in methods and call.applied and call.status == 0]
    return [call.at for call in lost if _concerns(call, request)]


def _concerns(call: ReceivedCall, request: Request) -> bool:
    """Whether a call answers the request, or shows its prompt."""
    reply = call.params.get("reply_parameters")
    answers = isinstance(reply, dict) and reply.get("message_id") == request.message_id
    return answers or request.prompt in str(call.params)


def deliveries(here: Scene, request: Request) -> dict[str, list[Line]]:
    """The messages that brought each video of a request, by the hash of its bytes."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in here.telegram.bot_lines(request.person.chat_id):
        if line.kind == "video" and line.reply_to == request.message_id and line.path is not None:
            found[_sha(line.path)].append(line)
    return found


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _posts(here: Scene, request: Request) -> Iterator[str]:
    paid = [post for post in here.posts(request.prompt) if may_have_paid(post)]
    if len(paid) > request.orders:
        yield f"{len(paid)} POSTs that may have been accepted for {request.orders} orders"
    wanted = "frames-to-video" if request.is_tall else "ingredients-to-video"
    if any(post.endpoint != wanted for post in paid):
        yield f"{[post.endpoint for post in paid]} where {wanted} was asked for"


def _ends(here: Scene, request: Request) -> Iterator[str]:
    lines = about(here, request)
    told = [line for line in lines if is_told(line)]
    # Better told twice than not at all, where the answer to the first telling was lost.
    excused = answers_lost(here, request, "sendMessage") or any(_uncommitted(here, line) for line in told)
    if len(told) < request.orders or (len(told) > request.orders and not excused):
        yield f"{len(told)} ends told for {request.orders} orders: {[line.text for line in lines]}"
    for line in told:
        texts = [version.text for version in line.versions]
        first = next(number for number, version in enumerate(line.versions) if is_told(version))
        if len(set(texts[first:])) > 1 and not _refund_followed(here, line, texts[first:]):
            yield f"another end after the end: {texts[first:]}"
    for line in lines:
        if not is_told(line) and not (_uncommitted(here, line) or answers_lost(here, request, "sendMessage")):
            yield f"a message left behind: {line.text}"


def _refund_followed(here: Scene, line: Line, texts: list[str]) -> bool:
    """Whether all that changed in an end is that a payment came after it, and goes back."""
    told = list(dict.fromkeys(texts))
    marks = [text[0] for text in told]
    ids = {item.split(":")[1] for item in actions(line) if item.endswith((":again", ":edit"))}
    back = any(paid.refunded and paid.payload.rpartition(":")[2] in ids for paid in here.telegram.payments)
    return back and len(told) == 2 and marks == ["✋"] * 2 and REFUND not in told[0] and REFUND in told[1]


def _way(here: Scene, request: Request) -> Iterator[str]:
    for line in about(here, request):
        ranks = [WAYS.index(way) for version in line.versions for way in WAYS if version.text.startswith(way)]
        if ranks != sorted(ranks):
            yield f"the status went backwards: {[version.text.splitlines()[0] for version in line.versions]}"


def _videos(here: Scene, request: Request) -> Iterator[str]:
    came = deliveries(here, request)
    mine: dict[str, str] = {}
    for post in here.posts(request.prompt):
        files = {key: here.genaipro.video_file(key) for key in post.video_ids}
        mine |= {_sha(path): key for key, path in files.items() if path.exists()}
    if set(came) - set(mine):
        yield f"{len(set(came) - set(mine))} videos that are not its own"
    lost = answers_lost(here, request, "sendVideo", "sendMediaGroup")
    for key, lines in came.items():
        excused = bool(lost) or _uncommitted(here, lines[0])
        if len(lines) > (2 if excused else 1):
            yield f"video {mine.get(key)} came {len(lines)} times, excused: {excused}"
    told = [line for line in about(here, request) if is_told(line)]
    numbers = [int(number[1]) for line in told if (number := re.match(r"✅ Done: (\d+) video", line.text))]
    linked = sum(kind == "text_link" for line in told for kind, _, _ in line.entities)
    if len(told) == request.orders and not len(came) <= sum(numbers) <= len(came) + linked:
        yield f"told of {numbers} videos, and {len(came)} came"
    if not any(line.text.startswith("✋") for line in told):
        missing = _good_videos(here, request) - len(came) - linked
        if missing > 0:
            yield f"{missing} finished videos were lost: {[line.text for line in told]}"


def _good_videos(here: Scene, request: Request) -> int:
    """How many videos the service made for a request and has to give."""
    ids = {key for post in here.posts(request.prompt) for key in post.video_ids}
    return sum(len(job.good_urls()) for job in here.genaipro.jobs if ids & set(job.video_ids) and job.listed)


def _chats(here: Scene) -> Iterator[str]:
    for person in here.people:
        for line in here.telegram.bot_lines(person.chat_id):
            for version in line.versions:
                if NEVER_SHOWN.search(version.text):
                    yield f"shown to {person.user.first_name}: {version.text}"


def _logs(here: Scene) -> Iterator[str]:
    secrets = (here.telegram.token, here.genaipro.options.key, *(request.prompt for request in here.requests))
    for line in here.lines:
        if line.level == "raw":
            yield f"a log line that is no JSON: {line.event}"
        if line.level in {"error", "critical"} and line.event not in ALLOWED_ERRORS:
            yield f"logged: {dict(line.fields)}"
        if any(secret in str(line.fields) for secret in secrets):
            yield f"a secret in the log: {line.event}"


def _files(here: Scene) -> Iterator[str]:
    left = [path for root in (here.data_dir / "tmp", here.scratch) for path in root.rglob("*") if path.is_file()]
    if left:
        yield f"temporary files: {[path.name for path in left]}"


def _stars(here: Scene) -> Iterator[str]:
    """Every Star that was paid became videos or credit, or came back; none twice."""
    known = {row[0]: row[1:] for row in here.rows("SELECT charge_id, state, stars, videos, credit FROM payments")}
    for paid in here.telegram.payments:
        state, stars, videos, credit = known.pop(paid.charge_id, ("unknown", 0, 0, 0))
        if stars != paid.amount or (state == "refunded") != paid.refunded:
            yield f"payment {paid.charge_id} of {paid.amount} Stars is {state}, refunded: {paid.refunded}"
        if state not in {"used", "credited", "refunded"}:
            yield f"payment {paid.charge_id} has not come to an end: {state}"
        if state in {"used", "credited"} and not 0 <= credit <= videos:
            yield f"payment {paid.charge_id} brought {videos} videos and {credit} credit"
    yield from (f"payment {charge_id} was never made" for charge_id in known)
    query = """SELECT user_id, sum(free + credit + owed + made) - sum(bought), sum(owed), sum(credit), sum(stars)
        FROM movements GROUP BY user_id"""
    for user_id, missing, owed, credit, stars in here.rows(query):
        kept = sum(one.amount for one in here.telegram.payments if one.user_id == user_id and not one.refunded)
        if missing or owed or credit < 0 or stars != kept:
            yield f"the books on {user_id} do not add up: {missing}, {owed} owed, {credit} credit, {stars} of {kept}"


def _database(here: Scene) -> Iterator[str]:
    yield from here.damage()
    states = Counter(here.rows("SELECT state, final_shown_at IS NULL FROM generations"))
    for (state, untold), count in states.items():
        if untold or state not in {"done", "failed", "cancelled"}:
            yield f"{count} generations are {state}, untold: {bool(untold)}"
    ((left,),) = here.rows("SELECT count(*) FROM inbox WHERE payload IS NOT NULL")
    if left:
        yield f"{left} updates are not handled"
