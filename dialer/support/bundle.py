"""Gathers the parts of a bundle; one that cannot be had is told as such, for the sick part is why somebody asks."""

import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from dialer import __version__
from dialer.config_file import Loaded
from dialer.errors import DialerError
from dialer.store.backup import count_rows
from dialer.store.connection import SQLITE_VERSION
from dialer.support import redacting

JOURNAL_LINES: Final = 2000
LIMIT_S: Final = 20.0
_README: Final = """\
What this bundle holds, and what it does not

versions.json   dialer, Python, SQLite, libraries, operating system
config.json     every setting and where it was set; secrets and numbers are not in it
status.json     the floor in counts; no agent, no lead
doctor.json     the checks of `dialer doctor`
store.json      schema, rows of each table, size; no row
journal.jsonl   the last events, with the keys that name no person; numbers masked; of faults type and place

It was made to hold no name, number, secret or word of any person. Read it before you send it.
"""

Call = Callable[[str], Mapping[str, Any]]


def write(target: Path, loaded: Loaded, call: Call, journal: Path | None = None) -> dict[str, list[str]]:
    """Write the bundle (a .tar.gz, mode 0600); the names of its parts, and of those that could not be had.

    ``call`` carries out a command of the dialer. ``journal``: a file of log lines in place of systemd's journal.
    """
    parts: dict[str, Callable[[], str]] = {
        "README.txt": lambda: _README,
        "versions.json": lambda: _json(versions()),
        "config.json": lambda: _json(redacting.config(loaded)),
        "status.json": lambda: _json(redacting.floor(call("status"))),
        "doctor.json": lambda: _json(_doctor(call("doctor"))),
        "store.json": lambda: _json(_store(loaded.config.store_path)),
        "journal.jsonl": lambda: "\n".join(redacting.journal(_journal(journal))) + "\n",
    }
    failed: list[str] = []
    made = {name: _made(name, part, failed) for name, part in parts.items()}
    _pack(target, made)
    return {"parts": list(made), "failed": failed}


def _made(name: str, part: Callable[[], str], failed: list[str]) -> str:
    try:
        return part()
    except (DialerError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        failed.append(name)
        return _json({"failed": redacting.text(f"{type(error).__name__}: {error}")})


def versions() -> dict[str, Any]:
    """What runs here. Of the machine its kind is told, not its name."""
    return {
        "dialer": __version__,
        "python": sys.version,
        "sqlite": SQLITE_VERSION,
        "system": {"kernel": f"{platform.system()} {platform.release()} {platform.machine()}", **_os_release()},
        "processors": os.cpu_count(),
        "libraries": {each.name: each.version for each in sorted(distributions(), key=lambda each: each.name.lower())},
    }


def _os_release() -> dict[str, str]:
    try:
        return {"distribution": platform.freedesktop_os_release()["PRETTY_NAME"]}
    except (OSError, KeyError):
        return {}


def _doctor(result: Mapping[str, Any]) -> dict[str, Any]:
    return {"by": result["by"], "checks": [_check(check) for check in result["checks"]]}


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    return {key: redacting.text(value) if isinstance(value, str) else value for key, value in check.items()}


def _store(path: Path) -> dict[str, Any]:
    proof = count_rows(path)
    sizes = {part: size for part in ("", "-wal") if (size := _size(path.with_name(f"{path.name}{part}"))) is not None}
    return {"schema": proof.schema, "rows": dict(proof.rows), "bytes": {f"store{part}": n for part, n in sizes.items()}}


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.exists() else None


def _journal(file: Path | None) -> list[str]:
    if file is not None:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()[-JOURNAL_LINES:]
    words = ["journalctl", "-u", "dialerd", "-o", "cat", "-n", str(JOURNAL_LINES), "--no-pager"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=LIMIT_S)
    return done.stdout.splitlines()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"


def _pack(target: Path, parts: Mapping[str, str]) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as bundle:
        for name, content in parts.items():
            data = content.encode()
            entry = tarfile.TarInfo(f"dialer-support/{name}")
            entry.size, entry.mtime, entry.mode = len(data), int(time.time()), 0o600
            bundle.addfile(entry, io.BytesIO(data))
