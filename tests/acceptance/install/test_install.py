"""The set-up, from outside: what is pinned and nothing else, once, with uv or without, or one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.install.machine import PACKAGES, UV, machine, packages_with_pip, python_that, wheel


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """The one line beside make's own."""
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert "Traceback" not in done.stdout
    return line


@pytest.fixture(scope="module")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ensurepip makes; the tests that look no further are handed it."""
    return packages_with_pip(tmp_path_factory.mktemp("pip"))


@pytest.mark.parametrize(
    "with_uv", [False, pytest.param(True, marks=pytest.mark.skipif(not UV.exists(), reason="no uv here"))]
)
def test_newer_releases_change_nothing_that_is_installed(tmp_path: Path, pip: Path, with_uv: bool) -> None:
    here, newer = machine(tmp_path, with_uv=with_uv, ready=None if with_uv else pip), tmp_path / "newer"
    newer.mkdir()
    for name in (*PACKAGES, "uv", "pip", "setuptools"):
        wheel(newer, name, "9999.0", PACKAGES.get(name, ()))
    everywhere = {"PIP_FIND_LINKS": f"{here.index} {newer}", "UV_FIND_LINKS": f"{here.index},{newer}"}
    elsewhere = {"PIP_USER": "1", "PIP_TARGET": str(newer / "target"), "PIP_PREFIX": str(newer), "PIP_UPGRADE": "1"}
    settings = {"PIP_NO_BINARY": ":all:", "PIP_PRE": "1", "PYTHONPATH": str(newer), "UV_RESOLUTION": "highest"}
    done = here.make(**everywhere, **elsewhere, **settings)
    assert done.returncode == 0, done.stderr + done.stdout
    assert here.installed() == dict.fromkeys(PACKAGES, "1.0")
    assert not (newer / "target").exists()
    assert ("uv cannot be used here" in done.stdout) is not with_uv
    stamp = here.project / ".venv" / ".installed"
    before = stamp.stat().st_mtime_ns
    assert here.make(PIP_FIND_LINKS="/nowhere").returncode == 0
    assert stamp.stat().st_mtime_ns == before


def test_what_an_interrupted_installation_left_is_replaced(tmp_path: Path, pip: Path) -> None:
    here = machine(tmp_path, with_uv=UV.exists(), ready=pip)
    packages = here.project / ".venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "half.py").touch()
    here.python.parent.mkdir()
    here.python.symlink_to("/nowhere/python3")
    assert here.make().returncode == 0
    assert here.installed() == dict.fromkeys(PACKAGES, "1.0")
    assert not (packages / "half.py").exists()


def test_other_bytes_under_the_same_version_are_refused(tmp_path: Path, pip: Path) -> None:
    here = machine(tmp_path, with_uv=False, packages=["gamma"], ready=pip)
    wheel(here.index, "gamma", "1.0", ("delta", "alpha"))
    assert "not the one that is pinned" in failed(here.make())
    assert not (here.project / ".venv" / ".installed").exists()


def test_a_list_with_a_gap_is_refused(tmp_path: Path, pip: Path) -> None:
    here = machine(tmp_path, with_uv=False, packages=["gamma"], ready=pip)
    assert "delta" in failed(here.make())


@pytest.mark.parametrize("lacking", ["ensurepip", "venv"])
def test_a_python_without_its_venv_module(tmp_path: Path, lacking: str) -> None:
    here = machine(tmp_path, with_uv=False)
    python = python_that(tmp_path, f"sys.modules[{lacking!r}] = None")
    assert "apt-get install python3-venv" in failed(here.make(python=python))


@pytest.mark.parametrize("python", ["/nowhere/python3", "false"])
def test_no_python_that_is_new_enough(tmp_path: Path, python: str) -> None:
    here = machine(tmp_path, with_uv=False)
    assert failed(here.make("demo", python)).startswith("Python 3.11 or newer is needed")


def test_an_index_that_cannot_be_reached(tmp_path: Path, pip: Path) -> None:
    here = machine(tmp_path, with_uv=False, packages=["alpha"], ready=pip)
    nowhere = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": str(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    line = failed(here.make("demo", **nowhere, PIP_RETRIES="1", PIP_CONFIG_FILE=os.devnull))
    assert "the package index cannot be reached" in line


MOUNTS = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not MOUNTS, reason="nothing can be mounted here")
@pytest.mark.parametrize(
    ("mount", "said"),
    [
        ("mount --bind -o ro . . && cd ..", "cannot be written to"),
        ("mount -t tmpfs -o size=6m none .venv && cd ..", "the disk is full"),
    ],
)
def test_a_folder_that_takes_nothing(tmp_path: Path, mount: str, said: str) -> None:
    here = machine(tmp_path, with_uv=False)
    (here.project / ".venv").mkdir()
    script = f"{mount} && exec make -C project install PYTHON={sys.executable}"
    assert said in failed(here.run(["unshare", "-m", "sh", "-c", script]))
