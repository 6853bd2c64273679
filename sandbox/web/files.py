"""The bytes of photos, videos and files, as they lie in the sandbox; in parts, too, so that videos can be played."""

from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from sandbox.botapi import BotApiServer
from sandbox.botapi.model import StoredFile

_SHOWN = {"photo": "image/jpeg", "thumbnail": "image/jpeg", "video": "video/mp4"}


@dataclass(slots=True)
class Files:
    """Answers requests for files by their id."""

    telegram: BotApiServer

    def add_routes(self, application: web.Application) -> None:
        """Serve all files."""
        application.router.add_get("/media/{file_id}", self.show)
        application.router.add_get("/media/{file_id}/{name}", self.save)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """A photo or video, to be seen on the page."""
        file = self._find(request)
        kind = _SHOWN.get(file.kind)
        if kind is None:
            raise web.HTTPNotFound
        return web.FileResponse(file.path, headers={"Content-Type": kind, "Cache-Control": "private, max-age=3600"})

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Any file byte for byte, to be saved: what people send is never opened as a page."""
        file = self._find(request)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(request.match_info['name'], safe='')}",
        }
        return web.FileResponse(file.path, headers=headers)

    def _find(self, request: web.Request) -> StoredFile:
        file = self.telegram.backend.files.find(request.match_info["file_id"])
        if file is None:
            raise web.HTTPNotFound
        return file
