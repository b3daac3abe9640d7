"""Each kind of alert is raised by what it is about, says so in both languages, and is resolved when that is over."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from string import Formatter
from typing import Any

import pytest

from dialer.alerts.board import Board
from dialer.alerts.facts import AgentFigures, CallerIdFigures, Facts, Machine, TrunkFigures
from dialer.alerts.kinds import KINDS
from dialer.alerts.words import LANGUAGES, Severity
from dialer.config_telling import Alerts
from dialer.control.status import AgentStatus, LinkStatus, MqttStatus, Today
from dialer.floor.trunks import TrunkView
from dialer.floor.words import AgentState, AttemptState
from dialer.rules import load_preset
from dialer.rules.abandonment import Counts, ledger, policy_of
from tests.unit.alerts.made_up import NOW, agent, campaign, facts, figures, read_all

SETTINGS = Alerts(hold_s=0, clear_s=0)
POLICY = replace(policy_of(load_preset("fr")), windows=frozenset({"calendar_day"}))


@dataclass(frozen=True)
class Case:
    """What raises an alert, what resolves it, and how it is told."""

    bad: Facts
    well: Facts
    severity: Severity
    scope: str
    words: str  # in its English cause
    subject: str = ""


def spent(abandoned: int, connected: int) -> Facts:
    """A day with so many abandoned and connected calls; the limit is 3 %."""
    day = date(2026, 9, 21)
    days = {day: Counts(connected=connected, abandoned=abandoned)}
    return facts((campaign(abandonment=ledger(POLICY, days, day, day)),))


def machine(**values: object) -> Facts:
    """A machine."""
    return facts(machine=Machine(**values))  # type: ignore[arg-type]


def team(*agents: AgentStatus, **values: Any) -> Facts:  # noqa: ANN401 - fields of Facts
    """A campaign with these agents."""
    return facts((campaign(),), agents, **values)


def broker(*, up: bool, for_s: float) -> Facts:
    """A floor whose broker stands so."""
    there = facts()
    mqtt = MqttStatus(up=up, since=NOW - for_s, why="" if up else "Connection refused.")
    return replace(there, status=replace(there.status, mqtt=mqtt))


def trunk(**values: Any) -> Facts:  # noqa: ANN401 - its fields
    """A floor whose trunk ``t1`` stands so."""
    there = facts()
    return replace(there, status=replace(there.status, trunks=(TrunkView("t1", bound=8, **values),)))


IDLE = figures(leads_callable=50)
RINGING = campaign(calls={AttemptState.RINGING: 3})
CASES: Mapping[str, Case] = {
    "abandonment_budget": Case(spent(2, 98), spent(0, 100), Severity.INFO, "c1", "2 of 100", "calendar_day"),
    "abandonment_forecast": Case(
        facts((campaign(),), campaigns=figures(connected=30, abandoned=3, day_ends_at=NOW + 36_000)),
        facts((campaign(),), campaigns=figures(connected=300, abandoned=1, day_ends_at=NOW + 36_000)),
        Severity.WARNING,
        "c1",
        "end of the day",
    ),
    "agents_idle": Case(
        team(agent(for_s=121), campaigns=IDLE), team(agent(for_s=2), campaigns=IDLE), Severity.WARNING, "c1", "101"
    ),
    "no_agent_ready": Case(
        facts((RINGING,), (agent(state=AgentState.PAUSED),)),
        facts((RINGING,), (agent(),)),
        Severity.CRITICAL,
        "c1",
        "3 calls",
    ),
    "list_runs_out": Case(
        facts((campaign(),), campaigns=figures(attempts=100, leads_callable=200)),
        facts((campaign(),), campaigns=figures(attempts=100, leads_callable=9000)),
        Severity.WARNING,
        "c1",
        "20 min",
    ),
    "all_postponed": Case(
        facts((campaign(),), campaigns=figures(leads_callable=0, waits_for_law=True, next_lead_at=NOW + 7200)),
        facts((campaign(),), campaigns=figures(leads_callable=1, waits_for_law=True, next_lead_at=NOW + 7200)),
        Severity.INFO,
        "c1",
        "put off by the calling law until",
    ),
    "pick_up_fell": Case(
        facts((campaign(),), campaigns=figures(attempts=100, persons=10, usual_pick_up=0.25)),
        facts((campaign(),), campaigns=figures(attempts=100, persons=24, usual_pick_up=0.25)),
        Severity.WARNING,
        "c1",
        "40 % of what is usual",
    ),
    "answer_to_agent": Case(
        facts((campaign(),), campaigns=figures(waits_s=(0.01,) * 40 + (1.4, 1.5))),
        facts((campaign(),), campaigns=figures(waits_s=(0.01,) * 40)),
        Severity.WARNING,
        "c1",
        "1500 ms",
    ),
    "agent_unreachable": Case(
        team(agent(), agents={"101": AgentFigures(failures=2)}),
        team(agent(), agents={"101": AgentFigures()}),
        Severity.WARNING,
        "c1",
        "2 calls",
        "101",
    ),
    "wrap_up_long": Case(
        team(agent(state=AgentState.WRAP_UP, for_s=360)),
        team(agent(state=AgentState.READY)),
        Severity.INFO,
        "c1",
        "6 min",
        "101",
    ),
    "pause_long": Case(
        team(agent(state=AgentState.PAUSED, for_s=1801, reason="lunch")),
        team(agent(state=AgentState.READY)),
        Severity.INFO,
        "c1",
        "lunch",
        "101",
    ),
    "agent_hangs_up": Case(
        team(agent(), agents={"101": AgentFigures(talks_s=(2.0,) * 6 + (60.0,) * 4)}),
        team(agent(), agents={"101": AgentFigures(talks_s=(2.0,) * 1 + (60.0,) * 9)}),
        Severity.WARNING,
        "c1",
        "60 %",
        "101",
    ),
    "trunk_failing": Case(
        facts(trunks={"t1": TrunkFigures(calls=10, congested=3, failed=1)}),
        facts(trunks={"t1": TrunkFigures(calls=10, congested=1)}),
        Severity.WARNING,
        "system",
        "3 congestion",
        "t1",
    ),
    "trunk_avoided": Case(
        trunk(avoided_since=NOW - 2, lost=9, instead="t2"), trunk(), Severity.WARNING, "system", "over: t2", "t1"
    ),
    "trunk_slow": Case(
        facts(trunks={"t1": TrunkFigures(calls=10, post_dial_delays_s=(2.0,) * 8 + (9.5, 9.5))}),
        facts(trunks={"t1": TrunkFigures(calls=10, post_dial_delays_s=(2.0,) * 10)}),
        Severity.WARNING,
        "system",
        "9.5 s",
        "t1",
    ),
    "caller_id_blocked": Case(
        facts(caller_ids={"+3316••": CallerIdFigures(attempts=50, persons=2, usual_attempts=500, usual_persons=125)}),
        facts(caller_ids={"+3316••": CallerIdFigures(attempts=50, persons=12, usual_attempts=500, usual_persons=125)}),
        Severity.WARNING,
        "system",
        "16 %",
        "+3316••",
    ),
    "ami_lost": Case(
        facts(link=LinkStatus(up=False, since=NOW - 2, why="refused")), facts(), Severity.CRITICAL, "system", "refused"
    ),
    "fastagi_failing": Case(
        machine(route_up=False, route_since=NOW - 3), machine(), Severity.CRITICAL, "system", "FastAGI"
    ),
    "mqtt_down": Case(
        broker(up=False, for_s=31), broker(up=True, for_s=31), Severity.WARNING, "system", "31 s: Connection refused. "
    ),
    "event_loop_lag": Case(machine(loop_lag_s=0.3), machine(loop_lag_s=0.01), Severity.WARNING, "system", "300 ms"),
    "ami_backlog": Case(machine(ami_backlog=1500), machine(ami_backlog=3), Severity.WARNING, "system", "1500"),
    "store_slow": Case(machine(store_write_s=0.9), machine(store_write_s=0.02), Severity.WARNING, "system", "900 ms"),
    "disk_full_soon": Case(
        machine(disk_free_bytes=3_000_000_000, growth_bytes_a_day=1e9),
        machine(disk_free_bytes=30_000_000_000, growth_bytes_a_day=1e9),
        Severity.WARNING,
        "system",
        "3.0 days",
    ),
    "clock_off": Case(
        machine(clock_offset_s=-0.7), machine(clock_offset_s=0.01), Severity.WARNING, "system", "-0.70 s"
    ),
    "tzdata_old": Case(
        machine(tzdata_days=500, tzdata="2025b"),
        machine(tzdata_days=30, tzdata="2026c"),
        Severity.INFO,
        "system",
        "2025b",
    ),
    "certificate_ending": Case(
        machine(certificates={"mqtt": NOW + 10 * 86_400}),
        machine(certificates={"mqtt": NOW + 90 * 86_400}),
        Severity.WARNING,
        "system",
        "10 days",
        "mqtt",
    ),
    "backup_old": Case(
        machine(backup_at=NOW - 40 * 3600), machine(backup_at=NOW - 3600), Severity.WARNING, "system", "40 hours"
    ),
}


def test_every_kind_has_a_case() -> None:
    assert set(CASES) == set(KINDS)


def named(name: str) -> set[str | None]:
    """The words that the texts of a kind speak of."""
    told = [part for text in KINDS[name].texts.values() for part in (text.cause, text.hint)]
    return {field for part in told for _, field, _, _ in Formatter().parse(part) if field}


@pytest.mark.parametrize("name", KINDS)
def test_the_alert_is_raised_told_and_resolved(name: str) -> None:
    case = CASES[name]
    board = Board(SETTINGS)
    assert [change for change in board.judge(read_all(case.well, SETTINGS), NOW) if change.alert.kind == name] == []

    board.judge(read_all(case.bad, SETTINGS), NOW + 1)  # the hold of no_agent_ready begins
    later = NOW + 1 + SETTINGS.no_agent_s
    board.judge(read_all(case.bad, SETTINGS), later)
    (alert,) = [alert for alert in board.standing if alert.kind == name]
    assert (alert.severity, alert.scope, alert.subject) == (case.severity, case.scope, case.subject)
    cause, hint = alert.text("en")
    assert case.words in cause
    assert named(name) <= {*alert.words, "subject", "value", "threshold"}
    assert alert.text("fr") != (cause, hint)

    resolved = board.judge(read_all(case.well, SETTINGS), later + 1)
    assert [(change.state, change.alert.alert_id) for change in resolved if change.alert.kind == name] == [
        ("resolved", alert.alert_id)
    ]


@pytest.mark.parametrize(("abandoned", "severity"), [(2, "info"), (3, "critical"), (5, "critical")])
def test_the_abandonment_budget_grows_more_severe(abandoned: int, severity: str) -> None:
    board = Board(SETTINGS)
    board.judge(read_all(spent(abandoned, 100 - abandoned), SETTINGS), NOW)
    assert [alert.severity for alert in board.standing] == [severity]


def test_80_percent_of_the_budget_is_a_warning() -> None:
    board = Board(SETTINGS)
    board.judge(read_all(spent(5, 195), SETTINGS), NOW)
    assert [(alert.severity, round(alert.value)) for alert in board.standing] == [(Severity.WARNING, 83)]


def test_each_window_that_the_law_holds_has_its_own_budget() -> None:
    day = date(2026, 9, 21)
    days = {day: Counts(connected=96, abandoned=4), date(2026, 9, 20): Counts(connected=1000)}
    both = ledger(policy_of(load_preset("fr")), days, day, date(2026, 9, 10))
    board = Board(SETTINGS)
    board.judge(read_all(facts((campaign(abandonment=both),)), SETTINGS), NOW)
    assert [(alert.subject, str(alert.severity)) for alert in board.standing] == [("calendar_day", "critical")]


def test_a_trunk_that_nothing_stands_in_for_is_critical() -> None:
    board = Board(SETTINGS)
    (change,) = board.judge(read_all(trunk(avoided_since=NOW, lost=8), SETTINGS), NOW)
    assert (change.alert.kind, change.alert.severity) == ("trunk_avoided", Severity.CRITICAL)
    assert "over: -" in change.alert.text("en")[0]


def test_a_store_that_cannot_be_written_is_critical_at_once() -> None:
    held = Alerts(hold_s=60)
    board = Board(held)
    (change,) = board.judge(read_all(machine(store_healthy=False), held), NOW)
    assert (change.alert.kind, change.alert.severity) == ("store_slow", Severity.CRITICAL)


def test_too_few_calls_say_nothing() -> None:
    few = facts((campaign(today=Today(connected=2, abandoned=2)),), trunks={"t1": TrunkFigures(calls=2, failed=2)})
    assert Board(SETTINGS).judge(read_all(few, SETTINGS), NOW) == []


def test_nothing_is_raised_on_a_quiet_floor() -> None:
    assert Board(SETTINGS).judge(read_all(facts((campaign(),), (agent(),)), SETTINGS), NOW) == []


@pytest.mark.parametrize("name", KINDS)
def test_texts_speak_of_the_same_things_in_every_language(name: str) -> None:
    texts = [KINDS[name].texts[language] for language in LANGUAGES]
    assert KINDS[name].meaning
    first, second = ({field for _, field, _, _ in Formatter().parse(text.cause)} for text in texts)
    assert first == second
