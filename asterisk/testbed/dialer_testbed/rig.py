"""A whole dialer on a testbed: configuration, daemon, agents, campaign, leads; driven as its users would drive it."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import TestbedError
from .testbed import Options, Testbed

PIN = "2468"
CALLER_ID = "+33162000000"
START_LIMIT_S = 30.0
ASK_LIMIT_S = 10.0
LISTEN_S = 2.0
STAGGER_S = 0.3


def rig_options(folder: Path, *, agents: int = 20, phone_sound: bool = True) -> Options:
    """A testbed whose phones log in with the dialer's own programs, at the daemon of the rig in ``folder``."""
    programs, socket = Path(sys.executable).parent, folder.resolve() / "agents.sock"
    return Options(
        agents=agents,
        phone_sound=phone_sound,
        login_command=f"{programs}/dialer-agent-login,{socket}",
        disposition_command=f"{programs}/dialer-agent-disposition,{socket}",
    )


class Rig:
    """One dialer in ``folder`` that dials through ``testbed``. Everything is done as a user would do it."""

    def __init__(
        self, testbed: Testbed, folder: Path, *, max_calls_per_s: float = 100, drain_timeout_s: float = 120
    ) -> None:
        self.testbed = testbed
        self.folder = folder.resolve()
        self.daemon: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}  # of the daemon and of commands, beside this process's own
        self._dialing = {"max_calls_per_s": max_calls_per_s, "drain_timeout_s": drain_timeout_s}

    # --- setting up ----------------------------------------------------------------------------------------------

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "dialer.toml"

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / "dialer.db"

    @property
    def journal(self) -> Path:
        """What the daemon wrote to standard error, over all its lives."""
        return self.folder / "dialer.log"

    def set_up(self, other: Mapping[str, object] | None = None) -> None:
        """``dialer init`` with the testbed's ports and ``other`` settings, then the testbed's own manager secret."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "daemon.state_dir": ".",
            "daemon.run_dir": ".",
            "ami.port": self.testbed.ports.pbx_ami,
            "ami.ping_interval_s": 1.0,
            "fastagi.port": self.testbed.ports.fastagi,
            "dialing.trunk": self.testbed.trunk,
            "dialing.number_prefix": "",
            "dialing.home_country_code": "33",
            "dialing.caller_id": CALLER_ID,
            "law.preset": "lab",
            **{f"dialing.{key}": value for key, value in self._dialing.items()},
            **(other or {}),
        }
        self.cli(
            "init",
            *(word for key, value in settings.items() for word in ("--set", f"{key}={_toml(value)}")),
        )
        (self.folder / "ami.secret").write_text(self.testbed.ami_secret + "\n")

    def add_campaign(self, name: str = "sample", **settings: object) -> None:
        """A campaign with these settings (``wrap_up_s=3`` is ``--wrap-up-s 3``); it tries each lead once."""
        once = {"max_attempts": 1, **settings}
        options = [text for key, value in once.items() for text in (f"--{key.replace('_', '-')}", str(value))]
        self.cli("campaign", "create", name, *options)

    def add_agents(self, count: int, campaign: str = "sample", *, line_mode: str = "on_line") -> list[int]:
        """Agents 1001 and so on, each with the testbed's phone of that name, and one PIN for all."""
        ids = list(range(1001, 1001 + count))
        for agent in ids:
            self._add_agent(agent, campaign, line_mode)
        return ids

    def _add_agent(self, agent: int, campaign: str, line_mode: str) -> None:
        if self.daemon is not None:
            told = {"campaign_id": campaign, "phone": f"agent-{agent}", "pin": PIN, "line_mode": line_mode}
            self.ask("agent_add", agent_id=str(agent), **told)
            return
        pin_file = self.folder / "pin"
        pin_file.touch(mode=0o600)
        pin_file.write_text(PIN + "\n")
        phone = ["--phone", f"agent-{agent}", "--line-mode", line_mode, "--pin-file", str(pin_file)]
        self.cli("agents", "add", str(agent), "--campaign", campaign, *phone)

    def import_numbers(self, numbers: Iterable[str], campaign: str = "sample", name: str = "list") -> None:
        """One lead a number."""
        path = self.folder / f"{name}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["source_id", "last_name", "phone"])
            writer.writerows((f"{name}-{n}", f"Person {n}", number) for n, number in enumerate(numbers))
        self.cli("leads", "import", str(path), "--campaign", campaign, "--list", name)

    # --- the daemon ------------------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> None:
        """Start the daemon; with ``wait``, return when it has reached Asterisk."""
        with self.journal.open("ab") as journal:
            self.daemon = subprocess.Popen(
                self.command("run"), stderr=journal, stdout=journal, env=os.environ | self.environment
            )
        if wait:
            self.wait_for(lambda: self.status()["link"]["up"], "the daemon to reach Asterisk")

    def kill(self) -> None:
        """``kill -9``: as if the power of this one process were cut."""
        daemon = self._running()
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()

    def stop(self, limit_s: float = 150) -> int:
        """SIGTERM: drain and end. The exit status."""
        daemon = self._running()
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
        return daemon.wait(limit_s)

    def _running(self) -> subprocess.Popen[bytes]:
        if self.daemon is None:
            raise TestbedError("The daemon was not started.")
        return self.daemon

    # --- commands --------------------------------------------------------------------------------------------------

    def cli(self, *words: str) -> dict[str, Any]:
        """Run a dialer command with --json; its answer. Raises TestbedError with what it said."""
        environment = os.environ | self.environment
        done = subprocess.run(
            self.command(*words, "--json"), capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode != 0:
            raise TestbedError(f"dialer {' '.join(words)} failed ({done.returncode}): {done.stdout}{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer

    def command(self, *words: str) -> list[str]:
        """How the dialer's command line is run for this rig."""
        program = os.environ.get("DIALER_PROGRAM")
        dialer = [program] if program else [sys.executable, "-m", "dialer.cli"]
        return [*dialer, "--config", str(self.config), *words]

    def ask(self, command: str, **params: object) -> dict[str, Any]:
        """One command on the running daemon's control socket: what the command line says, without its start-up."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(ASK_LIMIT_S)
            try:
                link.connect(str(self.folder / "control.sock"))
                link.sendall(json.dumps({"command": command, **params}).encode() + b"\n")
                with link.makefile() as lines:
                    answer = json.loads(lines.readline() or '{"ok": false, "error": {"message": "no answer"}}')
            except OSError as error:
                raise TestbedError(f"The daemon does not answer {command}: {error}") from error
        if not answer["ok"]:
            raise TestbedError(f"The daemon refused {command}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def status(self) -> dict[str, Any]:
        """What ``dialer status`` says."""
        return self.ask("status")

    def wait_for(
        self, true: Callable[[], bool], what: str, limit_s: float = START_LIMIT_S, step_s: float = 0.1
    ) -> None:
        """Ask again and again; TestbedError when it does not come true."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if self.daemon is not None and self.daemon.poll() is not None:
                raise TestbedError(f"The daemon ended ({self.daemon.returncode}): {self.journal.read_text()[-2000:]}")
            try:
                if true():
                    return
            except TestbedError:
                pass  # the daemon does not listen yet
            time.sleep(step_s)
        raise TestbedError(f"Waited {limit_s:.0f} s for {what}, in vain. {self.journal.read_text()[-2000:]}")

    def log_in(self, agents: Iterable[int]) -> None:
        """Every agent's phone dials the login number and types id and PIN; returns when all are ready."""
        wanted = set(agents)
        for agent in wanted:
            # As people do: not all in one instant, and typing when the prompt has begun.
            self.testbed.phones.login(agent, str(agent), PIN, wait_s=LISTEN_S)
            time.sleep(STAGGER_S)
        self.wait_for(lambda: self.ready() >= wanted, "the agents to log in", limit_s=20 + len(wanted))

    def call_agents(self, agents: Iterable[int]) -> None:
        """The daemon rings every agent's phone; returns when all are ready."""
        wanted = set(agents)
        for agent in wanted:
            self.ask("agent_call", agent_id=str(agent))
        self.wait_for(lambda: self.ready() >= wanted, "the agents to be on the line", limit_s=20 + len(wanted))

    def ready(self) -> set[int]:
        """The agents who are ready now."""
        return {int(agent["agent_id"]) for agent in self.status()["agents"] if agent["state"] == "ready"}


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in value.items())} }}"
    return json.dumps(value)
