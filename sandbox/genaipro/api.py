"""The endpoints of the API: what each request is answered with."""

import asyncio
import hmac
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import web

from sandbox.genaipro.answers import GUARD_ANSWERS, answer_response
from sandbox.genaipro.downloads import EXPIRED, Downloads
from sandbox.genaipro.form import FRAMES, INGREDIENTS, PORTRAIT, Form, RefusedError, read_form
from sandbox.genaipro.gate import Gate
from sandbox.genaipro.jobs import Job, Studio
from sandbox.genaipro.ledger import MAX_PAGE_SIZE, Ledger, RateLimit
from sandbox.genaipro.options import GenAIProOptions, Guard
from sandbox.genaipro.records import GetRecord, PostRecord
from sandbox.genaipro.script import Answer, End, Script
from sandbox.genaipro.stream import DroppedError, Stream
from sandbox.signals import Signal

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Directions:
    """What happens to a POST: its script, and the gates that its events and its entry in the history pass, if any."""

    script: Script = field(default_factory=Script)
    gate: Gate | None = None
    history_gate: Gate | None = None


class Api:
    """Answers requests.

    Args:
        options: How the server behaves.
        ledger: Requests and credits.
        signal: Notified whenever something changes.

    Attributes:
        posts: Every POST that asks for videos.
        gets: Every GET.
        scripts: For the POSTs to come, in their order.
        by_prompt: For those that none of these is for, by their prompts.
        answers: For the GETs to come, by endpoint.
        guard: A guard that answers in the service's place, or None.
        closing: The server is about to stop; connections that end now were not left by their clients.
    """

    def __init__(self, options: GenAIProOptions, ledger: Ledger, signal: Signal) -> None:
        self.posts: list[PostRecord] = []
        self.gets: list[GetRecord] = []
        self.scripts: deque[Directions] = deque()
        self.by_prompt: dict[str, Directions] = {}
        self.answers: dict[str, deque[Answer]] = {"histories": deque(), "credits": deque()}
        self.guard: Guard | None = options.guard
        self.closing = False
        self._options = options
        self._ledger = ledger
        self._signal = signal
        self._limit = RateLimit(options)
        self._downloads = Downloads()

    def open(self, studio: Studio, uploads: Path) -> None:
        """Give it what exists only while the server runs.

        Args:
            studio: Renders.
            uploads: Directory for photos; it exists.
        """
        self._studio = studio
        self._uploads = uploads

    def add_routes(self, application: web.Application) -> None:
        """Serve the API and the video files."""
        for form in (INGREDIENTS, FRAMES):
            application.router.add_post(f"{PREFIX}/veo/{form.endpoint}", partial(self._create, form=form))
        application.on_response_prepare.append(self._date)
        application.router.add_get(f"{PREFIX}/veo/histories", self._histories)
        application.router.add_get(f"{PREFIX}/veo/credits", self._credits)
        application.router.add_get("/files/{name}", self._file)

    async def _date(self, request: web.Request, response: web.StreamResponse) -> None:
        del request
        now = self._options.told_time() + timedelta(seconds=self._options.date_skew)
        response.headers["Date"] = format_datetime(now, usegmt=True)

    async def _create(self, request: web.Request, form: Form) -> web.StreamResponse:
        record = PostRecord(
            self._options.now(), _headers(request), key_ok=self._key_ok(request), endpoint=form.endpoint
        )
        self.posts.append(record)
        self._signal.notify()
        guarded = self._guarded(request)
        if guarded is not None:
            record.error, record.finished = "guard", True
            self._signal.notify()
            return _answer(guarded, record)
        queued = self.scripts.popleft() if self.scripts else None
        try:
            if queued is not None and queued.script.end is End.DROP_UNREAD:
                raise DroppedError
            refusal = self._refusal(request) or await self._read(request, form, record)
            directions = queued or self.by_prompt.get(record.prompt or "", Directions())
            refusal = refusal or self._short_of_credits(record, directions.script)
            if refusal is not None:
                record.error = str(refusal.body)
                return _answer(refusal, record)
            return await self._perform(request, record, directions)
        except DroppedError:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        except (asyncio.CancelledError, ConnectionError):
            record.client_left = not self.closing
            raise
        finally:
            record.finished = True
            self._signal.notify()

    async def _read(self, request: web.Request, form: Form, record: PostRecord) -> Answer | None:
        """Read the form; the answer to one that is not taken, else None."""
        directory = self._uploads / uuid4().hex
        directory.mkdir()
        try:
            await read_form(request, form, record, directory, self._options.photo_limit)
        except RefusedError as fault:
            return Answer(fault.status, {"error": fault.reason})
        return None

    def _short_of_credits(self, record: PostRecord, script: Script) -> Answer | None:
        if script.is_accepted and int(record.number_of_videos or 0) > self._ledger.left:
            return Answer(402, {"error": "Insufficient credits: quota exceeded"})
        return None

    async def _perform(self, request: web.Request, record: PostRecord, directions: Directions) -> web.StreamResponse:
        script = directions.script
        job = self._accept(request, record, script, directions.history_gate) if script.is_accepted else None
        if script.end is End.DROP_READ:
            raise DroppedError
        if script.answer is not None:
            return _answer(script.answer, record)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        record.status = 200
        await response.prepare(request)

        def note(event: str) -> None:
            record.events.append(event)
            record.event_times.append(self._options.now())
            self._signal.notify()

        await Stream(self._options, script, job, note, directions.gate).send(response)
        await response.write_eof()
        return response

    def _accept(self, request: web.Request, record: PostRecord, script: Script, history_gate: Gate | None) -> Job:
        count = int(record.number_of_videos or 0)
        ids = tuple(uuid4().hex[:12] for _ in range(count))
        usual = [f"{request.url.origin()}/files/{video_id}.mp4" for video_id in ids]
        told = [f"{url}?{urlencode(EXPIRED)}" for url in usual] if script.expired else usual
        wide = self._options.film
        record.accepted, record.video_ids = True, list(ids)
        job = Job(
            prompt=record.prompt or "",
            photos=tuple(record.photos),
            created_at=self._options.told_time(),
            video_ids=ids,
            history_ids=tuple(uuid4().hex[:12] for _ in range(count)),
            urls=(*script.urls[:count], *told[len(script.urls) :]),
            history_urls=tuple(usual) if script.expired else (*script.urls[:count], *usual[len(script.urls) :]),
            film=wide.turned() if record.aspect_ratio == PORTRAIT else wide,
            script=script,
        )
        self._ledger.add(job)
        self._studio.start(job, history_gate)
        return job

    async def _histories(self, request: web.Request) -> web.StreamResponse:
        answer = self._guarded(request) or self._refusal(request) or self._next_answer("histories")
        return self._noted(request, _answer(answer or self._page(request)))

    def _page(self, request: web.Request) -> Answer:
        try:
            page, size = int(request.query.get("page", "1")), int(request.query.get("page_size", "20"))
        except ValueError:
            page, size = 0, 0
        if page < 1 or not 1 <= size <= MAX_PAGE_SIZE:
            return Answer(400, {"error": f"page must be at least 1, page_size 1 to {MAX_PAGE_SIZE}"})
        return Answer(200, self._ledger.page(page, size))

    async def _credits(self, request: web.Request) -> web.StreamResponse:
        answer = self._guarded(request) or self._refusal(request) or self._next_answer("credits")
        answer = answer or Answer(200, self._ledger.credits())
        return self._noted(request, _answer(answer))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        video_id = request.match_info["name"].removesuffix(".mp4")
        job = next((job for job in self._ledger.jobs if video_id in job.video_ids), None)
        answer: web.StreamResponse
        if (guarded := self._guarded(request)) is not None:
            answer = _answer(guarded)
        elif self._options.files_status is not None and not self._key_ok(request):
            answer = _answer(Answer(self._options.files_status, {"error": "The key is needed"}))
        elif job is not None:
            path = self._studio.file(video_id)
            answer = await self._downloads.send(request, job, video_id, path if path.is_file() else None)
        else:
            answer = _answer(Answer(404, {"error": "Not found"}))
        return self._noted(request, answer)

    def _key_ok(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {self._options.key}".encode())

    def _guarded(self, request: web.Request) -> Answer | None:
        """What a guard in front of the service says, or None."""
        agent = self._options.guard_agent
        if self.guard is None and agent is not None and not request.headers.get("User-Agent", "").startswith(agent):
            return GUARD_ANSWERS[Guard.CODE]
        return None if self.guard is None else GUARD_ANSWERS[self.guard]

    def _refusal(self, request: web.Request) -> Answer | None:
        """Why a request is refused before it is read, or None."""
        if not self._key_ok(request):
            return Answer(401, {"error": "Unauthorized: invalid API key"})
        headers = self._limit.refusal()
        return None if headers is None else Answer(429, {"error": "Too many requests"}, headers)

    def _next_answer(self, endpoint: str) -> Answer | None:
        return self.answers[endpoint].popleft() if self.answers[endpoint] else None

    def _noted(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        now, headers = self._options.now(), _headers(request)
        self.gets.append(GetRecord(now, request.path_qs, headers, self._key_ok(request), response.status))
        self._signal.notify()
        return response


def _headers(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.lower() != "authorization"}


def _answer(answer: Answer, record: PostRecord | None = None) -> web.Response:
    if record is not None:
        record.status = answer.status
    return answer_response(answer)
