"""The daemon as a service: what it tells the service manager, what a reload changes, when the watchdog starves."""

import signal
import socket
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.control.wire import RemoteError
from dialer.daemon.engine import Engine
from dialer.daemon.notify import Notifier
from dialer.daemon.troubles import Troubles
from dialer.daemon.vitals import Pulse, Vital, Vitals
from dialer.floor.commands import Command
from dialer.floor.floor import Floor
from tests.broker import free_port
from tests.daemon.harness import ListeningPbx
from tests.daemon.manager import Manager, Process


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


@pytest.fixture
def process(tmp_path: Path) -> Process:
    (tmp_path / "d").mkdir()
    return Process(tmp_path / "d")


def test_the_life_of_a_service(manager: Manager, process: Process) -> None:
    """1. ready without Asterisk; 2. fed and described; 3. reloaded; 4. stopped."""
    with process.running(manager, watchdog_s=0.3) as daemon:
        manager.until_key("WATCHDOG")
        assert manager.until_key("STATUS")["STATUS"].startswith("no link to Asterisk: ")

        daemon.send_signal(signal.SIGHUP)
        assert int(manager.until_key("RELOADING")["MONOTONIC_USEC"]) > 0
        manager.until_key("READY")

        daemon.send_signal(signal.SIGTERM)
        assert int(manager.until_key("STOPPING")["EXTEND_TIMEOUT_USEC"]) > 1_000_000
        assert daemon.wait(60) == 0


def test_a_reload_changes_what_may_change_and_names_what_may_not(manager: Manager, process: Process) -> None:
    process.change("[dialing]\nmax_calls_per_s = 3\n[fastagi]\nport = 4999\n")
    with process.running(manager):
        process.change(
            "[dialing]\nmax_calls_per_s = 7\nmax_lines = 9\n[fastagi]\nport = 4998\n[log]\nlevel = 'error'\n"
        )

        told = process.ask("config_reload")

        assert told["changed"] == ["dialing.max_lines", "dialing.max_calls_per_s", "log.level"]
        assert told["needs_restart"] == ["fastagi.port"]
        troubles = process.ask("status")["troubles"]
        assert isinstance(troubles, list)
        assert "fastagi.port" in troubles[0]["text"]
        # What needs a restart is asked for again, and refused again; the rest is in force and is no news.
        assert process.ask("config_reload")["changed"] == []
        assert process.ask("config_reload")["needs_restart"] == ["fastagi.port"]


@pytest.mark.parametrize("line", ["[dialing]\nmax_lines = 'many'\n", "[dialing\n", "[ami]\nsecret_file = 'nowhere'\n"])
def test_a_bad_configuration_is_refused_and_the_old_one_stays(manager: Manager, process: Process, line: str) -> None:
    with process.running(manager) as daemon:
        process.change(line)
        with pytest.raises(RemoteError) as refused:
            process.ask("config_reload")
        assert refused.value.code in {"config", "secret"}

        daemon.send_signal(signal.SIGHUP)
        manager.until_key("RELOADING")
        manager.until_key("READY")
        assert '"reload_refused"' in process.until_journal("reload_refused")
        process.change("")
        assert process.ask("config_reload")["changed"] == []


def test_a_new_secret_is_used_at_the_next_login(manager: Manager, process: Process) -> None:
    with process.running(manager):
        (process.folder / "other.secret").touch(mode=0o600)
        (process.folder / "other.secret").write_text("another\n")
        process.change("[ami]\nsecret_file = 'other.secret'\n")

        assert process.ask("config_reload")["changed"] == ["ami.secret_file"]


def test_a_scrape_tells_of_the_daemon_that_runs(manager: Manager, process: Process) -> None:
    port = free_port()
    process.change(f"[metrics]\nport = {port}\nsocket = 'm.sock'\n")
    with process.running(manager), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        samples = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
        assert samples["dialer_ami_up"] == "0.0"
        assert samples["dialer_store_up"] == "1.0"
        assert float(samples["dialer_start_time_seconds"]) == pytest.approx(time.time(), abs=120)
        assert "dialer_store_commit_seconds_count" in samples
        assert float(samples["process_open_fds"]) > 3
        assert (process.folder / "m.sock").is_socket()


def test_a_broker_that_is_away_is_told_by_the_daemon_that_runs(manager: Manager, process: Process) -> None:
    with process.running(manager):
        assert process.ask("status")["mqtt"] is None
    process.change(f"[mqtt]\nenabled = true\nport = {free_port()}\n")
    with process.running(manager):
        process.until_journal("mqtt_down")
        mqtt = process.ask("status")["mqtt"]
        assert isinstance(mqtt, dict)
        assert (mqtt["up"], mqtt["alerts_dropped"]) == (False, 0)
        assert "refused" in mqtt["why"].lower()


def test_without_a_manager_nothing_is_said() -> None:
    quiet = Notifier({})
    quiet.ready()
    quiet.alive()
    assert quiet.watchdog_s is None


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    assert Notifier({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}).watchdog_s is None
    assert Notifier({"WATCHDOG_USEC": "5000000"}).watchdog_s == 5.0
    assert Notifier({"WATCHDOG_USEC": "0"}).watchdog_s is None


def test_an_abstract_socket_is_spoken_to(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        name = f"dialer-test-{tmp_path.name}-{id(door)}"
        door.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).status("one\ntwo")
        assert door.recv(100) == b"STATUS=one two"


def test_a_manager_that_does_not_listen_is_never_waited_for(tmp_path: Path) -> None:
    lost = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with capture_logs() as lines:
        for _ in range(3):
            lost.ready()
    assert [line["event"] for line in lines] == ["notify_failed"]


class Watched:
    """A pulse over one part, with a clock of its own."""

    def __init__(self, manager: Manager) -> None:
        self.now, self.mark = 0.0, 0
        clock = lambda: self.now  # noqa: E731
        notifier = Notifier({"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "30000000"})
        self.troubles = Troubles(clock)
        vitals = Vitals({"dialing": Vital(lambda: self.mark, 20.0)}, clock)
        self.pulse = Pulse(notifier, vitals, self.troubles, lambda: "all is well")

    def beat(self, after_s: float) -> None:
        self.now += after_s
        self.pulse.beat()


def test_the_watchdog_is_fed_only_while_every_part_moves(manager: Manager) -> None:
    watched = Watched(manager)
    with capture_logs() as lines:
        watched.beat(19)  # still for 19 s
        watched.beat(2)  # for 21
        watched.beat(30)  # for 51
        watched.mark += 1
        watched.beat(1)  # it moves again
    said = [manager.next() for _ in range(6)]
    assert [list(message) for message in said[:2]] == [["WATCHDOG"], ["STATUS"]]
    assert [message["STATUS"] for message in said[1:4]] == ["all is well", "STUCK: dialing", "STUCK: dialing"]
    assert said[4:] == [{"WATCHDOG": "1"}, {"STATUS": "all is well"}]
    assert [line["event"] for line in lines] == ["parts_stuck", "parts_move_again"]
    assert "stands still: dialing" in watched.troubles.latest()[0].text


@pytest.mark.parametrize(("deadline", "moves"), [(None, True), (150.0, True), (99.0, False)])
def test_only_overdue_deadlines_stand_still(
    monkeypatch: pytest.MonkeyPatch, deadline: float | None, moves: bool
) -> None:
    now = [100.0]
    monkeypatch.setattr(Floor, "next_deadline", deadline)
    engine = Engine(Floor(), ListeningPbx(), Heedless(), lambda: now[0])
    first = engine.timekeeping()
    now[0] += 1
    assert (engine.timekeeping() != first) is moves


class Heedless:
    """A store that keeps nothing."""

    def record(self, records: Sequence[Command]) -> None:
        pass
