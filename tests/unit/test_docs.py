"""What the documentation points to exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image

from bot.cli import app
from bot.screens import SECTIONS
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "sandbox/**/*.md", "benchmarks/**/*.md", "ops/**/*.md", "tests/README.md")
    for page in ROOT.glob(pattern)
)
PICTURES = sorted(path for path in (ROOT / "docs" / "images").iterdir() if path.suffix in {".png", ".jpg"})
MOST_PICTURE_BYTES = 300_000
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LISTED_TARGET = re.compile(r"^([a-z]+):.*##", re.MULTILINE)
PATH = re.compile(r"(?<![\w/])(?:bot|handlers|services|locales|sandbox|tests|benchmarks|docs|ops)/[\w./-]+")
SETTING = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
NAMES = r"(?:`[\w.]+`(?:, | and )?)+"
MODULE = r"\[[^\]]+\]\(([^)]+\.py)\)"
NAMED_IN = re.compile(rf"({NAMES})(?: in|,)? \(?{MODULE}|{MODULE}(?:,| \()[ \n]?({NAMES})(?! in)")
"""Names before or after the module that has them: ``name`` in [module], ``name`` ([module]), [module], ``name``."""
DEFINED = re.compile(r"\b(?:def|class) (\w+)|^ *(\w+)(?:: | = )", re.MULTILINE)
FOLDERS = ("bot", "handlers", "services", "sandbox", "tests")
GUIDES = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = (re.sub(r"[`*]|\[|\]\([^)]*\)", "", title) for title in HEADING.findall(CODE.sub("", read(page))))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def broken_links(page: Path, root: Path = ROOT) -> Iterator[str]:
    for link in LINK.findall(CODE.sub("", read(page))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        leads = target.exists() and target.is_relative_to(root) and (not anchor or anchor in anchors(target))
        if not leads:
            yield link


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_a_broken_link_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A *b* c\n[1](#a-b-c) [2](#a-b) [3](gone.md) [4](https://example.com)\n```\n[5](x)\n```\n")
    assert list(broken_links(page, tmp_path)) == ["#a-b", "gone.md"]


@by_page
def test_targets_of_make_exist(page: Path) -> None:
    mentioned = set(re.findall(r"(?:^|`)make ([a-z]+)", read(page), re.MULTILINE))
    assert mentioned <= set(LISTED_TARGET.findall(read(ROOT / "Makefile")))


@by_page
def test_commands_of_the_bot_exist(page: Path) -> None:
    commands = getattr(typer.main.get_command(app), "commands", {})
    assert set(re.findall(r"python -m bot ([a-z-]+)", read(page))) <= set(commands)


@by_page
def test_paths_named_in_the_text_exist(page: Path) -> None:
    named = {path for quoted in INLINE.findall(CODE.sub("", read(page))) for path in PATH.findall(quoted)}
    assert {path for path in named if "<" not in path and not (ROOT / path).exists()} == set()


def test_files_named_in_the_guide_to_the_tests_exist() -> None:
    named = {quoted for quoted in INLINE.findall(CODE.sub("", read(ROOT / "tests" / "README.md"))) if "<" not in quoted}
    files = {name for name in named if name.endswith(".py") or re.fullmatch(r"[\w/]+/", name)}
    assert {name for name in files if not (ROOT / "tests" / name).exists() and not (ROOT / name).exists()} == set()


def test_sections_of_screens_named_in_the_text_exist() -> None:
    named = {section for page in PAGES for section in re.findall(r"--section (\w+)", read(page))}
    assert named
    assert {name for name in named if not any(name in section for section in SECTIONS)} == set()


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_names_are_defined_in_the_module_linked_beside_them(page: Path) -> None:
    named = NAMED_IN.findall(read(page))
    assert named
    for before, behind, ahead, after in named:
        defined = {name for names in DEFINED.findall(read(page.parent / (behind or ahead))) for name in names}
        assert set(re.findall(r"\w+", before or after)) - {"and"} <= defined


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_names_of_code_are_somewhere_in_it(page: Path) -> None:
    modules = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    words = {word.lower() for module in modules for word in re.findall(r"\w+", read(module))}
    names = (quoted for quoted in INLINE.findall(CODE.sub("", read(page))) if re.fullmatch(r"@?[\w.]+", quoted))
    named = {word.lower() for name in names if re.search(r"[A-Z_]", name) for word in re.findall(r"\w+", name)}
    assert named - words == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page.name.startswith("README") and page.parent == ROOT])
def test_settings_named_on_the_first_page_exist(page: Path) -> None:
    named = {name for quoted in INLINE.findall(read(page)) for name in SETTING.findall(quoted)}
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_pictures_are_whole_and_small(picture: Path) -> None:
    assert picture.stat().st_size < MOST_PICTURE_BYTES
    with Image.open(picture) as image:
        image.load()
