"""``--genaipro``: the page with a service of its own settings, here another sandbox's."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sandbox.genaipro import GenAIProOptions, GenAIProServer
from tests.acceptance.web.browser import command, open_page

pytestmark = pytest.mark.timeout(300)


@contextmanager
def service() -> Iterator[GenAIProServer]:
    """A service with a key, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = GenAIProServer(GenAIProOptions(key="owners-very-own-key").tiny())
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(30)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def test_real_videos_cost_and_nothing_is_made_to_fail(launched: Browser, tmp_path: Path) -> None:
    with service() as real:
        (tmp_path / ".env").write_text(f"GENAIPRO_API_KEY=owners-very-own-key\nGENAIPRO_API_URL={real.url}\n")
        with command("--genaipro", cwd=tmp_path) as started:
            chat = open_page(launched, started.url)
            expect(chat.page.get_by_text("every request costs credits")).to_be_visible()
            expect(chat.page.get_by_role("combobox", name="Next request")).to_be_hidden()
            chat.page.get_by_role("button", name="Wire").click()
            expect(chat.order("paid for")).to_contain_text("Done: 1 video")
            expect(chat.wire.get_by_text("POST /v1/veo/ingredients-to-video")).to_have_count(1)
            expect(chat.wire).to_contain_text("video_generation_complete")
            assert "owners-very-own-key" not in chat.page.content()
            assert [post.prompt for post in real.posts] == ["paid for"]
            assert real.posts[0].headers["User-Agent"].startswith("Pho2Video/")
            chat.page.context.close()
