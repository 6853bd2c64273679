"""Makes the pictures of the README: screenshots of the chat's page, driven as a person would (``make pictures``).

Chromium draws them; a font with coloured emoji should be there, and one for Vietnamese.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import av
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from sandbox.demo.show import SAMPLE_PROMPTS
from sandbox.samples import SAMPLES
from sandbox.web.texts import Words, words

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PATIENCE_MILLISECONDS = 120_000
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
FRAME_AT = 0.45
"""Which part of the video the frame is from."""
FILM_FRAMES = 14
FILM_STEP_MILLISECONDS = 4500
FILM_SHOWN_MILLISECONDS = 700
GENERATE = {"en": "Generate", "vi": "Tạo video"}


@contextmanager
def chat(language: str) -> Iterator[str]:
    """The address of a page with a bot behind it."""
    arguments = [sys.executable, "-m", "bot", "chat", "--no-open", "--language", language]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window.

    Raises:
        SystemExit: There is none.
    """
    named = os.environ.get("CHROMIUM")
    path = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise SystemExit("Chromium is needed to draw the page; install it, or leave the pictures as they are.")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def open_page(browser: Browser, url: str, size: dict[str, int], scheme: str) -> Page:
    """The page in a window of a size, twice as sharp."""
    context = browser.new_context(viewport=size, device_scale_factor=1.5, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    return page


def send_photos(page: Page, said: Words, text: str) -> Locator:
    """Send the samples as an album; gives the card that comes of it."""
    before = page.get_by_role("article").count()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=said["attach"], exact=True).click()
    chooser.value.set_files(list(SAMPLES))
    box = page.get_by_role("textbox", name=said["message"], exact=True)
    box.fill(text)
    box.press("Enter")
    card = page.get_by_role("article").nth(before + 1)
    expect(card).to_contain_text("3")
    return card


def save(picture: bytes, name: str) -> None:
    """Save a screenshot; 256 colours are plenty for a chat, and a third of the bytes."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(HERE / name, optimize=True)


def film(page: Page, status: Locator, name: str) -> None:
    """Film the status message while it works; every frame has the size of the largest."""
    shots = []
    page.mouse.move(0, 0)
    for _ in range(FILM_FRAMES):
        shots.append(Image.open(BytesIO(status.locator(".body").screenshot())).convert("RGB"))
        page.wait_for_timeout(FILM_STEP_MILLISECONDS)
    expect(status).to_contain_text("✅")
    page.wait_for_timeout(1000)
    shots.append(Image.open(BytesIO(status.locator(".body").screenshot())).convert("RGB"))
    size = max(shot.width for shot in shots), max(shot.height for shot in shots)
    frames = []
    for shot in shots:
        frame = Image.new("RGB", size, shot.getpixel((shot.width - 1, 0)))  # type: ignore[arg-type]
        frame.paste(shot, (0, 0))
        frames.append(frame.quantize(64))
    shown = [FILM_SHOWN_MILLISECONDS] * (len(frames) - 1) + [4 * FILM_SHOWN_MILLISECONDS]
    frames[0].save(HERE / name, save_all=True, append_images=frames[1:], duration=shown, loop=0, optimize=True)


def frame_of(video: bytes) -> Image.Image:
    """A frame from the middle of a video."""
    with av.open(BytesIO(video)) as container:
        wanted = int(container.streams.video[0].frames * FRAME_AT)
        frames = container.decode(video=0)
        image: Image.Image = next(one for number, one in enumerate(frames) if number >= wanted).to_image()  # type: ignore[no-untyped-call]
    return image


def make(browser: Browser, language: str, suffix: str) -> None:
    """Make the pictures of a language."""
    said = words(language)
    with chat(language) as url:
        page = open_page(browser, url, DESK, "light")
        card = send_photos(page, said, SAMPLE_PROMPTS[language])
        page.wait_for_timeout(1000)
        phone = open_page(browser, url, PHONE, "dark")
        phone.wait_for_timeout(1500)
        save(phone.screenshot(), f"phone{suffix}.png")
        phone.context.close()
        page.get_by_role("combobox", name=said["next-request"]).select_option("minute")
        card.get_by_role("button", name=GENERATE[language]).click()
        film(page, card, f"status{suffix}.gif")
        page.get_by_role("button", name=said["wire"], exact=True).click()
        page.locator("video").first.wait_for()
        page.wait_for_timeout(3000)
        save(page.screenshot(), f"chat{suffix}.png")
        if not suffix:
            address = page.locator("video").first.get_attribute("src")
            video = page.request.get(url.rstrip("/") + str(address)).body()
            frame_of(video).resize((640, 360)).save(HERE / "frame.jpg", quality=90, optimize=True)
        page.context.close()


def main() -> None:
    """Make all pictures."""
    with chromium() as browser:
        for language, suffix in (("en", ""), ("vi", "-vi")):
            make(browser, language, suffix)
            sys.stdout.write(f"{language}: done\n")


if __name__ == "__main__":
    main()
