"""The checks of ``dialer doctor`` about this machine: secret, disk, clock, time zones.

What only Asterisk can tell is checked by the PBX room, in the same words.
"""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from dialer.checks import Check
from dialer.config_file import Loaded
from dialer.errors import DialerError

__all__ = ["Check", "check_machine"]

OLDEST_TZDATA: Final = (2026, 3)  # 2026c, as PyPI counts: Morocco is UTC+0 since September 2026
BUILT_AFTER: Final = datetime(2026, 11, 1, tzinfo=UTC)  # a clock before this version was made is wrong
MEGABYTE: Final = 1_000_000


def check_machine(loaded: Loaded) -> Iterator[Check]:
    """Everything outside Asterisk."""
    yield Check("config", ok=True, seen=str(loaded.path))
    yield check_secret(loaded)
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
