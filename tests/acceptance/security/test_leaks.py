"""A whole life of the process at the most talkative level, with the real libraries: nothing private is written down."""

import io
from pathlib import Path

from bot.logs import configure_logging
from sandbox.botapi.faults import FaultKind
from sandbox.genaipro import Answer, End, Script, status
from tests.acceptance.e2e import asking
from tests.acceptance.e2e.operator import SECRET, operated
from tests.acceptance.e2e.test_webhook import text_update
from tests.logs import logging_restored

PROMPT = "the cat of grandmother Wilhelmina"


async def test_nothing_private_is_logged_whatever_goes_wrong(tmp_path: Path) -> None:
    log = io.StringIO()
    with logging_restored():
        async with operated(tmp_path, webhook=True, start=False) as (here, endpoints):
            secrets = here.settings.secrets
            configure_logging("DEBUG", "json", secrets, log)
            await here.start()
            for script in (
                Script(frames=(status("odd"),), end=End.DROP),
                Script(answer=Answer(502, f"<html>{PROMPT}</html>", content_type="text/html")),
                Script(answer=Answer(401, {"error": f"unknown key {secrets[1]}"})),
                Script(error={"error": f"refused: {PROMPT} {secrets[1]}"}),
                Script(file_answer=Answer(403, "no")),
                Script(file_answer=Answer(200, "<html/>")),
            ):
                here.genaipro.enqueue(script)
                asked = await asking.ask(here, PROMPT)
                async with here.clock.hurried(5.0):
                    await asking.ended(here, asked)
            here.telegram.fail("sendVideo", FaultKind.DROP)
            here.telegram.fail("editMessageText", FaultKind.HTML, status=502, times=2)
            asked = await asking.ask(here, PROMPT)
            async with here.clock.hurried(5.0):
                await asking.ended(here, asked)
            assert await endpoints.post(text_update(900_001, PROMPT), secret="wrong") == 401
            assert await endpoints.post(text_update(900_002, PROMPT)) == 200
            _, metrics = await endpoints.get("/metrics")
            await here.stop()
    written = log.getvalue()
    assert "generation_ended" in written
    assert "post_begins" in written
    for text in (written, metrics):
        for private in (*secrets, SECRET, "Wilhelmina", ".mp4", "/file/bot", "hook/updates"):
            assert private not in text, private
