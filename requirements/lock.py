"""Pins every package anew, and refuses a list that would not install as it stands (`make lock`).

The lists are written to a folder of their own first. The packages that they name are fetched there as well, since what
a package depends on is known for sure from its own metadata alone, and compared with the lists for every Python and
platform that the project supports. Only then do the lists take the place of the old ones.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
UV = ROOT / ".venv" / "bin" / "uv"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Each by its name for uv and by what its Python says of it. Those of macOS mean version 14 and newer.
PLATFORMS = {
    "x86_64-manylinux_2_28": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    "aarch64-manylinux_2_28": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "x86_64-apple-darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"},
    "aarch64-apple-darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}
COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--generate-hashes"),
    *("--no-annotate", "--only-binary", ":all:", "--no-emit-index-url", "--no-emit-find-links"),
    *("--custom-compile-command", "make lock"),
)


@dataclass(frozen=True, slots=True)
class Pin:
    """A line of a list: one version of a package, where the marker holds."""

    name: str
    version: Version
    marker: Marker | None

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Say whether it is installed there."""
        return self.marker is None or self.marker.evaluate(dict(environment))


def pins(text: str) -> list[Pin]:
    """Read the pins of a list, without their hashes."""
    found = []
    for line in text.splitlines():
        if not re.match(r"[A-Za-z0-9]", line):
            continue
        requirement = Requirement(line.rstrip("\\").split(" --hash")[0].strip())
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        found.append(Pin(canonicalize_name(requirement.name), Version(specifier.version), requirement.marker))
    return found


def environments() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what markers are asked about on each supported Python and platform, with a name for people."""
    for python in PYTHONS:
        for platform, values in PLATFORMS.items():
            yield (
                f"Python {python} on {platform}",
                values
                | {
                    "python_version": python,
                    "python_full_version": f"{python}.0",
                    "implementation_name": "cpython",
                    "platform_python_implementation": "CPython",
                    "os_name": "posix",
                    "extra": "",
                },
            )


def asked(project: Mapping[str, object], groups: Sequence[str] = ("dev",)) -> list[Requirement]:
    """Return what the project file asks for itself, with the packages of some of its groups."""
    table, named = project["project"], project["dependency-groups"]
    assert isinstance(table, dict)
    assert isinstance(named, dict)
    return [Requirement(one) for part in (table["dependencies"], *(named[group] for group in groups)) for one in part]


def needed(
    wanted: Iterable[Requirement], known: Mapping[str, Distribution], environment: Mapping[str, str]
) -> set[str]:
    """Return all that is needed there, by name and range, as far as the known packages tell.

    Args:
        wanted: Where to begin, extras included.
        known: The packages whose metadata is at hand, by name.
        environment: What markers are asked about.
    """
    found, seen, waiting = set[str](), set[tuple[str, str]](), list(wanted)
    while waiting:
        requirement = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate(dict(environment)):
            continue
        name = canonicalize_name(requirement.name)
        found.add(f"{name}{requirement.specifier}")
        for extra in ("", *requirement.extras):
            if (name, extra) in seen or name not in known:
                continue
            seen.add((name, extra))
            for marker, one in asked_by(known[name]):
                if marker is None or marker.evaluate({**environment, "extra": extra}):
                    waiting.append(one)
    return found


@cache
def asked_by(package: Distribution) -> list[tuple[Marker | None, Requirement]]:
    """Return what a package asks for, each apart from the marker that says where."""
    found = []
    for one in map(Requirement, package.requires or []):
        marker, one.marker = one.marker, None
        found.append((marker, one))
    return found


def missing(listed: Sequence[Pin], wanted: Sequence[Requirement], known: Mapping[str, Distribution]) -> list[str]:
    """Return a line for each thing that a package of the list needs somewhere and that is not in the list."""
    lines, read = set(), cache(Requirement)  # each is read for one place after the other
    for place, environment in environments():
        there = {pin.name: pin.version for pin in listed if pin.holds(environment)}
        everything = [*wanted, *(read(name) for name in there)]
        for text in needed(everything, known, environment):
            requirement = read(text)
            version = there.get(requirement.name)
            if version is None:
                lines.add(f"{text} is not in the list ({place})")
            elif not SpecifierSet(str(requirement.specifier)).contains(version, prereleases=True):
                lines.add(f"{text} is not what the list has: {version} ({place})")
    return sorted(lines)


def metadata(folders: Sequence[str]) -> dict[str, Distribution]:
    """Return the packages of some folders by name."""
    return {canonicalize_name(one.name): one for one in distributions(path=list(folders))}


def uv(*arguments: str | Path, **environment: str) -> None:
    """Run uv in the project's folder; its own words say what went wrong."""
    subprocess.run([UV, *arguments], cwd=ROOT, env={**os.environ, **environment}, check=True)


def main(options: Sequence[str]) -> int:
    """Write the lists anew; return the exit status.

    Args:
        options: For uv, such as ``--upgrade``.
    """
    if not UV.exists():
        print("uv is not to be had on this machine, and only it resolves the packages", file=sys.stderr)
        return 2
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    with tempfile.TemporaryDirectory() as name:
        new, packages = Path(name), Path(name) / "packages"
        for file in LOCKS.glob("*.txt"):
            shutil.copy(file, new)  # what is pinned stays so, unless it is to be upgraded
        uv(*COMPILE, *options, "--group", "dev", "pyproject.toml", "-o", new / "dev.txt")
        uv(*COMPILE, *options, "-c", new / "dev.txt", "pyproject.toml", "-o", new / "runtime.txt")
        uv(*COMPILE, *options, "--group", "pyproject.toml:install", "-o", new / "uv.txt")
        install = ("pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:")
        uv(*install, "--target", packages, "-r", new / "dev.txt")
        for python in PYTHONS:
            for platform in PLATFORMS:
                places = ("--python-version", python, "--python-platform", platform, "--target", new / "nothing")
                uv(*install, "--dry-run", *places, "-r", new / "dev.txt", MACOSX_DEPLOYMENT_TARGET="14.0")
        known = metadata([str(packages)])
        gaps = missing(pins((new / "dev.txt").read_text()), asked(project), known)
        gaps += missing(pins((new / "runtime.txt").read_text()), asked(project, ()), known)
        if gaps:
            print("The lists are left as they were:", *gaps, sep="\n  ", file=sys.stderr)
            return 1
        for file in new.glob("*.txt"):
            shutil.copy(file, LOCKS)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as failure:
        print("The lists are left as they were: uv failed, see above.", file=sys.stderr)
        sys.exit(failure.returncode)
