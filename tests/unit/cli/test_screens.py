"""What people see: the live screen at its sizes, the lines of a pipe, the files of an export."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from dialer.cli.live import LiveScreen, Screen
from dialer.cli.output import duration, percent
from dialer.cli.rows import CsvRows, JsonRows, disarm
from dialer.cli.status import _follow, lines, tell
from dialer.control.client import NoAnswerError
from dialer.control.status import CallbackStatus
from dialer.control.wire import JsonObject, NoDaemonError
from dialer.floor.trunks import TrunkView
from tests.unit.cli.floors import NOW, floor


def drawn(width: int, height: int, **kinds: int | bool) -> str:
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    console.print(Screen(floor(**kinds)))  # type: ignore[arg-type]
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (132, 43), (200, 60)])
@pytest.mark.parametrize("agents", [0, 1, 20, 500])
@pytest.mark.parametrize("campaigns", [0, 1, 40])
@pytest.mark.parametrize("troubles", [0, 5])
def test_the_screen_fits(width: int, height: int, agents: int, campaigns: int, troubles: int) -> None:
    told = drawn(width, height, agents=agents, campaigns=campaigns, troubles=troubles).splitlines()

    assert len(told) <= height - 1
    assert max(map(len, told)) <= width


def test_the_screen_shows_what_a_supervisor_acts_on() -> None:
    told = drawn(80, 24)

    for word in ("link up", "summer-0", "running", "31.0 %", "87.4 %", "812", "3 ready", "102", "lunch", "trouble"):
        assert word in told
    assert "▲ 2.6 % of 3" in told  # near the limit
    assert "✖ 3.5 % of 3" in told  # above it


def test_a_lost_link_is_loud() -> None:
    assert "✖ LINK DOWN 1:15" in drawn(80, 24, up=False)
    assert lines(floor(up=False)) == [f"{lines(floor())[0][:8]} no link to Asterisk: connection refused"]


def test_a_broker_that_is_away_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "MQTT DOWN" in drawn(80, 24, mqtt=False)
    tell(floor(mqtt=False))
    tell(floor())
    told = [line for line in capsys.readouterr().out.splitlines() if "MQTT" in line]
    assert told == ["MQTT DOWN for 1:15: Connection refused"]


def test_agents_who_do_not_fit_are_counted() -> None:
    told = drawn(80, 24, agents=500)

    assert "more" in told
    assert "100 ready" in told


def test_a_line_of_the_pipe_has_the_numbers() -> None:
    (first, _) = lines(floor())

    assert "summer-0 running; agents" in first
    assert "calls 8 ringing, 2 dialing, 5 connected, 1 answered" in first
    assert "abandoned 2.6 % of 3.0 %; occupancy 87.4 %; 812 leads left" in first


def test_no_campaign_is_said() -> None:
    assert lines(floor(campaigns=0))[0].endswith("no campaigns")


@pytest.mark.parametrize(("seconds", "told"), [(-1, "0:00"), (75, "1:15"), (3725, "1:02:05")])
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_rate_of_nothing_is_a_dash() -> None:
    assert percent(None) == "-"


# --- exports -------------------------------------------------------------------------------------------------------

VALUES = {"attempt_id": "a1", "number": "+33142000000", "reserved_at": 1_763_800_000.25, "abandoned": 1, "cause": None}
COLUMNS = {"columns": list(VALUES), "lead_columns": ["Nom", "number"]}


def exported(*, excel: bool = False, **fields: str) -> tuple[str, dict[str, str]]:
    file = io.StringIO(newline="")
    rows = CsvRows(file, excel=excel)
    rows.take(COLUMNS)
    rows.take({"rows": [{"values": VALUES, "fields": fields}]})
    text = file.getvalue()
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";" if excel else ",")
    return text, row


@pytest.mark.parametrize("excel", [False, True])
def test_a_row_holds_the_outcome_and_the_leads_fields(excel: bool) -> None:
    text, row = exported(excel=excel, Nom='Dupont, "Jean"; x', number="0142000000")

    assert text.startswith("\ufeff") == excel
    assert row["Nom"] == 'Dupont, "Jean"; x'
    assert (row["number"], row["lead_number"]) == ("+33142000000", "0142000000")
    assert (row["abandoned"], row["cause"]) == ("yes", "")
    assert row["reserved_at"][:14].count("-") == 2
    assert ".250" in row["reserved_at"]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"])
def test_a_formula_is_disarmed(cell: str) -> None:
    assert disarm(cell) == f"'{cell}"
    assert exported(Nom=cell)[1]["Nom"] == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Dupont", "-12", "+33142000000", "3,5", "1-2", "a=b"])
def test_what_is_no_formula_stays(cell: str) -> None:
    assert disarm(cell) == cell


@given(st.text())
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    kept = disarm(cell).lstrip(" ")

    assert not kept.startswith(("=", "@", "\t", "\r"))
    assert not kept.startswith(("+", "-")) or kept[1:].replace(",", "").replace(".", "").isdecimal()


def test_json_lines_keep_values_and_fields_apart() -> None:
    file = io.StringIO()
    rows = JsonRows(file)
    rows.take(COLUMNS)
    rows.take({"rows": [{"values": VALUES, "fields": {"Nom": "=1"}}] * 2})

    first, second = map(json.loads, file.getvalue().splitlines())
    assert first == second
    assert (first["number"], first["abandoned"], first["cause"]) == ("+33142000000", True, None)
    assert first["lead"] == {"Nom": "=1"}


def test_the_watch_lives_through_a_restart_of_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[JsonObject | Exception] = [{"life": 1}, NoAnswerError("gone"), NoDaemonError("away"), {"life": 2}]
    seen: list[object] = []

    def stream(_command: str, show: Callable[[JsonObject], None], **_: object) -> None:
        if not looks:
            raise KeyboardInterrupt
        if isinstance(look := looks.pop(0), Exception):
            raise look
        show(look)

    monkeypatch.setattr("dialer.cli.status.time.sleep", lambda _: None)
    shell = SimpleNamespace(reach=SimpleNamespace(stream=stream))
    with pytest.raises(KeyboardInterrupt):
        _follow(shell, seen.append, lambda error: seen.append(str(error)), 1.0)  # type: ignore[arg-type]

    assert seen == [{"life": 1}, "gone", "away", {"life": 2}]


def test_a_daemon_that_never_answered_is_an_error_of_the_watch() -> None:
    def stream(*_: object, **__: object) -> None:
        raise NoDaemonError("No daemon answers.")

    shell = SimpleNamespace(reach=SimpleNamespace(stream=stream))
    with pytest.raises(NoDaemonError):
        _follow(shell, print, print, 1.0)  # type: ignore[arg-type]


def test_a_daemon_that_is_away_leaves_no_figures_on_the_screen() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=24)
    with LiveScreen(console) as screen:
        screen.show_away(NoDaemonError("No daemon answers on x."))

    assert "NO DAEMON" in console.file.getvalue()  # type: ignore[attr-defined]


def test_callbacks_that_wait_are_told_with_what_they_wait_for(capsys: pytest.CaptureFixture[str]) -> None:
    told = floor(campaigns=1)
    waits = ("callback 12, due 14:30, waits for agent 101, who is talking; from 14:40 on for anybody",)
    told["campaigns"][0]["callbacks"] = asdict(CallbackStatus(waiting=14, due=1, overdue=0, next_at=NOW, waits=waits))
    sentence = f"callbacks 14 waiting, 1 due, 0 overdue; {waits[0]}"
    assert sentence in lines(told)[0]
    tell(told)
    assert f"summer-0: {sentence}" in capsys.readouterr().out
    console = Console(width=400, height=24, file=io.StringIO(), color_system=None)
    console.print(Screen(told))
    assert isinstance(console.file, io.StringIO)
    assert sentence in console.file.getvalue()


def test_a_trunk_that_is_avoided_is_told_with_what_carries_its_calls(capsys: pytest.CaptureFixture[str]) -> None:
    views = (
        TrunkView("carrier", NOW - 60, 9, 8, "other"),
        TrunkView("other"),
        TrunkView("third", NOW - 60, 8, 8, ""),
    )
    tell({**floor(), "trunks": [asdict(view) for view in views]})

    told = capsys.readouterr().out

    assert "trunk carrier: avoided since " in told
    assert "9 calls in a row failed; calls go over other" in told
    assert "one call at a time tries it" in told
    assert "trunk other" not in told
