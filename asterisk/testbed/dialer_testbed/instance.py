"""One Asterisk in a run folder of its own: its configuration, start, stop, command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from .errors import TestbedError
from .program import Program

TEMPLATES = Path(__file__).resolve().parent.parent / "conf"
OPERATOR = Path(__file__).resolve().parent.parent.parent
BOOT_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
LONGEST_SOCKET_PATH = 107  # of a Unix socket, in bytes
FOLDERS = ("conf", "var/keys", "data", "agi", "spool", "log/cdr-custom", "heard")


@dataclass(frozen=True, slots=True)
class Instance:
    """An Asterisk named ``pbx`` or ``carrier``; ``run`` is its folder."""

    name: str
    run: Path
    program: Program

    @property
    def socket(self) -> Path:
        return self.run / "asterisk.ctl"

    @property
    def log(self) -> Path:
        """Asterisk's own warnings and errors."""
        return self.run / "log/console"

    def configure(self, values: Mapping[str, object]) -> None:
        """Write the configuration from the templates; ``values`` fill their <<MARKS>>."""
        if len(str(self.socket)) > LONGEST_SOCKET_PATH:
            raise TestbedError(f"{self.run} is too long a path for a socket: give a shorter folder.")
        for folder in FOLDERS:
            (self.run / folder).mkdir(parents=True, exist_ok=True)
        self._link_data()
        known = {"RUN": self.run, "NAME": self.name, "MODULES": self.program.modules, **values}
        for kind in ("common", self.name):
            for template in sorted((TEMPLATES / kind).glob("*.conf")):
                text = _filled(template, known)
                (self.run / "conf" / template.name).write_text(text)

    def _link_data(self) -> None:
        """Asterisk's own data, and our sounds where the operator would put them."""
        own = {path.name: path for path in self.program.data.iterdir() if path.name != "sounds"}
        sounds = {f"sounds/{path.name}": path for path in (OPERATOR / "sounds").glob("[!.]*")}
        (self.run / "data/sounds").mkdir(exist_ok=True)
        for name, target in {**own, **sounds}.items():
            link = self.run / "data" / name
            link.unlink(missing_ok=True)
            link.symlink_to(target)

    def start(self) -> None:
        """Start it and wait until it is fully booted."""
        if self.pid() is not None:
            return
        self.socket.unlink(missing_ok=True)
        command = [*self.program.command, "-f", "-n", "-C", str(self.run / "conf/asterisk.conf")]
        pid = _spawn(command, self.log)
        self._pid_file.write_text(f"{pid}\n")
        self._wait_booted(pid)

    def _wait_booted(self, pid: int) -> None:
        deadline = time.monotonic() + BOOT_LIMIT_S
        while time.monotonic() < deadline:
            if os.waitpid(pid, os.WNOHANG)[0]:
                raise TestbedError(f"Asterisk {self.name} ended at its start: see {self.log}.")
            if self.socket.exists() and "fully booted" in self._try_cli("core waitfullybooted"):
                return
            time.sleep(0.05)
        raise TestbedError(f"Asterisk {self.name} is not up after {BOOT_LIMIT_S:.0f} s: see {self.log}.")

    def cli(self, command: str) -> str:
        """What ``asterisk -rx COMMAND`` prints."""
        if self.pid() is None:
            raise TestbedError(f"Asterisk {self.name} does not run: bring the testbed up first.")
        return self._try_cli(command)

    def _try_cli(self, command: str) -> str:
        conf = str(self.run / "conf/asterisk.conf")
        done = subprocess.run(
            [*self.program.command, "-C", conf, "-rx", command],
            capture_output=True,
            text=True,
            timeout=BOOT_LIMIT_S,
            check=False,
        )
        return done.stdout

    def pid(self) -> int | None:
        """Its process, when it runs: a number left in the file by a process long gone is not it."""
        try:
            pid = int(self._pid_file.read_text())
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid if str(self.run).encode() in arguments and state != "Z" else None

    @property
    def _pid_file(self) -> Path:
        return self.run / "asterisk.pid"

    def signal(self, number: Signals) -> None:
        """Send a signal to it: SIGSTOP freezes it, SIGCONT lets it go on."""
        pid = self.pid()
        if pid is None:
            raise TestbedError(f"Asterisk {self.name} does not run.")
        os.kill(pid, number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(Signals.SIGKILL)

    def stop(self) -> None:
        """End it in good order; kill it when that takes too long."""
        if not self._end(Signals.SIGTERM):
            self._end(Signals.SIGKILL)

    def _end(self, number: Signals) -> bool:
        pid = self.pid()
        if pid is None:
            return True
        os.kill(pid, number)
        deadline = time.monotonic() + STOP_LIMIT_S
        while time.monotonic() < deadline:
            _reap(pid)
            if self.pid() is None:
                self._pid_file.unlink(missing_ok=True)
                return True
            time.sleep(0.02)
        return False

    def clear(self) -> None:
        """Remove what an earlier run left."""
        for folder in ("var", "spool", "heard", "log"):
            shutil.rmtree(self.run / folder, ignore_errors=True)


def _spawn(command: list[str], log: Path) -> int:
    """Start a program that outlives this one, in a session of its own: Ctrl-C here is not for it."""
    output = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), output, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    path = shutil.which(command[0]) or command[0]
    return os.posix_spawn(path, command, os.environ, file_actions=actions, setsid=True)


def _reap(pid: int) -> None:
    """A child of this very process stays a zombie until it is waited for."""
    with suppress(ChildProcessError):  # started by another process: not ours to wait for
        os.waitpid(pid, os.WNOHANG)


def _filled(template: Path, values: Mapping[str, object]) -> str:
    def value(mark: re.Match[str]) -> str:
        return str(values[mark.group(1)])

    return re.sub(r"<<(\w+)>>", value, template.read_text())
