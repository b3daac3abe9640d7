"""Abandoned calls by the record: the same ledger as the floor's own, wherever the daemon is killed."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.floor import Floor
from dialer.floor.words import CampaignState, Result
from dialer.rules.abandonment import Counts, Ledger, Level
from dialer.rules.zones import zone
from dialer.store import reading, recording, schema
from dialer.store.abandonment import ledger_at, recorded
from dialer.store.campaigns import Campaign, create_campaign
from dialer.store.law import LawSettings

PARIS = zone("Europe/Paris")
SETTINGS = ev.CampaignSettings("c1", "trunk", "+33162000000", policy="progressive", wrap_up_s=0.0)
RECORDS = tuple(recording.Record.__args__)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp()


def database() -> sqlite3.Connection:
    """A store in memory with one campaign under the law of France."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    db.deserialize(_new())
    return db


@cache
def _new() -> bytes:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    schema.migrate(db, schema.migrations(), 0.0)
    create_campaign(db, Campaign(SETTINGS, CampaignState.STOPPED, "c1", "acme", 0.0, LawSettings("fr")))
    return db.serialize()


def call(db: sqlite3.Connection, at: float, **values: Any) -> None:  # noqa: ANN401
    """One ended call that was answered then."""
    place = db.execute("SELECT count(*) FROM attempts").fetchone()[0]
    row = {"id": f"x{place}", "campaign_id": "c1", "lead_id": 1, "number": f"+3319900{place:04}"}
    row |= {"reserved_at": at - 9, "answered_at": at, "connected_at": at + 0.1}
    row |= {"ended_at": at + 60, "result": "answered", "answered_by": "unsure", "dialed": 1, **values}
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute(f"INSERT INTO attempts ({names}) VALUES ({marks})", [*row.values()])  # noqa: S608


def abandon(db: sqlite3.Connection, answered_at: float) -> None:
    call(db, answered_at, connected_at=None, abandoned=1)


def ran(db: sqlite3.Connection, since: float) -> None:
    recording.write_campaign(db, cmd.RecordCampaign("c1", since, CampaignState.RUNNING, ""))


def window(ledger: Ledger, name: str) -> tuple[date, int, int]:
    """First date, connected, abandoned."""
    found = next(each for each in ledger.standings if each.window == name)
    return found.first, found.counts.connected, found.counts.abandoned


# --- from the record --------------------------------------------------------------------------------------------------


def test_each_window_counts_its_own_days_by_the_clock_of_paris() -> None:
    db = database()
    ran(db, at("2026-10-12T10:00"))
    for moment in (
        "2026-10-30T11:00",
        "2026-11-01T00:00",
        "2026-11-10T23:59:59",
        "2026-11-20T00:00",
        "2026-11-20T19:59",
    ):
        call(db, at(moment))
        abandon(db, at(moment))
    ledger = ledger_at(db, "c1", at("2026-11-20T20:00"))
    assert window(ledger, "calendar_day") == (date(2026, 11, 20), 2, 2)
    assert window(ledger, "calendar_month") == (date(2026, 11, 1), 4, 4)
    assert window(ledger, "fixed_30d") == (date(2026, 11, 11), 2, 2)
    assert window(ledger, "rolling_30d") == (date(2026, 10, 22), 5, 5)


def test_what_no_window_reaches_is_not_even_read() -> None:
    db = database()
    ran(db, at("2026-01-12T10:00"))
    call(db, at("2026-09-01T11:00"))
    call(db, at("2026-11-20T11:00"))
    assert recorded(db, "c1", at("2026-11-20T20:00")).counted == {date(2026, 11, 20): Counts(connected=1)}


def test_machines_late_agents_and_unanswered_calls_count_as_the_law_says() -> None:
    db, moment = database(), at("2026-11-20T11:00")
    call(db, moment, answered_by="machine")
    call(db, moment, abandoned=1)  # the agent came too late
    call(db, moment, connected_at=None, abandoned=1, answered_by="machine")  # nobody listened
    call(db, moment, answered_at=None, connected_at=None, result="no_answer", answered_by=None)
    (counts,) = recorded(db, "c1", moment + 100).counted.values()
    assert counts == Counts(abandoned=2, machines=1)


def test_the_day_of_25_hours_is_one_day() -> None:
    db = database()
    abandon(db, at("2026-10-25T00:00"))
    abandon(db, at("2026-10-25T00:00") + 24.9 * 3600)
    assert window(ledger_at(db, "c1", at("2026-10-25T23:59")), "calendar_day")[2] == 2


def test_blocks_run_from_the_first_start_whatever_came_later() -> None:
    db = database()
    ran(db, at("2026-10-01T10:00"))
    recording.write_campaign(db, cmd.RecordCampaign("c1", at("2026-10-02T10:00"), CampaignState.STOPPED, ""))
    ran(db, at("2026-11-15T10:00"))
    assert window(ledger_at(db, "c1", at("2026-11-20T12:00")), "fixed_30d")[0] == date(2026, 10, 31)


def test_the_index_holds_all_that_is_counted() -> None:
    db = database()
    seen: list[str] = []
    db.set_trace_callback(seen.append)
    recorded(db, "c1", at("2026-11-20T12:00"))
    db.set_trace_callback(None)
    question = next(each for each in seen if "attempts_answered" in each)
    (plan,) = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {question}") if "attempts" in row["detail"]]
    assert "COVERING INDEX attempts_answered (campaign_id=? AND answered_at>? AND answered_at<?)" in plan


def test_what_was_recorded_before_the_index_is_counted_too() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    known = schema.migrations()
    schema.migrate(db, known[:5], 0.0)
    db.execute(
        "INSERT INTO campaigns (id, name, trunk, caller_id, ring_timeout_s, connect_deadline_s, wrap_up_s,"
        " abandonment_limit, policy, language, message, created_at)"
        " VALUES ('c1', 'c1', 't', '+33162000000', 25, 2, 20, 0.03, 'auto', 'fr', 'm', 0)"
    )
    abandon(db, at("2026-11-20T11:00"))
    schema.migrate(db, known, 1.0)
    assert ledger_at(db, "c1", at("2026-11-20T12:00")).today == Counts(abandoned=1)


# --- the same by the floor --------------------------------------------------------------------------------------------


@dataclass
class Line:
    """A call as Asterisk knows it."""

    up: bool = False
    agent: str = ""  # the channel it was sent to
    bridge: str = ""
    message: bool = False


@dataclass
class World:
    """A floor in virtual time, an Asterisk that outlives it, and a record that a crash may find behind."""

    db: sqlite3.Connection = field(default_factory=database)
    now: float = at("2026-11-30T22:30")
    floor: Floor = field(default_factory=Floor)
    lines: dict[str, Line] = field(default_factory=dict)
    unwritten: list[cmd.Command] = field(default_factory=list)
    dialed: int = 0

    def __post_init__(self) -> None:
        ran(self.db, self.now)
        self.db.execute("PRAGMA foreign_keys = OFF")
        self.start()

    def start(self) -> None:
        """A daemon begins: what is on record, then what Asterisk says is alive."""
        self.floor, self.unwritten = Floor(), []
        self.tell(ev.CampaignChanged(at=self.now, settings=SETTINGS, state=CampaignState.RUNNING))
        kept = recorded(self.db, "c1", self.now)
        told = {"law": kept.law, "counted": kept.counted, "started_at": kept.started_at}
        self.tell(ev.LawTold(at=self.now, campaign_id="c1", **told))  # type: ignore[arg-type]
        for name in ("a0", "a1"):
            self.tell(ev.AgentChanged(at=self.now, settings=ev.AgentSettings(name, "c1", name)))
        self.tell(reading.open_attempts(self.db, self.now))
        bridges = {line.agent: line.bridge for line in self.lines.values() if line.bridge}
        alive = [
            ev.AliveChannel(
                channel_id=f"line-{a}",
                channel=f"line-{a}",
                up=True,
                bridge_id=bridges.get(f"line-{a}", "hold"),
                holding=f"line-{a}" not in bridges,
                agent_id=a,
            )
            for a in ("a0", "a1")
        ]
        for name, line in self.lines.items():
            about = {"bridge_id": line.bridge, "attempt_id": name, "in_message": line.message}
            alive.append(ev.AliveChannel(name, name, line.up, **about))  # type: ignore[arg-type]
        self.tell(ev.LinkRestored(at=self.now, alive=tuple(alive)))

    def tell(self, event: ev.Event) -> None:
        """One event, and what Asterisk makes of the answer."""
        for command in self.floor.handle(event):
            match command:
                case cmd.Originate():
                    self.lines[command.attempt_id] = Line()
                case cmd.AnswerRoute(attempt_id=name) if name in self.lines and self.lines[name].up:
                    self.lines[name].agent = command.agent_channel or ""
                    self.lines[name].message = command.agent_channel is None
                case _ if isinstance(command, RECORDS):
                    self.unwritten.append(command)

    def dial(self) -> None:
        self.dialed += 1
        name, lead = f"x{self.dialed:04}", self.dialed
        self.db.execute(
            "INSERT INTO leads (id, list_id, import_id, source_id, fields, state)"
            " VALUES (?, 1, 1, ?, '{}', 'reserved')",
            (lead, name),
        )
        to = f"+3319900{lead:04}"
        self.db.execute("INSERT INTO numbers VALUES (?, 0, 1, ?, 'fixed', 'FR', '')", (lead, to))
        row = (name, "c1", lead, to, self.now)
        self.db.execute(
            "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at) VALUES (?, ?, ?, ?, ?)", row
        )
        self.tell(ev.AttemptsReserved(at=self.now, attempts=(ev.NewAttempt(*row),)))

    def answer(self) -> None:
        """Somebody new picks up; the dialplan asks."""
        self.dial()
        name = f"x{self.dialed:04}"
        self.lines[name].up = True
        self.tell(ev.CallAnswered(at=self.now, attempt_id=name))
        self.tell(ev.RouteAsked(at=self.now, attempt_id=name))

    def bridge(self) -> None:
        """The last who picked up meets the agent, if there is one."""
        sent = [name for name, line in self.lines.items() if line.agent and not line.bridge]
        if not sent:
            return
        name = sent[-1]
        agent = self.lines[name].agent
        self.lines[name].bridge = f"b-{name}"
        for channel in (agent, name):
            entered = ev.BridgeEntered(at=self.now, channel_id=channel, bridge_id=f"b-{name}", holding=False)
            self.tell(entered)

    def hang_up(self, which: int) -> None:
        if not self.lines:
            return
        name = list(self.lines)[which % len(self.lines)]
        line = self.lines.pop(name)
        self.tell(ev.HungUp(at=self.now, channel_id=name, cause=16, result=Result.NO_ANSWER))
        if line.agent:
            self.now += 0.1
            self.tell(ev.BridgeEntered(at=self.now, channel_id=line.agent, bridge_id="hold", holding=True))

    def machine(self, which: int) -> None:
        """An agent says so of the last call when it is over; in the talk it would not be on record yet."""
        agent = f"a{which % 2}"
        call = self.floor._book.agents[agent].last_call
        if call is not None and call.ended_at is not None:
            self.tell(ev.Disposed(at=self.now, agent_id=agent, disposition="machine"))

    def write(self) -> None:
        recording.write(self.db, self.unwritten)
        self.unwritten = []

    def kill(self) -> None:
        """What was not written is lost; a phone may have been hung up meanwhile."""
        self.start()

    def wait(self, which: int) -> None:
        self.now += (0.2, 1.0, 2.5, 1200.0, 7 * 3600.0)[which % 5]
        self.tell(ev.Tick(at=self.now))

    def talk(self) -> None:
        """A whole connection, in time."""
        self.answer()
        self.now += 0.1
        self.bridge()

    def late(self) -> None:
        """The agent comes after the deadline."""
        self.answer()
        self.now += 2.1
        self.bridge()

    def do(self, what: str, which: int) -> None:
        getattr(self, what)(*((which,) if what in ("hang_up", "machine", "wait") else ()))

    def expect_one_ledger(self) -> None:
        """What the floor counts is what the record holds and what is decided of calls that have not ended."""
        self.write()
        open_calls = [call for call in self.floor._book.calls.values() if call.answered_at is not None]
        kept = dict(recorded(self.db, "c1", self.now).counted)
        for call in open_calls:
            day = datetime.fromtimestamp(call.answered_at, PARIS).date()  # type: ignore[arg-type]
            kept[day] = kept.get(day, Counts()) + call.counted
        counted = self.floor._book.campaigns["c1"].tally._days
        assert {d: c for d, c in counted.items() if c != Counts()} == {d: c for d, c in kept.items() if c != Counts()}


ACTIONS = ("dial", "answer", "talk", "late", "bridge", "hang_up", "hang_up", "machine", "write", "kill", "wait")
steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 9)), min_size=5, max_size=40)


@given(steps)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_wherever_the_daemon_is_killed_floor_and_record_keep_one_ledger(done: Sequence[tuple[str, int]]) -> None:
    world = World()
    for what, which in done:
        world.do(what, which)
    world.expect_one_ledger()
    before = world.floor.ledger("c1", world.now)
    world.kill()
    assert world.floor.ledger("c1", world.now) == before
    world.expect_one_ledger()
    while world.lines:
        world.hang_up(0)
    world.now += 60.0
    world.tell(ev.Tick(at=world.now))
    world.expect_one_ledger()
    by_record, by_floor = ledger_at(world.db, "c1", world.now), world.floor.ledger("c1", world.now)
    assert by_floor == by_record


@pytest.mark.parametrize("lost", [False, True])
def test_abandoned_calls_hold_the_next_daemon_too(lost: bool) -> None:
    """40 answered, 3 abandoned; the last outcome may not have been written when the daemon was killed."""
    world = World()
    for _ in range(40):
        world.talk()
        world.now += 30.0
        world.hang_up(0)
        world.now += 1.0
        for agent in ("a0", "a1"):
            world.tell(ev.AgentReadyRequested(at=world.now, agent_id=agent))
    world.tell(ev.AgentPauseRequested(at=world.now, agent_id="a0", reason="x"))
    world.tell(ev.AgentPauseRequested(at=world.now, agent_id="a1", reason="x"))
    for n in range(3):
        world.answer()
        world.now += 2.5
        world.tell(ev.Tick(at=world.now))
        if n < 2 or not lost:
            world.hang_up(0)
            world.write()
    world.kill()
    ledger = world.floor.ledger("c1", world.now)
    assert ledger.today == Counts(connected=40, abandoned=3)
    assert ledger.level is Level.OVER_LIMIT
