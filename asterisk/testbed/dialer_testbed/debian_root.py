"""Makes a folder with Debian's Asterisk 22 and its libraries, without root rights.

Packages are fetched by the host's own ``apt-get`` with private state folders (so the host's package
database is not touched), from the mirror that the host already uses, checked with the host's Debian
keyring, and unpacked side by side. Nothing in the folder is ever configured or run as a system: its
Asterisk is started through the folder's own loader.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import TestbedError

RELEASE = "forky"  # the first Debian release after 11 that has an Asterisk of 20 or newer
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LAYOUT = 1  # raised when the way the folder is made changes: older folders are then left alone
FETCH_LIMIT_S = 900


def cache_folder() -> Path:
    """The user's cache folder for this project."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "dialerd"


def ensure_root() -> Path:
    """The root folder, made when it is not there yet (about 40 s, 270 MB)."""
    root = cache_folder() / f"asterisk-{RELEASE}-{LAYOUT}"
    if root.is_dir():
        return root
    _require_tools()
    root.parent.mkdir(parents=True, exist_ok=True)
    with _only_one_builder(root.with_suffix(".lock")):
        if not root.is_dir():  # another builder may have finished while we waited
            _build(root)
    return root


def _require_tools() -> None:
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing or not KEYRING.is_file():
        raise TestbedError(
            f"No Asterisk 20 or newer on this host, and none can be fetched without "
            f"{', '.join(missing) or KEYRING}: install your system's asterisk package (20 or "
            f"newer), or use Debian 12 or newer with debian-archive-keyring."
        )


@contextmanager
def _only_one_builder(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(root: Path) -> None:
    work = root.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    packages = _fetch(work / "apt")
    unpacked = work / "root"
    unpacked.mkdir()
    for package in packages:
        _run(["dpkg-deb", "--extract", str(package), str(unpacked)])
    unpacked.rename(root)  # the only step that others can see
    shutil.rmtree(work)


def _fetch(apt: Path) -> list[Path]:
    for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
        (apt / folder).mkdir(parents=True)
    (apt / "state/status").touch()
    sources = apt / "etc/sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {_mirror()} {RELEASE} main\n")
    options = {
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "state/status",  # empty: every dependency is fetched
        "Dir::Cache": apt / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false",
    }
    command = ["apt-get", *(f"-o{key}={value}" for key, value in options.items()), "-q", "-y"]
    _run([*command, "update"])
    _run([*command, "install", "--download-only", "asterisk"])
    return sorted((apt / "cache/archives").glob("*.deb"))


def _mirror() -> str:
    """The Debian mirror of the host's own apt configuration."""
    template = "$(ORIGIN)|$(REPO_URI)"
    listed = _run(["apt-get", "indextargets", "--format", template, "Created-By: Packages"])
    for line in listed.splitlines():
        origin, _, uri = line.partition("|")
        if origin == "Debian" and "security" not in uri:
            return uri
    raise TestbedError(
        "apt knows no Debian mirror on this host: run 'apt-get update' as root first "
        "(on another system install its asterisk package, 20 or newer)."
    )


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise TestbedError(f"{command[0]} took over {FETCH_LIMIT_S} s: try again.") from error
    if done.returncode != 0:
        raise TestbedError(f"{' '.join(command)} failed: {done.stderr.strip()[-600:]}")
    return done.stdout
