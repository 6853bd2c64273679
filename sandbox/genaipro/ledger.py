"""What the account holds: requests made, credits used, and how both are told."""

import math
from datetime import datetime, timedelta

from pydantic import JsonValue

from sandbox.genaipro.jobs import Job
from sandbox.genaipro.options import GenAIProOptions, HistoryShape, RateHeader
from sandbox.genaipro.script import FAILED, PENDING, InHistory

MAX_PAGE_SIZE = 100


class Ledger:
    """Requests and credits of the one account.

    Args:
        options: Quota and the shape of the history.
    """

    def __init__(self, options: GenAIProOptions) -> None:
        self._options = options
        self._jobs: list[Job] = []
        self.used = options.used

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All accepted requests, oldest first."""
        return tuple(self._jobs)

    @property
    def left(self) -> int:
        """Credits left."""
        return max(0, self._options.quota - self.used)

    def add(self, job: Job) -> None:
        """Take a job in and charge it."""
        self._jobs.append(job)
        self.used += len(job.video_ids)

    def credits(self) -> list[JsonValue]:
        """The body of ``GET /veo/credits``."""
        return [{"quota": self._options.quota, "used": self.used, "expires_at": None}]

    def page(self, number: int, size: int) -> dict[str, JsonValue]:
        """The body of ``GET /veo/histories``.

        Args:
            number: From 1.
            size: Objects on a page.
        """
        items = [item for job in reversed(self._jobs) for item in self._items(job)]
        first = (number - 1) * size
        return {
            "data": items[first : first + size],
            "total": len(items),
            "page": number,
            "page_size": size,
            "total_pages": math.ceil(len(items) / size),
        }

    def _items(self, job: Job) -> list[JsonValue]:
        pending = (
            self._options.history_pending and job.script.history is not InHistory.NEVER and not job.rendered.is_set()
        )
        if not job.listed and not pending:
            return []
        ids = job.history_ids if self._options.history_own_ids else job.video_ids
        if self._options.history_shape is HistoryShape.REQUEST:
            word = job.script.word if job.good_urls() else FAILED
            return [_item(ids[0], job, [] if pending else job.good_urls(), PENDING if pending else word)]
        items: list[JsonValue] = []
        for position, video_id in enumerate(ids):
            worked = job.succeeded(position)
            word = job.script.word if worked else FAILED
            urls = [job.history_urls[position]] if worked and not pending else []
            items.append(_item(video_id, job, urls, PENDING if pending else word))
        return items


def _item(item_id: str, job: Job, urls: list[str], word: str) -> dict[str, JsonValue]:
    item: dict[str, JsonValue] = {"id": item_id, "prompt": job.prompt, "file_urls": list(urls)}
    item |= {"status": word, "created_at": job.created}
    if word == FAILED:
        item["error"] = job.script.failed_error
    return item


class RateLimit:
    """Counts requests in fixed windows, each beginning with its first request.

    Args:
        options: Limit, window, header, clock.
    """

    def __init__(self, options: GenAIProOptions) -> None:
        self._options = options
        self._until: datetime | None = None
        self._count = 0

    def refusal(self) -> dict[str, str] | None:
        """Count a request; the headers of a 429 when it is one too many, else None."""
        if self._options.rate_limit is None:
            return None
        now = self._options.now()
        if self._until is None or now >= self._until:
            self._until, self._count = now + timedelta(seconds=self._options.rate_window), 0
        self._count += 1
        if self._count <= self._options.rate_limit:
            return None
        left = math.ceil((self._until - now).total_seconds())
        match self._options.rate_header:
            case RateHeader.RETRY_AFTER:
                return {"Retry-After": str(left)}
            case RateHeader.RESET_EPOCH:
                return {"X-RateLimit-Reset": str(math.ceil(self._until.timestamp()))}
            case RateHeader.RESET_SECONDS:
                return {"X-RateLimit-Reset": str(left)}
            case RateHeader.NONE:
                return {}
