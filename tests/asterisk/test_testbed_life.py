"""The testbed's own life: up, down, side by side, killed and started again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dialer_testbed import Options, Testbed, TestbedError
from dialer_testbed.world import scripted

from tests.asterisk.caller import Caller

pytestmark = pytest.mark.asterisk

COMMAND = Path(__file__).resolve().parents[2] / "asterisk/testbed/testbed.py"


def processes_of(folder: Path) -> list[str]:
    """Command lines of all living processes that name the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_two_testbeds_run_side_by_side_and_one_goes_without_a_trace(
    testbed: Testbed, caller: Caller, tmp_path: Path
) -> None:
    number = scripted("busy", x=9)
    with Testbed(tmp_path, Options(agents=2)) as second:
        ports = second.ports
        with second.pbx_ami("dialer") as ami:
            other = Caller(ami, second)
            other.event("Hangup", other.call(number), Cause="17")
        mine = [row.number for row in testbed.carrier_cdr() if row.number == number]
        theirs = [row.number for row in second.carrier_cdr(wait_s=2)]
        running = len(processes_of(tmp_path))

    assert ports.base != testbed.ports.base
    assert (mine, theirs) == ([], [number])
    assert running == 2
    assert processes_of(tmp_path) == []  # and with them their ports


def test_up_does_nothing_when_it_is_up(testbed: Testbed) -> None:
    pids = testbed.pbx.pid(), testbed.carrier.pid()

    testbed.up()

    assert (testbed.pbx.pid(), testbed.carrier.pid()) == pids


def test_the_command_line_brings_up_checks_and_takes_down(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(COMMAND), *arguments, "--dir", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    up = run("up", "--agents", "1", "--json")
    check = run("check")
    down = run("down")

    assert up.returncode == 0, up.stderr
    assert json.loads(up.stdout)["trunk"] == "carrier"
    assert [line.split()[0] for line in check.stdout.splitlines()] == ["OK"] * 5
    assert down.returncode == 0
    assert processes_of(tmp_path) == []
    assert run("check").returncode == 1


def test_a_killed_pbx_starts_again_on_the_same_ports(tmp_path: Path) -> None:
    with Testbed(tmp_path, Options(agents=1)) as testbed:
        ports = testbed.ports
        testbed.restart_pbx()
        with testbed.pbx_ami("dialer") as ami:
            caller = Caller(ami, testbed)
            caller.event("Hangup", caller.call(scripted("busy")), Cause="17")

        assert testbed.ports == ports


def test_a_frozen_carrier_lets_the_call_end_at_its_ring_time(tmp_path: Path) -> None:
    with Testbed(tmp_path, Options(agents=0)) as testbed, testbed.pbx_ami("dialer") as ami:
        caller = Caller(ami, testbed)
        testbed.carrier.signal(signal.SIGSTOP)
        ended = caller.event("Hangup", caller.call(scripted("person"), ring_ms=300))
        testbed.carrier.signal(signal.SIGCONT)

    assert ended["Cause"] == "19"


def test_down_ends_an_asterisk_that_is_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer_testbed.instance.STOP_LIMIT_S", 0.5)
    testbed = Testbed(tmp_path, Options(agents=0))
    testbed.up()
    testbed.pbx.signal(signal.SIGSTOP)

    testbed.down()

    assert processes_of(tmp_path) == []


def test_a_stale_pid_file_kills_no_stranger(tmp_path: Path) -> None:
    testbed = Testbed(tmp_path)
    testbed.pbx.run.mkdir(parents=True)
    (testbed.pbx.run / "asterisk.pid").write_text(f"{os.getpid()}\n")

    testbed.down()  # this very process would be the victim

    assert testbed.pbx.pid() is None


def test_commands_without_a_testbed_say_so(tmp_path: Path) -> None:
    with pytest.raises(TestbedError, match="bring it up first"):
        Testbed(tmp_path).pbx_ami()
    with pytest.raises(TestbedError, match="bring the testbed up first"):
        Testbed(tmp_path).pbx_cli("core show version")


def test_a_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TestbedError, match="shorter folder"):
        Testbed(tmp_path / ("d" * 100)).up()
