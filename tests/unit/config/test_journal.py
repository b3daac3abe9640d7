"""What systemd's journal is told: entries with fields, read back as the journal reads them."""

import io
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from dialer import journal, log
from dialer.daemon.calls import tell_calls
from dialer.floor import commands as cmd
from dialer.floor.words import AttemptState, Result
from tests.unit.metrics.test_collector import NOW, NUMBER, ended


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


def read(datagram: bytes) -> dict[str, str]:
    """An entry as systemd reads it: NAME=value lines, or NAME, a length of 8 bytes, the value."""
    fields, rest = {}, datagram
    while rest:
        line, _, after = rest.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
            rest = after
        else:
            name, (size,) = line, struct.unpack("<Q", after[:8])
            value, rest = after[8 : 8 + size], after[8 + size + 1 :]
        fields[name.decode()] = value.decode("utf-8", "replace")
    return fields


class Journal:
    """The journal's end of its socket."""

    def __init__(self, path: Path) -> None:
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.door.bind(str(path))
        self.door.settimeout(20)

    def entry(self) -> dict[str, str]:
        return read(self.door.recv(1_000_000))


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """Whatever is logged goes here."""
    there = Journal(tmp_path / "journal")
    logger = journal.JournalLogger(io.StringIO(), tmp_path / "journal")
    monkeypatch.setattr(log, "JournalLogger", lambda _spare: logger)
    log.setup("debug", "journal")
    yield there
    there.door.close()
    logger._door.close()


def test_an_event_is_found_by_its_fields(told: Journal) -> None:
    structlog.get_logger().warning(
        "call_ended", call_id="a1", campaign="summer", number=NUMBER, agent=None, steps=["x"]
    )
    entry = told.entry()
    assert entry["PRIORITY"] == "4"
    assert entry["SYSLOG_IDENTIFIER"] == "dialerd"
    assert (entry["EVENT"], entry["CALL_ID"], entry["CAMPAIGN"]) == ("call_ended", "a1", "summer")
    assert entry["NUMBER"] == log.mask(NUMBER)
    assert set(entry) & {"AGENT", "STEPS"} == set()
    assert json.loads(entry["MESSAGE"])["steps"] == ["x"]


@pytest.mark.parametrize(("level", "priority"), [("debug", "7"), ("info", "6"), ("warning", "4"), ("error", "3")])
def test_levels_are_priorities(told: Journal, level: str, priority: str) -> None:
    getattr(structlog.get_logger(), level)("something")
    assert told.entry()["PRIORITY"] == priority


def test_a_trace_is_one_entry(told: Journal) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("floor_step_failed")
    entry = told.entry()
    assert entry["EXCEPTION"].splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert entry["PRIORITY"] == "3"


@given(
    st.text(),
    st.dictionaries(
        st.text(alphabet="abc_=\nMESSAGE", max_size=12), st.text() | st.integers() | st.none() | st.lists(st.text())
    ),
)
def test_no_value_can_forge_a_field(message: str, fields: dict[str, object]) -> None:
    entry = read(journal.encode(message, "info", fields))
    assert set(entry) <= {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER"} | {name.upper() for name in fields}
    assert entry["PRIORITY"] == "6"
    assert all("=" not in name and "\n" not in name for name in entry)


def test_a_journal_that_is_full_is_not_waited_for_and_the_loss_is_told(tmp_path: Path) -> None:
    there = Journal(tmp_path / "journal")
    spare = io.StringIO()
    logger = journal.JournalLogger(spare, tmp_path / "journal")
    sent = 0
    while not logger.dropped:
        logger.msg("m", "info", {"n": sent})
        sent += 1
        assert sent < 100_000
    logger.msg("m", "info", {})
    for _ in range(sent - 1):
        there.entry()
    logger.msg("m", "info", {})
    assert there.entry()["LINES_DROPPED"] == "2"
    logger.msg("m", "info", {})
    assert "LINES_DROPPED" not in there.entry()
    assert spare.getvalue() == ""
    there.door.close()
    logger._door.close()


def test_without_a_journal_the_line_goes_to_standard_error(tmp_path: Path) -> None:
    spare = io.StringIO()
    logger = journal.JournalLogger(spare, tmp_path / "nowhere")
    logger.msg("the line", "info", {})
    assert spare.getvalue() == "the line\n"
    logger._door.close()


def test_the_journal_is_known_by_what_systemd_says_of_the_stream(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        assert journal.leads_to_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not journal.leads_to_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"})
        assert not journal.leads_to_journal(stream, {})
    assert not journal.leads_to_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})


def test_each_step_of_a_call_is_told_to_who_wants_everything() -> None:
    steps = [cmd.RecordStep("a1", NOW, state, "as it went") for state in (AttemptState.RINGING, AttemptState.ANSWERED)]
    with capture_logs() as lines:
        tell_calls(steps)
    told = [(line["event"], line["log_level"], line["call_id"], line["state"], line["why"]) for line in lines]
    assert told == [("call_step", "debug", "a1", state, "as it went") for state in ("ringing", "answered")]


def test_a_call_that_ended_is_one_line() -> None:
    with capture_logs() as lines:
        tell_calls(ended("a1"))
        tell_calls([ended("a1", disposition="sale")[1]])
        tell_calls(ended("a2", Result.BUSY, answered_by=None, answered_at=None, connected_at=None, ended_at=NOW + 9))
    lines = [line for line in lines if line["log_level"] != "debug"]
    assert [line["call_id"] for line in lines] == ["a1", "a2"]
    assert [(line["rang_s"], line["waited_s"], line["talked_s"]) for line in lines] == [
        (5.0, 0.2, 54.8),
        (9.0, None, None),
    ]
    assert {line["event"] for line in lines} == {"call_ended"}
