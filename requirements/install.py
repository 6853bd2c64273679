"""Installs the packages of `dev.txt` into `.venv`, exactly as they are pinned: nothing is resolved, nothing is built.

Runs on the bare Python of the machine, so it uses the standard library alone. pip fetches uv, which is pinned as well
and installs the rest in seconds; where uv cannot be had, several pips share the list, which is possible since no
package is looked at for the sake of another.
"""

import ast
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
UV_LOCK = ROOT / "requirements" / "uv.txt"
VENV = ROOT / ".venv"
STAMP = VENV / ".installed"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"

# The settings of pip that say where packages come from, and those of uv that say the same. All others of pip (user,
# target, constraint, no-binary...) could change what is installed, or where to, and are left out.
SOURCES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
    "cache-dir": "",
    "no-cache-dir": "",
    "keyring-provider": "UV_KEYRING_PROVIDER",
}
# Those of uv, likewise.
UV_SOURCES = {
    *SOURCES.values(),
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_CONFIG_FILE",
    "UV_CACHE_DIR",
    "UV_NO_CACHE",
    "UV_LINK_MODE",
    "UV_SYSTEM_CERTS",
    "UV_NATIVE_TLS",
    "UV_OFFLINE",
}

NO_VENV = (
    "this Python cannot make virtual environments; install its venv module "
    "(Debian and Ubuntu: apt-get install python3-venv)"
)
REASONS = (
    (r"no space left on device|disk quota exceeded|os error 28\b", "the disk is full"),
    (r"read-only file system|permission denied|os error (13|30)\b", f"{ROOT} cannot be written to"),
    (r"no module named '?(ensurepip|venv|pip)|ensurepip is not available", NO_VENV),
    (
        r"do not match the hashes|hash mismatch",
        "a package of the index is not the one that is pinned; nothing was changed",
    ),
    (
        r"name resolution|newconnectionerror|connection refused|network is unreachable|timed out|error sending request"
        r"|connection reset|proxyerror|max retries exceeded",
        "the package index cannot be reached; look at the network, the proxy and pip's settings (pip config list)",
    ),
    (
        r"no matching distribution|no solution found|could not find a version",
        "the package index has no package for this Python and machine, or cannot be reached",
    ),
)


class CannotInstallError(Exception):
    """Says in one line why the packages cannot be installed."""


def reason(output: str) -> str:
    """Return one line that says what the output of a failed installer means.

    Args:
        output: What it wrote on both streams.
    """
    for pattern, words in REASONS:
        if re.search(pattern, output, re.IGNORECASE):
            return words
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it said nothing"])[-1]


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """Run a command and return what it wrote; raise what went wrong where it failed or cannot be started."""
    words = [str(part) for part in command]
    try:
        done = subprocess.run(words, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotInstallError(f"{Path(words[0]).name} does not start: {error.strerror}") from error
    if done.returncode:
        raise CannotInstallError(reason(done.stdout + done.stderr))
    return done.stdout


def bare_environment() -> dict[str, str]:
    """Return the environment without what turns a Python, a pip or a uv away from `.venv`."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "PYTHON"))
        and name not in {"VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"}
        and (not name.startswith("UV_") or name in UV_SOURCES)
    }


def sources_of_packages() -> dict[str, str]:
    """Return the settings of pip, from its files and the environment, that say where packages come from."""
    asked = {**bare_environment(), **{name: value for name, value in os.environ.items() if name.startswith("PIP_")}}
    found: dict[str, tuple[int, str]] = {}
    for line in run([PYTHON, "-m", "pip", "config", "list"], asked).splitlines():
        key, equals, value = line.partition("=")
        section, _, name = key.rpartition(".")
        rank = {"global": 0, "install": 1, ":env:": 2}.get(section)
        if not equals or rank is None or name not in SOURCES:
            continue
        if name not in found or found[name][0] <= rank:
            found[name] = rank, str(ast.literal_eval(value))
    return {name: value for name, (_, value) in found.items() if value}


def pip_environment(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which pip knows where packages come from, and nothing else of its settings."""
    settings = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in sources.items()}
    return {**bare_environment(), **settings, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def uv_environment(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which uv fetches packages from where pip does, save where it was told otherwise."""
    environment = bare_environment()
    for name, value in sources.items():
        variable = SOURCES[name]
        if variable and variable not in environment:
            separator = "," if variable == "UV_FIND_LINKS" else " "
            environment[variable] = separator.join(value.split())
    return {**environment, "VIRTUAL_ENV": str(VENV), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}


PIP_INSTALL = (PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--no-deps")
PINNED = ("--require-hashes", "--only-binary", ":all:")


def shares(lock: str, count: int) -> list[str]:
    """Deal the packages of a lock file out, each with its hashes, into so many files of about the same length."""
    packages = [part for part in re.split(r"(?m)^(?=[A-Za-z0-9])", lock) if part[0] != "#"]
    return ["".join(packages[first::count]) for first in range(min(count, len(packages)))]


def install_with_pip(sources: Mapping[str, str]) -> None:
    """Install the packages with several pips at a time."""
    environment = pip_environment(sources)
    with tempfile.TemporaryDirectory(dir=VENV) as folder, concurrent.futures.ThreadPoolExecutor() as threads:
        files = []
        for number, share in enumerate(shares(LOCK.read_text(), 2 * (os.cpu_count() or 1))):
            files.append(Path(folder) / f"{number}.txt")
            files[-1].write_text(share)
        for running in [threads.submit(run, [*PIP_INSTALL, *PINNED, "-r", file], environment) for file in files]:
            running.result()
    run([*PIP_INSTALL, "--no-build-isolation", "--editable", ROOT], environment)
    run([PYTHON, "-m", "pip", "check"], environment)


def install_with_uv(sources: Mapping[str, str]) -> None:
    """Fetch uv with pip, and install the packages with it."""
    run([*PIP_INSTALL, *PINNED, "--retries", "1", "-r", UV_LOCK], pip_environment(sources))
    environment = uv_environment(sources)
    install = (UV, "pip", "install", "--quiet", "--no-deps", "--index-strategy", "unsafe-best-match")
    run([*install, *PINNED, "-r", LOCK], environment)
    run([*install, "--no-build-isolation", "--editable", ROOT], environment)
    run([UV, "pip", "check", "--quiet"], environment)


@contextmanager
def alone() -> Iterator[None]:
    """Keep a second installation into the same folder waiting until this one is over."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (ROOT / "requirements" / "install.py").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def lock_digest() -> str:
    """Return what tells one set of packages from another: the Python and both lock files."""
    return hashlib.sha256(sys.version.encode() + LOCK.read_bytes() + UV_LOCK.read_bytes()).hexdigest()


def make_environment() -> None:
    """Make a new, empty virtual environment, in the place of a half-finished or outdated one."""
    try:
        import ensurepip  # noqa: F401 - absent from Debian's Python until python3-venv is there
        import venv  # noqa: F401
    except ImportError:
        raise CannotInstallError(NO_VENV) from None
    if VENV.exists() and not VENV.is_dir():
        raise CannotInstallError(f"{VENV} is in the way: it is not a folder")
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", VENV], bare_environment())
    # By itself, since the module above keeps to itself why this failed.
    run([PYTHON, "-m", "ensurepip", "--upgrade", "--default-pip"], bare_environment())


def install() -> None:
    """Install everything, unless that very set of packages is there already."""
    digest = lock_digest()
    if STAMP.is_file() and STAMP.read_text() == digest:
        STAMP.touch()
        return
    print("Installing the packages into .venv, once: less than a minute.", flush=True)
    make_environment()
    sources = sources_of_packages()
    try:
        install_with_uv(sources)
    except CannotInstallError as error:
        print(f"uv cannot be used here ({error}); pip installs the packages.", flush=True)
        if UV.exists():
            make_environment()  # uv may have left half a package behind
        install_with_pip(sources)
    STAMP.write_text(digest)


def main() -> int:
    """Install, and return the exit status."""
    try:
        with alone():
            install()
    except (CannotInstallError, OSError) as error:
        words = error if isinstance(error, CannotInstallError) else reason(str(error))
        print(f"The packages cannot be installed: {words}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; the next make begins anew.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
