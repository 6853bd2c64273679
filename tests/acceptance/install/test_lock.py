"""The lists of packages: whole, pinned by hash, wheels only, and those that the project file asks for."""

import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from requirements.lock import asked, environments, missing, needed, pins

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LISTS = {"dev.txt": ("dev",), "runtime.txt": (), "uv.txt": ("install",)}
KNOWN: dict[str, Distribution] = {canonicalize_name(one.name): one for one in distributions()}


def text(name: str) -> str:
    return (ROOT / "requirements" / name).read_text()


@pytest.mark.parametrize("name", ["dev.txt", "runtime.txt"])
def test_every_dependency_of_every_package_is_in_the_list(name: str) -> None:
    assert missing(pins(text(name)), asked(PROJECT, LISTS[name]), KNOWN) == []


@pytest.mark.parametrize("name", ["aiohttp", "greenlet", "psycopg-binary", "typing-extensions"])
def test_a_list_without_a_package_that_another_needs_is_found_out(name: str) -> None:
    listed = [pin for pin in pins(text("dev.txt")) if pin.name != name]
    assert len(listed) + 1 == len(pins(text("dev.txt")))
    assert any(line.startswith(name) for line in missing(listed, asked(PROJECT), KNOWN))


def test_a_version_that_the_project_file_does_not_want_is_found_out() -> None:
    wanted = [*asked(PROJECT), Requirement("aiohttp>=9999")]
    assert any(line.startswith("aiohttp>=9999 is not what") for line in missing(pins(text("dev.txt")), wanted, KNOWN))


@pytest.mark.parametrize("name", LISTS)
def test_every_package_is_pinned_by_hash_and_no_index_is_named(name: str) -> None:
    packages = re.split(r"(?m)^(?=[A-Za-z0-9])", text(name))[1:]
    assert packages
    for package in packages:
        assert re.match(r"\S+==\S+ .*\\\n    --hash=sha256:[0-9a-f]{64}", package), package
    assert "://" not in text(name)
    assert not re.search(r"(?m)^\s*-(?!-hash)", text(name))


@pytest.mark.parametrize("name", ["dev.txt", "runtime.txt"])
def test_nothing_is_in_the_list_that_nothing_asks_for(name: str) -> None:
    wanted = asked(PROJECT, LISTS[name])
    for _, place in environments():
        listed = {pin.name for pin in pins(text(name)) if pin.holds(place)}
        assert listed - {Requirement(one).name for one in needed(wanted, KNOWN, place)} == set()


def test_the_image_has_the_same_versions_as_the_tests() -> None:
    tested = {pin.name: pin.version for pin in pins(text("dev.txt"))}
    assert {pin.name: pin.version for pin in pins(text("runtime.txt"))}.items() <= tested.items()


def test_what_builds_the_project_is_pinned_too() -> None:
    names = {pin.name for pin in pins(text("dev.txt"))}
    assert {Requirement(one).name for one in PROJECT["build-system"]["requires"]} | {"editables"} <= names
