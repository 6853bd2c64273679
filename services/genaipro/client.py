"""The client of the GenAIPro API. Source: the API pages of ``/v1/veo``.

Every read goes through the rate limit; the paid POST is paced by its caller, who must commit that it is about to be
made between the wait and the call. It is made once; what happened to it is told by the type of the error. A read raises
``NotAcceptedError`` (it may be asked again) or ``RefusedError`` (key, address). No error, log line or ``repr`` holds
the key, a prompt or a signed address.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace

import aiohttp

from services.clock import Clock
from services.failures import Failure, FailureKind
from services.genaipro.classify import ApiAnswer, clock_offset, lost, paid_error, read_error
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    GenAIProError,
    NotAcceptedError,
    RefusedError,
    ResultPage,
    StreamEvent,
)
from services.genaipro.parsing import parse_answer, parse_credits, parse_event, parse_histories
from services.genaipro.rate_limit import ProcessRateLimit, SharedRateLimit
from services.genaipro.stream import BODY_LIMIT, BROKEN, FormFile, PaidEventSource, open_form, read_bounded
from services.http_requests import USER_AGENT, RequestProgress
from services.options import MAX_VIDEOS, Shape, VideoOptions, is_count
from services.photos.model import MAX_PHOTOS, PhotoFile
from services.telemetry import BYTES, CREDITS_LEFT, OPEN_STREAMS, POSTS, Contact, PostOutcome, Service, count_call

CONNECT_SECONDS = 30.0
"""Seconds that name resolution, connection and TLS handshake may take together."""

READ_SECONDS = 30.0
"""Seconds that a read (history, credits) may take in all."""

READ_LIMIT = 4 * 1024 * 1024
"""Bytes that the answer of a read may have."""

LONGEST_HOLD = 600.0
"""Seconds for which one answer of "too many requests" may hold up all calls."""

SHORTEST_KEY = 8
"""Characters from which on a key is searched for in what the service says."""

_LOG = logging.getLogger(__name__)
_BAD_ADDRESS = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
_OUTCOMES: dict[type[StreamEvent], PostOutcome] = {
    CompletedEvent: PostOutcome.COMPLETED,
    FailedEvent: PostOutcome.FAILED,
}

_ENDPOINTS: dict[Shape, tuple[str, Sequence[str], Sequence[tuple[str, str]]]] = {
    Shape.WIDE: ("ingredients-to-video", ["reference_images"] * MAX_PHOTOS, []),
    Shape.TALL: (
        "frames-to-video",
        ["start_image", "end_image"],
        [("aspect_ratio", "VIDEO_ASPECT_RATIO_PORTRAIT")],
    ),
}
"""Path, the names of the parts for photos, as many as it takes, and what else the form says."""


@dataclass(slots=True)
class GenAIProClient:
    """Calls GenAIPro."""

    session: aiohttp.ClientSession
    """The process's session, for the reads."""
    paid: aiohttp.ClientSession
    """The session of the paid POSTs, from ``paid_session``."""
    base_url: str
    """The API's base URL, such as ``https://genaipro.vn/api/v1``."""
    api_key: str = field(repr=False)
    idle_timeout: float = field(kw_only=True)
    """Seconds without a byte after which a stream counts as lost (``STREAM_IDLE_TIMEOUT``)."""
    rate_limit: ProcessRateLimit | SharedRateLimit = field(kw_only=True)
    clock: Clock = field(kw_only=True)
    contact: Contact = field(init=False)
    """Whether the service answers."""

    def __post_init__(self) -> None:
        """Begin with nothing heard of the service."""
        self.base_url = self.base_url.rstrip("/")
        self.contact = Contact(self.clock)

    @asynccontextmanager
    async def make_videos(
        self, photos: Sequence[PhotoFile], prompt: str, options: VideoOptions
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        """Makes the paid POST, exactly once, and hands out its events up to the terminal one.

        Leaving the context closes the connection at once, whatever was read; so does a cancellation.

        Args:
            photos: 1 to 3 images on disk, of a tall video the one that it begins with, and possibly the one that it
                ends with; they are streamed, and open until the context is left.
            prompt: Not empty.

        Raises:
            ValueError: An argument is out of its range; nothing was sent.
            NotAcceptedError: On entering; may be tried again.
            RefusedError: On entering; refused for good, or a photo is no longer there (``FailureKind.PHOTOS``,
                before any connection).
            MaybeAcceptedError: On entering or while iterating; to be looked up, never to be sent again.
        """
        call, parts, others = _ENDPOINTS[options.shape]
        if not 1 <= len(photos) <= len(parts) or not is_count(options.count) or not prompt.strip():
            raise ValueError(f"1 to {len(parts)} photos, 1 to {MAX_VIDEOS} videos and a prompt are needed")
        fields = [("prompt", prompt), *others, ("number_of_videos", str(options.count))]
        outcome = PostOutcome.LEFT

        async def finished(events: AsyncIterator[StreamEvent]) -> AsyncGenerator[StreamEvent, None]:
            nonlocal outcome
            async for event in events:
                outcome = _OUTCOMES.get(type(event), outcome)
                yield event

        with OPEN_STREAMS.track_inprogress():
            try:
                async with AsyncExitStack() as stack:
                    with self._counted(call):
                        events = await self._open_stream(stack, call, list(zip(parts, photos, strict=False)), fields)
                    BYTES.labels(Service.GENAIPRO, "out").inc(sum(photo.size for photo in photos))
                    yield await stack.enter_async_context(aclosing(finished(events)))
            except GenAIProError as error:
                outcome = error.outcome
                raise
            finally:
                POSTS.labels(outcome).inc()

    async def _open_stream(
        self, stack: AsyncExitStack, call: str, files: Sequence[FormFile], fields: Sequence[tuple[str, str]]
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of the paid POST, which is made here; what it holds open is closed with the stack."""
        try:
            form = await open_form(stack, files, fields)
        except OSError as error:
            _LOG.warning("a photo cannot be opened: %s", type(error).__name__)
            raise RefusedError(Failure(FailureKind.PHOTOS)) from None
        sending = RequestProgress(self.idle_timeout)
        source = PaidEventSource(
            f"{self.base_url}/veo/{call}",
            self.paid,
            headers=self._headers("text/event-stream") | {"Accept-Encoding": "identity", "Cache-Control": "no-cache"},
            data=form,
            allow_redirects=False,
            trace_request_ctx=sending,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=self.idle_timeout),
        )
        stack.push_async_callback(source.close)
        await self._post(source, sending)
        events = self._stream(source) if await source.is_stream() else self._single(await self._whole(source))
        return await stack.enter_async_context(aclosing(events))

    async def histories(self, page: int = 1, page_size: int = 20) -> ResultPage:
        """A page of the history, from 1 on, newest first."""
        await self.rate_limit.wait()
        return await self._history_page(page, page_size)

    async def recent_history(self) -> ResultPage | None:
        """The first page of the history, or None where the limit on calls has none to spare."""
        return await self._history_page(1, 20) if await self.rate_limit.spare() else None

    async def credits_left(self) -> int:
        """The credits of all grants that are neither used nor expired; the metrics are told, too."""
        await self.rate_limit.wait()
        body, _ = await self._read("credits")
        now = self.clock.now()
        left = sum(count for count, expires_at in parse_credits(body) if expires_at is None or expires_at > now)
        CREDITS_LEFT.set(left)
        return left

    @contextmanager
    def _counted(self, call: str) -> Iterator[None]:
        """Count a call by how the block ends."""
        try:
            yield
        except GenAIProError as error:
            # A refusal without a status is the bot's own: nothing was asked.
            if error.status is not None or not isinstance(error, RefusedError):
                self._heard(call, error.status)
            raise
        self._heard(call, 200)

    def _heard(self, call: str, status: int | None) -> None:
        count_call(Service.GENAIPRO, call, status)
        self.contact.heard(status)

    def _headers(self, accept: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}", "User-Agent": USER_AGENT, "Accept": accept}

    async def _post(self, source: PaidEventSource, sending: RequestProgress) -> None:
        """Sends the request; returns when the head of an answer is there, whatever its status."""
        try:
            async with sending.watched(self.idle_timeout):
                await source.connect()
        except _BAD_ADDRESS:
            error: GenAIProError = RefusedError(Failure(FailureKind.INTERNAL))
        except BROKEN as broken:
            error = lost() if sending.begun else NotAcceptedError(Failure(FailureKind.BUSY))
            _LOG.warning("no answer to the paid request (sent: %s): %s", sending.begun, type(broken).__name__)
        else:
            return
        raise error

    async def _whole(self, source: PaidEventSource) -> StreamEvent:
        """The terminal event of an answer that is no stream; raises what any other such answer means."""
        if 200 <= source.answer.status < 300:
            text = (await source.body(READ_LIMIT, seconds=None)).decode("utf-8-sig", "replace")
            event = parse_answer(text, self.base_url)
            if isinstance(event, FailedEvent):
                event = parse_answer(self._censored(text), self.base_url)
            if event is None:
                _LOG.warning("an answer of status %d that tells no result", source.answer.status)
                raise lost(source.answer.status)
            return event
        raise await self._heeded(paid_error(self._said(source.answer, await source.body())))

    @staticmethod
    async def _single(event: StreamEvent) -> AsyncGenerator[StreamEvent, None]:
        yield event

    async def _stream(self, source: PaidEventSource) -> AsyncGenerator[StreamEvent, None]:
        what_happened = "the stream ended without a terminal event"
        try:
            async for raw in source:
                event = parse_event(raw.name, raw.data, self.base_url)
                if isinstance(event, FailedEvent):
                    event = parse_event(raw.name, self._censored(raw.data), self.base_url)
                is_terminal = isinstance(event, CompletedEvent | FailedEvent)
                if raw.complete or is_terminal:
                    yield event
                if is_terminal:
                    return
        except BROKEN as broken:
            what_happened = f"the stream broke: {type(broken).__name__}"
        _LOG.warning(what_happened)
        raise lost(source.answer.status)

    async def _history_page(self, page: int, page_size: int) -> ResultPage:
        body, offset = await self._read("histories", page=page, page_size=page_size)
        return replace(parse_histories(body, page, self.base_url), clock_offset=offset)

    async def _read(self, call: str, **query: int) -> tuple[str, float | None]:
        """The body of a read's answer, of status 200, and how far the service's clock is ahead."""
        with self._counted(call):
            try:
                async with self.session.get(
                    f"{self.base_url}/veo/{call}",
                    params=query,
                    headers=self._headers("application/json"),
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=READ_SECONDS),
                ) as response:
                    raw = await read_bounded(response.content, READ_LIMIT if response.status == 200 else BODY_LIMIT)
            except _BAD_ADDRESS:
                error: GenAIProError = RefusedError(Failure(FailureKind.INTERNAL))
            except BROKEN as broken:
                _LOG.warning("no answer to a read: %s", type(broken).__name__)
                error = NotAcceptedError(Failure(FailureKind.BUSY))
            else:
                if response.status == 200 and len(raw) < READ_LIMIT:
                    return raw.decode("utf-8-sig", "replace"), clock_offset(response.headers, self.clock.now())
                error = await self._heeded(read_error(self._said(response, raw[:BODY_LIMIT])))
            raise error

    async def _heeded(self, error: GenAIProError) -> GenAIProError:
        """The error; a wait that it asks for holds all calls."""
        if error.retry_after:
            await self.rate_limit.hold(min(error.retry_after, LONGEST_HOLD))
        return error

    def _said(self, answer: aiohttp.ClientResponse, body: bytes) -> ApiAnswer:
        kind, text = answer.content_type.lower(), self._censored(body.decode("utf-8-sig", "replace"))
        return ApiAnswer(answer.status, answer.headers, kind, text, self.clock.now())

    def _censored(self, text: str) -> str:
        """What the service says without the key, should it repeat that: a failure is shown and kept."""
        return text.replace(self.api_key, "...") if len(self.api_key) >= SHORTEST_KEY else text
