"""A configured folder, a way to type commands, and a daemon without Asterisk."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from dialer.cli import main
from dialer.config_file import load
from dialer.control.handlers import control_handlers
from dialer.control.server import ControlServer
from dialer.control.trail import Trail
from dialer.store.opening import open_store
from tests.unit.control.live_services import LiveServices

INIT = ("--set", "daemon.state_dir=.", "--set", "daemon.run_dir=run", "--set", "dialing.trunk=carrier")


@dataclass(frozen=True)
class Dialer:
    """Types commands with this folder's config."""

    folder: Path

    def type(self, *words: str, given: str | None = None) -> Result:
        """Run one command and return what came of it."""
        return CliRunner().invoke(main, ["--config", str(self.folder / "dialer.toml"), *words], input=given)

    def ok(self, *words: str, given: str | None = None) -> str:
        """Run a command that must succeed; what it printed."""
        result = self.type(*words, given=given)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:  # noqa: ANN401
        """Run a command that must succeed, with --json; its one document."""
        return json.loads(self.ok(*words, "--json"))

    def fails(self, code: int, *words: str) -> str:
        """Run a command that must fail with this exit code; what it said on standard error."""
        result = self.type(*words)
        assert result.exit_code == code, result.output
        return result.stderr


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("DIALER_CONFIG", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def dialer(tmp_path: Path) -> Dialer:
    """An initialised folder; no daemon."""
    fresh = Dialer(tmp_path)
    fresh.ok("init", *INIT, "--set", 'dialing.caller_id="+33162000000"')
    return fresh


@pytest.fixture
def campaign(dialer: Dialer) -> Dialer:
    """With a campaign ``summer`` and its agent 101, PIN 1234."""
    dialer.ok("campaign", "create", "summer", "--disposition", "1=sale")
    dialer.ok("agents", "add", "101", "--campaign", "summer", "--phone", "101", "--pin-file", "-", given="1234\n")
    return dialer


class _Thread:
    """Runs a daemon without Asterisk until told to stop."""

    def __init__(self, folder: Path) -> None:
        self._loaded = load(folder / "dialer.toml")
        self._up: Future[LiveServices] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self) -> LiveServices:
        self._thread.start()
        return self._up.result(timeout=20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=20)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with open_store(self._loaded.config.store_path) as store:
                services = LiveServices(self._loaded, store)
                server = ControlServer(
                    self._loaded.config.control_path, Trail(services, "socket").over(control_handlers(services))
                )
                await server.start()
                self._up.set_result(services)
                await self._stopping.wait()
                await server.close()
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            if not self._up.done():
                self._up.set_exception(error)


@pytest.fixture
def daemon(dialer: Dialer) -> Iterator[LiveServices]:
    """A daemon without Asterisk behind the folder's control socket."""
    thread = _Thread(dialer.folder)
    with structlog.testing.capture_logs():
        services = thread.start()
        yield services
        thread.stop()
