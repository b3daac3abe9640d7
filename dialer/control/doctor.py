"""The checks of ``dialer doctor`` that need no Asterisk: secret, store, disk, clock, time zones.

What only Asterisk can tell is checked by the PBX room, in the same words.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from dialer.config import Config
from dialer.config_file import Loaded
from dialer.errors import DialerError

OLDEST_TZDATA: Final = (2026, 3)  # 2026c, as PyPI counts: Morocco is UTC+0 since September 2026
BUILT_AFTER: Final = datetime(2026, 11, 1, tzinfo=UTC)  # a clock before this version was made is wrong
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor: what was looked at, whether it is well, what was seen, what to type when not."""

    name: str
    ok: bool
    seen: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def check_machine(loaded: Loaded) -> Iterator[Check]:
    """Everything outside Asterisk."""
    yield Check("config", ok=True, seen=str(loaded.path))
    yield check_secret(loaded)
    yield check_store_file(loaded.config)
    yield check_disk(loaded.config.store_path.parent, loaded.config.store.min_free_mb)
    yield check_clock(time.time())
    yield check_time_zones(_tzdata_version())


def check_secret(loaded: Loaded) -> Check:
    """The AMI secret is there, readable by us, and by nobody else."""
    try:
        loaded.ami_secret()
    except DialerError as error:
        return Check("ami secret", ok=False, seen=str(error.args[0]), fix=error.hint or "")
    return Check("ami secret", ok=True, seen="readable, closed to others")


def check_store_file(config: Config) -> Check:
    """The store's file is there. Whether it is whole is checked by whoever opens it."""
    path = config.store_path
    if not path.is_file():
        return Check("store", ok=False, seen=f"{path} does not exist", fix="dialer init")
    return Check("store", ok=True, seen=f"{path}, {path.stat().st_size // MEGABYTE} MB")


def check_disk(folder: Path, min_free_mb: int) -> Check:
    """There is room for the store to grow."""
    try:
        free_mb = shutil.disk_usage(folder).free // MEGABYTE
    except OSError as error:
        return Check("disk", ok=False, seen=f"{folder}: {error.strerror}", fix=f"mkdir -p {folder}")
    fix = "" if free_mb >= min_free_mb else f"du -xh {folder} | sort -h | tail"
    return Check("disk", ok=free_mb >= min_free_mb, seen=f"{free_mb} MB free in {folder}", fix=fix)


def check_clock(now: float) -> Check:
    """The clock is not plainly wrong: calling hours depend on it."""
    seen = datetime.fromtimestamp(now, UTC).astimezone().isoformat(timespec="seconds")
    ok = now >= BUILT_AFTER.timestamp()
    return Check("clock", ok=ok, seen=seen, fix="" if ok else "timedatectl set-ntp true")


def check_time_zones(found: str | None) -> Check:
    """The time zone rules are fresh enough for the calling hours of every preset."""
    if found is not None and tuple(map(int, found.split(".")[:2])) >= OLDEST_TZDATA:
        return Check("time zones", ok=True, seen=f"tzdata {found}")
    return Check("time zones", ok=False, seen=f"tzdata {found or 'missing'}", fix="pip install --upgrade tzdata")


def _tzdata_version() -> str | None:
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return None
