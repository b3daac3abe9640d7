"""A machine of namespaces on which systemd is process 1 and the dialer is installed: its units really run."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SYSTEMD = Path("/lib/systemd/systemd")
CGROUPS = Path("/sys/fs/cgroup")
LIMIT_S = 90.0
TOOLS = ("unshare", "nsenter", "setpriv")


def why_not() -> str:
    """Why no such box can be made here; empty when it can."""
    if os.geteuid() != 0:
        return "systemd in namespaces needs root"
    if not SYSTEMD.exists() or any(shutil.which(each) is None for each in TOOLS):
        return f"systemd, {' or '.join(TOOLS)} is not installed"
    if not (CGROUPS / "cgroup.controllers").exists() and not (CGROUPS / "systemd").is_dir():
        return "there is no cgroup hierarchy for systemd"
    return ""


class Box:
    """One such machine, with ``installed`` (a DESTDIR of ``make install``) laid over its /usr/local."""

    def __init__(self, installed: Path, folder: Path) -> None:
        self._log = folder / "systemd.log"
        unified = (CGROUPS / "cgroup.controllers").exists()
        self._cgroup = (CGROUPS if unified else CGROUPS / "systemd") / f"dialer-box-{os.getpid()}-{id(self)}"
        self._cgroup.mkdir()
        script = Path(__file__).with_name("systemd_box.sh")
        apart = "unshare --kill-child --mount --pid --fork --cgroup --uts --ipc"
        enter = f"echo $$ > {self._cgroup}/cgroup.procs && exec {apart}"
        command = f"{enter} bash {script} {installed} {'yes' if unified else 'no'} {self._log}"
        with self._log.open("wb") as log:
            # Killed with us: a test run that is cut short must leave no machine behind.
            bound = ["setpriv", "--pdeathsig", "KILL", "bash", "-c", command]
            self._outer = subprocess.Popen(bound, stdout=log, stderr=log)
        self.until(lambda: self.tried("test", "-S", "/run/systemd/private") == 0, "systemd to be up")

    def _init(self) -> int:
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def _inside(self, *words: str) -> list[str]:
        return ["nsenter", "-t", str(self._init()), "--mount", "--pid", "--uts", "--ipc", *words]

    def run(self, *words: str) -> str:
        """A command that must succeed; what it printed."""
        done = subprocess.run(self._inside(*words), capture_output=True, text=True, check=False, timeout=LIMIT_S)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}\n{self.log()}"
        return done.stdout

    def tried(self, *words: str) -> int:
        """The exit status of a command."""
        return self.failed(*words)[0]

    def failed(self, *words: str) -> tuple[int, str]:
        """Exit status of a command, and what it wrote to both outputs."""
        done = subprocess.run(self._inside(*words), capture_output=True, text=True, check=False, timeout=LIMIT_S)
        return done.returncode, done.stdout + done.stderr

    def shell(self, script: str) -> str:
        """A line of shell that must succeed."""
        return self.run("sh", "-ec", script)

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until it is true."""
        deadline = time.monotonic() + LIMIT_S
        while not (self._outer.poll() is None and self._init() and true()):
            assert self._outer.poll() is None, self.log()
            assert time.monotonic() < deadline, f"{what}, in vain: {self.log()}"
            time.sleep(0.05)

    def log(self) -> str:
        """What systemd and its services wrote."""
        return self._log.read_text(errors="replace")[-6000:]

    def close(self) -> None:
        """End everything in it: with its process 1 the kernel kills the rest."""
        if self._outer.poll() is None and (init := self._init()):
            os.kill(init, signal.SIGKILL)
        self._outer.wait(LIMIT_S)
        for folder in sorted(self._cgroup.rglob("*/"), key=lambda path: -len(path.parts)):
            if folder.is_dir():
                _remove(folder)
        _remove(self._cgroup)


def _remove(cgroup: Path) -> None:
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            cgroup.rmdir()
        except OSError:  # what was killed is not yet gone
            assert time.monotonic() < deadline, cgroup
            time.sleep(0.02)
        else:
            return
