"""The video files: given whole, or with the faults that a request's script asks for."""

from collections import Counter
from pathlib import Path

from aiohttp import web

from sandbox.genaipro.answers import answer_response
from sandbox.genaipro.jobs import Job
from sandbox.genaipro.script import Answer, FileFault

EXPIRED = {"Expires": "0"}
"""The query of an address that has expired."""


class Downloads:
    """Answers requests for video files and counts them, so that faults hit the first of them."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    async def send(self, request: web.Request, job: Job, video_id: str, path: Path | None) -> web.StreamResponse:
        """Answer one request for a video of a job; ``path`` is its file, or None while there is none."""
        if job.script.file_answer is not None:
            return answer_response(job.script.file_answer)
        if job.script.expired and dict(request.query) == EXPIRED:
            return answer_response(Answer(403, {"error": "The address has expired"}))
        fault = self._fault(job, video_id)
        if fault is not None and fault.answer is not None:
            return answer_response(fault.answer)
        if path is None:
            return answer_response(Answer(404, {"error": "Not found"}))
        if fault is not None and fault.cut is not None:
            return await _send_start(request, path, fault.cut)
        return web.FileResponse(path, headers={"Content-Type": "video/mp4"})

    def _fault(self, job: Job, video_id: str) -> FileFault | None:
        """The fault that hits this download; it is counted."""
        number = self._count[video_id]
        self._count[video_id] += 1
        for fault in job.script.file_faults:
            if fault.times is None or number < fault.times:
                return fault
            number -= fault.times
        return None


async def _send_start(request: web.Request, path: Path, size: int) -> web.StreamResponse:
    """The first bytes of a file with no word about its length, and a good end."""
    response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    with path.open("rb") as file:
        await response.write(file.read(size))
    await response.write_eof()
    return response
