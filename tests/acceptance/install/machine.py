"""A small project that installs itself as this one does, an index of its own, and machines that lack something."""

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from requirements.lock import pins

ROOT = Path(__file__).resolve().parents[3]
UV = Path(sys.executable).parent / "uv"
BACKEND = """
import zipfile, pathlib
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "small-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("small-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\n")
        wheel.writestr("small-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("small-1.dist-info/RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "small"
version = "1"
"""
# An extra of a package is what made pip look at newer releases.
PACKAGES: dict[str, tuple[str, ...]] = {
    "alpha": ("beta[more]>=1",),
    "beta": ('gamma>=1; extra == "more"',),
    "gamma": ("delta",),
    "delta": (),
}
READY_PIP = """
import os, pathlib, shutil, subprocess
run, ready = subprocess.run, {ready!r}
def with_ready_pip(command, **options):
    if command[1:3] != ["-m", "ensurepip"]:
        return run(command, **options)
    (packages,) = pathlib.Path(command[0]).parents[1].glob("lib/python3*/site-packages")
    shutil.copytree(ready, packages, copy_function=os.link, dirs_exist_ok=True)
    return subprocess.CompletedProcess(command, 0, "", "")
subprocess.run = with_ready_pip
"""


def python_that(folder: Path, begins: str) -> Path:
    """Make a Python that runs some lines before a script."""
    (folder / "begins.py").write_text(
        f"import runpy, sys\n{begins}\nrunpy.run_path(sys.argv[1], run_name='__main__')\n"
    )
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} "$@"\nexec {sys.executable} {folder}/begins.py "$@"\n'
    )
    python.chmod(0o755)
    return python


def packages_with_pip(folder: Path) -> Path:
    """Make an environment with pip, which takes seconds; gives its packages, for those who only need a pip."""
    venv = folder / "venv"
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(venv)],
        [f"{venv}/bin/python", "-m", "ensurepip"],
    ):
        subprocess.run(command, check=True, capture_output=True, env=surroundings())
    (packages,) = venv.glob("lib/python3*/site-packages")
    return packages


def wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = (), program: Path | None = None) -> str:
    """Write a wheel; its hash."""
    info = f"{name}-{version}.dist-info"
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    files = {
        f"{name}.py": f"VERSION = {version!r}\n".encode(),
        f"{info}/METADATA": "\n".join([*lines, "Provides-Extra: more", ""]).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if program is not None:
        files[f"{name}-{version}.data/scripts/{program.name}"] = program.read_bytes()
    digests = {at: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=") for at, data in files.items()}
    record = "".join(f"{at},sha256={digests[at].decode()},{len(data)}\n" for at, data in files.items())
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for at, data in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            entry = zipfile.ZipInfo(at)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(entry, data)
    return hashlib.sha256(file.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder with the project, the index beside it, and the environment and the Python of the one who installs."""

    project: Path
    index: Path
    environment: dict[str, str]
    maker: Path

    def make(
        self, target: str = "install", python: Path | str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `make` there."""
        return self.run(["make", target, f"PYTHON={python or self.maker}"], **environment)

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        env = self.environment | environment
        return subprocess.run(command, cwd=self.project, env=env, capture_output=True, text=True, check=False)

    @property
    def python(self) -> Path:
        return self.project / ".venv" / "bin" / "python"

    def installed(self) -> dict[str, str]:
        """The versions of the packages, by name."""
        code = "import alpha, beta, gamma, delta; print(alpha.VERSION, beta.VERSION, gamma.VERSION, delta.VERSION)"
        said = subprocess.run([self.python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
        return dict(zip(PACKAGES, said.split(), strict=True))


def surroundings() -> dict[str, str]:
    """The environment without what the owner of this machine has set."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "PYTHON", "MAKE"))}


def machine(
    folder: Path, *, with_uv: bool, packages: Sequence[str] = tuple(PACKAGES), ready: Path | None = None
) -> Machine:
    """Make the project and an index that has just what is pinned.

    Args:
        folder: Empty.
        with_uv: Whether uv can be had there.
        packages: Which of them are pinned.
        ready: Of ``packages_with_pip``; has ensurepip replaced.
    """
    project, index = folder / "project", folder / "index"
    (project / "requirements").mkdir(parents=True)
    index.mkdir()
    shutil.copy(ROOT / "Makefile", project)
    shutil.copy(ROOT / "requirements" / "install.py", project / "requirements")
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "backend.py").write_text(BACKEND)
    digests = {name: wheel(index, name, "1.0", needs) for name, needs in PACKAGES.items()}
    listed = [f"{name}==1.0 \\\n    --hash=sha256:{digests[name]}\n" for name in packages]
    (project / "requirements" / "dev.txt").write_text("# Made by hand\n" + "".join(listed))
    (uv,) = pins((ROOT / "requirements" / "uv.txt").read_text())
    digest = wheel(index, "uv", str(uv.version), program=UV) if with_uv else "0" * 64
    (project / "requirements" / "uv.txt").write_text(f"uv=={uv.version} \\\n    --hash=sha256:{digest}\n")
    sources = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "UV_CACHE_DIR": str(folder / "cache")}
    maker = Path(sys.executable) if ready is None else python_that(folder, READY_PIP.format(ready=str(ready)))
    return Machine(project, index, surroundings() | sources, maker)
