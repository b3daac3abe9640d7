"""The units under a real systemd: started, watched, reloaded, killed, restarted, backed up, stopped.

systemd is process 1 of a machine of namespaces, with the dialer installed by ``make install``. There is no Asterisk in
it: a daemon that waits for one is all that these tests need.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.broker import free_port
from tests.daemon.installation import ROOT, Installed
from tests.daemon.systemd_box import Box, why_not

pytestmark = [pytest.mark.timeout(1200), pytest.mark.skipif(bool(why_not()), reason=why_not())]
CONFIG = "/etc/dialer/conf.d/test.toml"


@pytest.fixture(scope="module")
def machine(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A machine on which the dialer was installed and set up as the page says."""
    box = Box(installed.folder, tmp_path_factory.mktemp("box"))
    try:
        # As text: the box has a /tmp of its own, and a checkout may lie in ours.
        box.run("sh", "-c", (ROOT / "systemd/after_install.sh").read_text(), "after_install.sh", "/usr/local")
        ports = ("--set", f"ami.port={free_port()}", "--set", f"fastagi.port={free_port()}")
        box.run("dialer", "init", "--set", "dialing.drain_timeout_s=1", *ports)
        box.run("mkdir", "/etc/dialer/conf.d")
        yield box
    finally:
        box.close()


@pytest.fixture
def running(machine: Box) -> Box:
    """With the service freshly started, its configuration as ``init`` wrote it."""
    machine.run("rm", "-f", CONFIG)
    machine.run("systemctl", "reset-failed")
    machine.run("systemctl", "restart", "dialerd")
    return machine


def pid(box: Box) -> str:
    return box.show("dialerd", "MainPID")


def test_it_is_ready_confined_and_reached(running: Box) -> None:
    assert running.show("dialerd", "ActiveState") == "active"
    status = running.shell(f"cat /proc/{pid(running)}/status")
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert "CapBnd:\t0000000000000000" in status
    assert running.run("ps", "-o", "user=", "-p", pid(running)).strip() == "dialerd"
    running.until(lambda: "no link to Asterisk" in running.show("dialerd", "StatusText"), "a status")
    assert '"link"' in running.run("dialer", "status", "--json")
    assert running.shell("stat -c '%U %a' /var/lib/dialer /run/dialer/control.sock") == "dialerd 750\ndialerd 660\n"


def test_a_reload_is_answered_and_a_bad_one_is_refused(running: Box) -> None:
    before = pid(running)
    running.shell(f"echo '[dialing]' > {CONFIG}; echo 'max_lines = 7' >> {CONFIG}")
    running.run("systemctl", "reload", "dialerd")
    assert '"config_reloaded"' in running.log()

    running.shell(f"echo 'max_lines = nonsense' >> {CONFIG}")
    assert running.tried("systemctl", "reload", "dialerd") != 0
    assert running.show("dialerd", "ActiveState") == "active"
    assert pid(running) == before


def test_a_killed_daemon_is_started_again(running: Box) -> None:
    before = pid(running)
    running.run("kill", "-KILL", before)
    running.until(lambda: pid(running) not in {"0", before}, "another process")
    running.until(lambda: running.show("dialerd", "ActiveState") == "active", "the service")
    assert running.show("dialerd", "NRestarts") == "1"


def test_a_daemon_that_stands_still_is_killed_by_the_watchdog(machine: Box) -> None:
    drop_in = "/etc/systemd/system/dialerd.service.d/quick.conf"
    machine.shell(f"mkdir -p {Path(drop_in).parent}; printf '[Service]\\nWatchdogSec=2\\n' > {drop_in}")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "dialerd")
    try:
        before = pid(machine)
        machine.run("kill", "-STOP", before)
        machine.until(lambda: pid(machine) not in {"0", before}, "another process")
        assert machine.show("dialerd", "NRestarts") == "1"
    finally:
        machine.run("rm", drop_in)
        machine.run("systemctl", "daemon-reload")


def test_a_second_daemon_on_the_same_store_is_refused(running: Box) -> None:
    code, said = running.failed("dialer", "run")
    assert code == 1
    assert "in use by process" in said


def test_the_nights_backup_is_the_daemons_own(running: Box) -> None:
    running.run("systemctl", "start", "dialerd-backup.service")
    assert running.show("dialerd-backup", "Result") == "success"
    made = running.shell("stat -c '%U %a %n' /var/lib/dialer/backups/*.db").split()
    assert made[:2] == ["dialerd", "600"]
    assert running.show("dialerd", "ActiveState") == "active"
    running.run("dialer", "restore", "--check", made[2])


def test_the_daily_export_is_fetched_by_the_dialers_group(running: Box) -> None:
    running.run("systemctl", "start", "dialerd-export.service")
    assert running.show("dialerd-export", "Result") == "success"
    assert "nobody was called" in running.log()
    days = running.shell("stat -c '%U %G %a' /var/lib/dialer/exports/*").splitlines()
    assert days == ["dialerd dialerd 750"] * 7


@pytest.mark.parametrize("timer", ["dialerd-backup.timer", "dialerd-export.timer"])
def test_a_timer_waits_for_the_night(running: Box, timer: str) -> None:
    running.run("systemctl", "start", timer)
    assert running.show(timer, "ActiveState") == "active"
    running.run("systemctl", "stop", timer)


@pytest.fixture
def journal(machine: Box) -> Iterator[Box]:
    """With a journal, to which the service's standard error leads."""
    drop_in = "/etc/systemd/system/service.d/zz-journal.conf"
    machine.run("systemd-run", "--unit=a-journal", "/lib/systemd/systemd-journald")
    machine.until(lambda: machine.tried("test", "-S", "/run/systemd/journal/socket") == 0, "the journal's socket")
    machine.shell(f"printf '[Service]\\nStandardError=journal\\n' > {drop_in}")
    machine.run("systemctl", "daemon-reload")
    try:
        yield machine
    finally:
        machine.run("rm", drop_in)
        machine.run("systemctl", "stop", "a-journal")
        machine.run("systemctl", "daemon-reload")


def test_the_journal_finds_what_the_service_tells_by_its_fields(journal: Box, running: Box) -> None:
    """A call ends in the program that tells it, as a service of its own: without Asterisk none is dialed."""
    tell = "from dialer import log; import signal, structlog; log.setup(); tell = structlog.get_logger().info; "
    calls = "tell('call_ended', call_id='a1', number='+33199000042'); tell('call_ended', call_id='a2'); signal.pause()"
    journal.run("systemd-run", "--quiet", "--unit=told", "/usr/local/lib/dialerd/bin/python", "-c", tell + calls)
    journal.until(lambda: bool(entries(journal, "told", "CALL_ID=a2")), "the last line")
    (found,) = entries(journal, "told", "CALL_ID=a1")
    assert (found["call_id"], found["number"]) == ("a1", "+3319•••••42")
    journal.until(lambda: bool(entries(journal, "dialerd", "EVENT=daemon_started")), "the service's own line")
    journal.run("systemctl", "stop", "told")


def entries(box: Box, unit: str, field: str) -> list[dict[str, Any]]:
    """What the journal finds of a unit by a field."""
    _, found = box.failed("journalctl", "-u", unit, field, "-o", "cat")
    return [json.loads(line) for line in found.splitlines() if line.startswith("{")]


def test_a_stop_drains_and_ends_well(running: Box) -> None:
    running.run("systemctl", "stop", "dialerd")
    assert running.show("dialerd", "Result") == "success"
    assert '"daemon_stopped"' in running.log()


def test_a_wrong_configuration_is_not_tried_again_and_again(running: Box) -> None:
    running.run("systemctl", "stop", "dialerd")
    running.shell(f"echo '[dialing' > {CONFIG}")
    assert running.tried("systemctl", "start", "dialerd") != 0
    assert running.show("dialerd", "ExecMainStatus") == "2"
    assert running.show("dialerd", "NRestarts") == "0"
