"""What is set up wrongly is said in one sentence, with an exit status, and nothing is left half-written."""

import csv
import itertools
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from dialer_testbed.world import scripted

from tests.asterisk.floor_rig import Bed, House

pytestmark = pytest.mark.asterisk

FAILURE, USAGE, PROBLEMS = 1, 2, 4
_numbers = itertools.count(1)


@pytest.fixture
def house(bed: Bed) -> Iterator[House]:
    """A dialer that is set up and does not run."""
    with bed.house(f"errors-{next(_numbers)}") as house:
        yield house


def test_a_wrong_ami_secret_is_told_and_the_daemon_stays_to_be_mended(house: House) -> None:
    (house.folder / "ami.secret").write_text("not-the-secret\n")
    house.start(wait=False)
    house.wait_for(lambda: bool(house.told("ami_login_refused")), "the refusal")
    link = house.status()["link"]
    assert link["up"] is False
    assert "refused the AMI user 'dialer'" in link["why"]
    code, said = _doctor(house)
    assert code == PROBLEMS
    assert "manager.conf" in said
    assert "not-the-secret" not in house.journal.read_text()


def test_a_missing_dialplan_is_what_the_doctor_finds(house: House) -> None:
    assert _doctor_failures(house) == []
    house.testbed.pbx_cli("dialplan remove context dialer-answer")
    try:
        code, said = _doctor(house)
        assert code == PROBLEMS
        assert "extensions_dialer.conf" in said
    finally:
        house.testbed.pbx_cli("dialplan reload")
    assert _doctor_failures(house) == []


def _doctor(house: House) -> tuple[int, str]:
    import subprocess

    done = subprocess.run(house.command("doctor"), capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def _doctor_failures(house: House) -> list[str]:
    """What fails besides what is about this machine (disk, clock) and what waits for the daemon."""
    asterisk = ("AMI", "ami", "dialplan", "manager", "rights", "login", "sounds")
    lines = _doctor(house)[1].splitlines()
    return [line for line in lines if line.startswith("FAIL") and any(word in line for word in asterisk)]


def test_a_fastagi_port_that_is_taken_stops_the_daemon_at_its_start(house: House) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", house.testbed.ports.fastagi))
        other.listen()
        code, said = house.refused("run")
    assert code == FAILURE
    assert "FastAGI cannot listen" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("content", [b"no database\n" * 500, b""], ids=["garbage", "foreign"])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(house: House, content: bytes) -> None:
    _forget_wal(house)
    if content:
        house.store.write_bytes(content)
    else:
        house.store.unlink()
        with closing(sqlite3.connect(house.store)) as other:
            other.execute("CREATE TABLE other (x)")
    before = house.store.read_bytes()
    code, said = house.refused("run")
    assert code == FAILURE
    assert "store" in said
    assert "Traceback" not in said
    assert house.store.read_bytes() == before


def test_a_newer_store_is_refused_and_left_as_it_is(house: House) -> None:
    with closing(sqlite3.connect(house.store, isolation_level=None)) as store:
        store.execute("PRAGMA user_version = 999")
    _forget_wal(house)
    before = house.store.read_bytes()
    code, said = house.refused("run")
    assert code == FAILURE
    assert "999" in said
    assert house.store.read_bytes() == before


def _forget_wal(house: House) -> None:
    with closing(sqlite3.connect(house.store, isolation_level=None)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_an_unknown_key_is_refused_with_the_nearest_name(house: House) -> None:
    house.config.write_text(house.config.read_text().replace("[dialing]", "[dialing]\nring_time_out_s = 20", 1))
    code, said = house.refused("run")
    assert code == USAGE
    assert "ring_timeout_s" in said
    assert str(house.config) in said


def test_a_second_daemon_is_refused_and_the_first_goes_on(house: House) -> None:
    house.start()
    code, said = house.refused("run")
    assert code == FAILURE
    assert house.daemon is not None
    assert str(house.daemon.pid) in said
    assert house.status()["link"]["up"] is True
    house.cli("campaign", "create", "still-there")
    house.expect_no_fault()


def test_whatever_a_file_holds_reaches_asterisk_as_data_or_not_at_all(house: House) -> None:
    numbers = [scripted("person", talk_s=0.5, x=x) for x in range(4)]
    victim = scripted("person", talk_s=0.5, x=9)
    trunk = house.testbed.trunk
    good = [
        ("Dupont\r\nAction: Originate\r\nChannel: PJSIP/x\r\n\r\n", numbers[0]),
        ("a&b,c/d\"e'f|g;h\\i${SHELL(id)}$[1+1]", numbers[1]),
        ("=cmd|' /C calc'!A0", numbers[2]),
        ("\x1b[2J\u202e", numbers[3]),
    ]
    bad = [
        f"{numbers[0]}&PJSIP/{victim}@{trunk}",
        f"{numbers[0]}\r\nVariable: X=1",
        f"{victim}@{trunk}/x",
        f"PJSIP/{victim}",
        f'"{numbers[0]}",{victim},x',
        "${EXTEN}",
    ]
    path = house.folder / "hostile.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["source_id", "last_name", "phone"])
        writer.writerows((f"{name}-{number}", name, number) for name, number in good)
        writer.writerows((f"bad-{index}", "Durand", number) for index, number in enumerate(bad))
    house.start()
    house.add_campaign("hostile", wrap_up_s=0)
    report = house.cli("leads", "import", str(path), "--campaign", "hostile")
    house.call_agents(house.hire("hostile", [1001, 1002]))
    house.cli("campaign", "start", "hostile")
    house.until_worked("hostile")

    reached = house.reached(wait_s=10)
    assert set(reached) <= {number for _, number in good}, "no call but to the numbers of good rows"
    assert set(reached.values()) == {1}
    assert report["new"] == len(reached)
    assert report["refused"] >= len(bad)
    dialed = {row["number"]: row for row in house.outcomes("hostile")}
    assert {"0" + number.removeprefix("+33") for number in dialed} == set(reached)
    assert {row["result"] for row in dialed.values()} == {"answered"}
    lines = house.testbed.pbx_cli("core show channels concise")
    assert all(line.startswith("PJSIP/agent-") for line in lines.splitlines() if "!" in line)
    house.expect_no_fault()
