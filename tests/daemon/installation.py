"""The dialer built as a wheel and installed by ``make install`` into a folder of its own, once for all tests."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT_S = 900
# The units see no home folder, and the Python of the tests may live in one.
PYTHONS = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")


@dataclass(frozen=True)
class Installed:
    """``folder`` is what DESTDIR was; ``wheel`` what was installed."""

    folder: Path
    wheel: Path

    @property
    def home(self) -> Path:
        """The environment of the dialer's own."""
        return self.folder / "usr/local/lib/dialerd"


def python() -> str | None:
    """A Python for a service: 3.11 or newer, able to make environments, outside home folders."""
    for candidate in PYTHONS:
        real = Path(candidate).resolve()
        if real.is_relative_to("/root") or real.is_relative_to("/home") or not real.exists():
            continue
        test = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
        if subprocess.run([real, "-c", test], check=False, capture_output=True).returncode == 0:
            return str(real)
    return None


def install(folder: Path, interpreter: str) -> Installed:
    """Build the wheel, then ``make install DESTDIR=``."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)]
    _run(build)
    (wheel,) = (folder / "dist").glob("*.whl")
    _run([*_make("install", folder / "dest"), f"PYTHON={interpreter}"], WHEEL=str(wheel))
    return Installed(folder / "dest", wheel)


def uninstall(installed: Installed, *words: str) -> None:
    """``make uninstall DESTDIR=``."""
    _run([*_make("uninstall", installed.folder), *words])


def _make(target: str, folder: Path) -> list[str]:
    return ["make", "-C", str(ROOT), "--no-print-directory", target, f"DESTDIR={folder}"]


def _run(command: list[str], **more: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL"}}
    done = subprocess.run(
        command, env={**environment, **more}, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
