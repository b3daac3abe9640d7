"""Which Asterisk is run, and how its program is started."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import debian_root
from .errors import TestbedError

OLDEST_MAJOR = 20
HOST_PROGRAMS = ("asterisk", "/usr/sbin/asterisk")


@dataclass(frozen=True, slots=True)
class Program:
    """An Asterisk that can be started: its command, modules and data folder."""

    command: tuple[str, ...]
    modules: Path
    data: Path

    def version(self) -> str:
        """Such as ``22.10.1``."""
        shown = subprocess.run([*self.command, "-V"], capture_output=True, text=True, timeout=10, check=False).stdout
        found = re.search(r"\d+\.\d+(\.\d+)?", shown)
        if not found:
            raise TestbedError(f"{self.command[-1]} -V does not tell a version: {shown!r}")
        return found.group()


def find_program() -> Program:
    """The host's Asterisk when it is 20 or newer, else our own copy of Debian's."""
    return _of_host() or _of_root(debian_root.ensure_root())


def _of_host() -> Program | None:
    path = next(filter(None, map(shutil.which, HOST_PROGRAMS)), None)
    folders = [*Path("/usr/lib").glob("*/asterisk/modules"), Path("/usr/lib/asterisk/modules")]
    modules = next((folder for folder in folders if folder.is_dir()), None)
    data = next(
        (p for p in map(Path, ("/usr/share/asterisk", "/var/lib/asterisk")) if (p / "documentation").is_dir()),
        None,
    )
    if not (path and modules and data):
        return None
    program = Program((path,), modules, data)
    return program if int(program.version().split(".")[0]) >= OLDEST_MAJOR else None


def _of_root(root: Path) -> Program:
    """Run through the folder's own loader: no chroot, no root rights, and AGI programs are the host's."""
    loader = next(iter(sorted(root.glob("usr/lib/*/ld-linux-*.so.*"))), None)
    if loader is None:
        raise TestbedError(f"{root} has no loader: remove that folder and try again.")
    libraries = loader.parent
    command = (str(loader), "--library-path", str(libraries), str(root / "usr/sbin/asterisk"))
    return Program(command, libraries / "asterisk/modules", root / "usr/share/asterisk")
