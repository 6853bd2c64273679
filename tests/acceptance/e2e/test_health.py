import re
from pathlib import Path

from prometheus_client import REGISTRY, generate_latest

from sandbox.botapi.faults import FaultKind
from tests.acceptance.e2e.asking import change
from tests.acceptance.e2e.operator import operated
from tests.pictures import jpeg
from tests.ports import free_port


async def test_ready_once_updates_are_taken_and_alive_all_the_time(tmp_path: Path) -> None:
    async with operated(tmp_path) as (_, endpoints):
        body = await endpoints.until("/readyz", lambda status, _: status == 200)
        for part in ("started", "database", "telegram", "updates", "worker", "genaipro"):
            assert f'"{part}": "ok"' in body
        assert (await endpoints.get("/healthz"))[0] == 200


async def test_not_ready_when_genaipro_cannot_be_reached(tmp_path: Path) -> None:
    async with operated(tmp_path, genaipro_api_url=f"http://127.0.0.1:{free_port()}/v1") as (_, endpoints):
        body = await endpoints.until("/readyz", lambda _, body: '"updates": "ok"' in body)
        status, body = await endpoints.get("/readyz")
        assert status == 503
        assert '"genaipro": "failed"' in body
        assert (await endpoints.get("/healthz"))[0] == 200


async def test_neither_alive_nor_ready_when_the_database_is_gone(tmp_path: Path) -> None:
    async with operated(tmp_path) as (here, endpoints):
        await endpoints.until("/readyz", lambda status, _: status == 200)
        await change(here, "ALTER TABLE alembic_version RENAME TO gone")
        for path in ("/healthz", "/readyz"):
            await endpoints.until(path, lambda status, body: status == 503 and '"database": "failed"' in body)
        await change(here, "ALTER TABLE gone RENAME TO alembic_version")
        await endpoints.until("/healthz", lambda status, _: status == 200)


async def test_not_ready_while_another_process_polls(tmp_path: Path) -> None:
    async with operated(tmp_path, start=False) as (here, endpoints):
        words = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
        here.telegram.fail("getUpdates", FaultKind.ERROR, times=2, status=409, description=words)
        await here.start()
        await endpoints.until("/readyz", lambda status, body: status == 503 and '"updates": "failed"' in body)
        await endpoints.until("/readyz", lambda status, _: status == 200)


async def test_ready_by_webhook_only_once_it_is_set(tmp_path: Path) -> None:
    async with operated(tmp_path, webhook=True, start=False) as (here, endpoints):
        words = "Bad Request: bad webhook: Failed to resolve host: Name or service not known"
        here.telegram.fail("setWebhook", FaultKind.ERROR, times=1, status=400, description=words)
        await here.start()
        await endpoints.until("/readyz", lambda status, body: status == 503 and '"updates": "failed"' in body)
        await endpoints.until("/readyz", lambda status, _: status == 200)


async def test_what_was_done_is_counted_and_nothing_private_told(tmp_path: Path) -> None:
    counted = (
        'pho2video_generations_finished_total{state="done"}',
        'pho2video_posts_total{outcome="completed"}',
        'pho2video_generation_state_seconds_count{state="delivering"}',
        'pho2video_updates_total{kind="callback_query"}',
        'pho2video_bytes_total{direction="out",service="genaipro"}',
    )
    async with operated(tmp_path) as (here, endpoints):
        # Tests share a process, and its counters. Asking over HTTP would look the credits up, too early.
        lines = dict(line.rsplit(" ", 1) for line in generate_latest(REGISTRY).decode().splitlines())
        before = [float(lines.get(line, 0)) for line in counted]
        await here.anna.send_photo(jpeg(), "a cat with a secret")
        card = await here.ready_card()
        await here.press(card, "go")
        await here.ended(here.anna.chat_id, card.message_id)
        after = [await endpoints.metric(line) or 0 for line in counted]
        assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1, 1, len(jpeg())]
        assert await endpoints.metric('pho2video_generations{state="queued"}') == 0
        assert await endpoints.metric("pho2video_open_streams") == 0
        assert await endpoints.metric("pho2video_credits_left") == here.genaipro.credits_left
        _, body = await endpoints.get("/metrics")
        for private in ("secret", here.telegram.token, here.settings.secrets[1], ".mp4"):
            assert private not in body
        # A sum of seconds may end in the same digits.
        assert not re.search(rf"(?<!\d){here.anna.user_id}(?!\d)", body)
