"""A service manager's end of the notify protocol, and a real daemon process under it, without Asterisk."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from click.testing import CliRunner

from dialer.cli import main
from dialer.control.client import ControlClient
from tests.broker import free_port

LIMIT_S = 60.0


class Manager:
    """A datagram socket like systemd's, with everything that came on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(LIMIT_S)

    def next(self) -> dict[str, str]:
        """The next datagram, as systemd reads it."""
        lines = self._socket.recv(65_536).decode().split("\n")
        message = dict(line.split("=", 1) for line in lines)
        self.said.append(message)
        return message

    def until(self, true: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """The first datagram of which this is true."""
        while not true(message := self.next()):
            pass
        return message

    def until_key(self, key: str) -> dict[str, str]:
        """The first datagram that says this."""
        return self.until(lambda message: key in message)

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()


class Process:
    """``dialer run`` in a folder of its own, watched by a manager."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.config = folder / "dialer.toml"
        self.journal = folder / "journal"
        ports = {"ami.port": str(free_port()), "fastagi.port": str(free_port())}
        wanted = {"daemon.state_dir": ".", "daemon.run_dir": ".", "dialing.tick_s": "0.1", **ports, **(settings or {})}
        words = [word for key, value in wanted.items() for word in ("--set", f"{key}={value}")]
        before = structlog.get_config()
        done = CliRunner().invoke(main, ["--config", str(self.config), "init", *words])
        structlog.configure(**before)  # the command line sets up a journal of its own
        assert done.exit_code == 0, done.output

    @contextmanager
    def running(self, manager: Manager, watchdog_s: float = 60) -> Iterator[subprocess.Popen[bytes]]:
        """The process, from READY to its end."""
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": str(manager.path),
            "WATCHDOG_USEC": str(round(watchdog_s * 1_000_000)),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        command = [sys.executable, "-m", "dialer.cli", "--config", str(self.config), "run"]
        with self.journal.open("ab") as journal:
            process = subprocess.Popen(command, env=environment, stdout=journal, stderr=journal)
        try:
            manager.until_key("READY")
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(LIMIT_S)

    def ask(self, command: str) -> dict[str, object]:
        """One command over the control socket."""
        return dict(ControlClient(self.folder / "control.sock").call(command))

    def change(self, line: str) -> None:
        """Set something in a file of ``conf.d``."""
        (self.folder / "conf.d").mkdir(exist_ok=True)
        (self.folder / "conf.d" / "test.toml").write_text(line)

    def until_journal(self, text: str) -> str:
        """What the process wrote, once this is in it."""
        deadline = time.monotonic() + LIMIT_S
        while text not in (written := self.journal.read_text()):
            assert time.monotonic() < deadline, written
            time.sleep(0.02)
        return written
