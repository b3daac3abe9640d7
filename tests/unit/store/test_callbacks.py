"""Callbacks on record: held leads, lawful promises, one call a promise, nobody else's before the tolerance."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dialer.floor.events import AgentSettings, CampaignSettings, NewAttempt
from dialer.floor.words import CampaignState, Result
from dialer.leads.callbacks import Due, Manner, callers
from dialer.leads.recall import HELD_AT
from dialer.store import Store, callbacks, calling_back, recording, reserving, schema
from dialer.store.calling_back import Asking
from dialer.store.campaigns import Agent, Campaign, create_agent, create_campaign
from dialer.store.connection import set_up_writer
from dialer.store.errors import AlreadyExists, Invalid, NotFound
from dialer.store.law import LawSettings
from dialer.store.seal import add_seal
from tests.unit.store.helpers import LAB, NOW, add_leads, ended, number, opened, rows

HOUR = 3600.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "dialer.db") as store:
        await store.create_agent(Agent(AgentSettings("101", "acme", "101"), "Nadia"), "1234")
        await store.create_agent(Agent(AgentSettings("102", "acme", "102"), "Omar"), "1234")
        yield store


async def promise(store: Store, lead: int, at: float = NOW + HOUR, agent: str | None = "101", **more: str) -> int:
    def write(db: sqlite3.Connection) -> int:
        wish = callbacks.Promise(callbacks.subject_of(db, lead), at, agent, "101", **more)
        return callbacks.promise(db, wish, NOW)

    return await store.write(write)


async def state(store: Store, callback_id: int) -> str:
    ((found,),) = await rows(store, "SELECT state FROM callbacks WHERE id = ?", callback_id)
    return str(found)


async def test_a_promised_lead_is_dialed_by_nothing_else(store: Store) -> None:
    lead, other = await add_leads(store, [[number(1)], [number(2)]])
    await promise(store, lead)
    assert [a.lead_id for a in await store.reserve("acme", 5, NOW)] == [other]
    assert await store.reserve("acme", 5, NOW + 10 * HOUR) == ()


async def test_no_more_are_dialed_than_may_be_the_longest_due_first(store: Store) -> None:
    first, second = await add_leads(store, [[number(1)], [number(2)]])
    await promise(store, first)
    await promise(store, second)
    free = ("101", "102")
    late = NOW + 6 * HOUR
    assert await store.reserve_callbacks(Asking("acme", free, late, most=0)) == ()
    (attempt,) = await store.reserve_callbacks(Asking("acme", free, late, most=1))
    assert attempt.lead_id == first


async def test_it_is_dialed_once_at_its_time_for_its_agent(store: Store) -> None:
    (lead,) = await add_leads(store, [[number(1)]])
    callback_id = await promise(store, lead)
    free = ("102", "101")
    assert await store.reserve_callbacks(Asking("acme", free, NOW + HOUR - 1)) == ()
    (attempt,) = await store.reserve_callbacks(Asking("acme", free, NOW + HOUR))
    assert (attempt.agent_id, attempt.number, await state(store, callback_id)) == ("101", number(1), "dialing")
    assert await store.reserve_callbacks(Asking("acme", free, NOW + HOUR)) == ()
    assert (await store.open_attempts(NOW)).attempts == (attempt,)
    store.record([ended(attempt)])
    await store.flush()
    assert await state(store, callback_id) == "done"
    assert await store.reserve_callbacks(Asking("acme", free, NOW + 5 * HOUR)) == ()


async def test_what_never_left_the_machine_is_still_promised(store: Store) -> None:
    (lead,) = await add_leads(store, [[number(1)]])
    callback_id = await promise(store, lead)
    (attempt,) = await store.reserve_callbacks(Asking("acme", ("101",), NOW + HOUR))
    store.record([reserving.never_dialed(attempt, NOW + HOUR)])
    await store.flush()
    assert await state(store, callback_id) == "waiting"
    assert await rows(store, "SELECT state, next_at FROM leads") == [("due", HELD_AT)]
    assert len(await store.reserve_callbacks(Asking("acme", ("101",), NOW + HOUR + 1))) == 1


async def test_after_the_tolerance_the_team_calls_or_it_waits_on_as_the_campaign_says(store: Store) -> None:
    (lead,) = await add_leads(store, [[number(1)]])
    await promise(store, lead)
    campaign = await store.campaign("acme")
    late = Asking("acme", ("102",), NOW + HOUR + campaign.settings.callback_tolerance_s)
    assert await store.reserve_callbacks(replace(late, now=late.now - 1)) == ()
    await store.change_campaign(replace(campaign.settings, callback_fallback="wait"))
    assert await store.reserve_callbacks(late) == ()
    await store.change_campaign(replace(campaign.settings, callback_fallback="team"))
    (attempt,) = await store.reserve_callbacks(late)
    assert attempt.agent_id == "102"


async def test_a_promise_made_in_the_talk_holds_the_lead_when_the_talk_ends(store: Store) -> None:
    await add_leads(store, [[number(1)]])
    (attempt,) = await store.reserve("acme", 1, NOW)

    def write(db: sqlite3.Connection) -> int:
        subject = callbacks.subject_in(db, attempt.attempt_id)
        wish = callbacks.Promise(subject, NOW + HOUR, None, "101", promised_in=attempt.attempt_id)
        return callbacks.promise(db, wish, NOW)

    callback_id = await store.write(write)
    talk = ended(attempt, Result.ANSWERED, answered_at=NOW, connected_at=NOW, agent_id="101", disposition="callback")
    store.record([talk])
    await store.flush()
    ((lead_state, next_at, reason),) = await rows(store, "SELECT state, next_at, next_reason FROM leads")
    assert (lead_state, next_at) == ("due", HELD_AT)
    assert reason.startswith(f"callback {callback_id} is promised for 2027-01-15")
    store.record([replace(talk, disposition="sale")])
    await store.flush()
    assert await state(store, callback_id) == "cancelled"
    assert await rows(store, "SELECT state FROM leads") == [("finished",)]


async def test_in_the_talk_of_a_callback_the_next_one_can_be_promised(store: Store) -> None:
    (lead,) = await add_leads(store, [[number(1)]])
    first = await promise(store, lead)
    (attempt,) = await store.reserve_callbacks(Asking("acme", ("101",), NOW + HOUR))
    second = await promise(store, lead, NOW + 3 * HOUR, promised_in=attempt.attempt_id)
    store.record([ended(attempt, Result.ANSWERED, connected_at=NOW, agent_id="101", disposition="callback")])
    await store.flush()
    assert (await state(store, first), await state(store, second)) == ("done", "waiting")
    assert await rows(store, "SELECT next_at FROM leads") == [(HELD_AT,)]


async def test_moved_given_away_and_cancelled(store: Store) -> None:
    (lead,) = await add_leads(store, [[number(1)]])
    callback_id = await promise(store, lead)
    await store.write(lambda db: callbacks.move(db, callback_id, NOW + 2 * HOUR, None, "eve", NOW))
    await store.write(lambda db: callbacks.assign(db, callback_id, None, "eve", NOW))
    (found,) = await store.read(lambda db: callbacks.listed(db, NOW + 2 * HOUR, "acme", None, ended=False))
    assert (found["at"], found["agent_id"], found["due"], found["overdue"]) == (NOW + 2 * HOUR, None, True, False)
    await store.write(lambda db: callbacks.cancel(db, callback_id, "moved away", "eve", NOW))
    assert await rows(store, "SELECT what, who FROM callback_changes ORDER BY id") == [
        ("promised", "101"),
        ("moved", "eve"),
        ("assigned", "eve"),
        ("cancelled", "eve"),
    ]
    assert [a.lead_id for a in await store.reserve("acme", 1, NOW)] == [lead]
    with pytest.raises(Invalid, match="does not wait any more: it is cancelled"):
        await store.write(lambda db: callbacks.cancel(db, callback_id, "", "eve", NOW))


async def test_what_cannot_be_promised(store: Store) -> None:
    (lead,) = await add_leads(store, [[number(1)]])
    await promise(store, lead)
    with pytest.raises(AlreadyExists, match="has a callback already"):
        await promise(store, lead)
    with pytest.raises(NotFound, match="no agent 999"):
        await promise(store, lead, agent="999")
    with pytest.raises(NotFound, match="no lead 77"):
        await promise(store, 77)
    await store.create_campaign(CampaignSettings("other", "trunk", "+33162000000"), law=LAB)
    await store.create_agent(Agent(AgentSettings("201", "other", "201"), ""), "1234")
    with pytest.raises(Invalid, match="is of campaign other"):
        await promise(store, lead, agent="201")


# --- the law -----------------------------------------------------------------------------------------------------

FRENCH = LawSettings("fr", sector="furniture", basis="contract_in_progress")
LUNCH = datetime.fromisoformat("2027-01-18T13:30:00+01:00").timestamp()
OPEN = datetime.fromisoformat("2027-01-18T14:00:00+01:00").timestamp()


@pytest.fixture
async def french(store: Store) -> Store:
    """Campaign acme under the law of France, calling its customers."""
    settings = replace((await store.campaign("acme")).settings, caller_id="+33162000000")
    await store.change_campaign(settings)
    await store.write(lambda db: db.execute("UPDATE campaigns SET principal = 'acme'"))
    await store.change_law("acme", FRENCH)
    return store


async def test_a_time_beyond_the_law_is_refused_with_the_rule_and_the_next_legal_time(french: Store) -> None:
    (lead,) = await add_leads(french, [["+33142000001"]])
    with pytest.raises(callbacks.ForbiddenTime, match=r"fr\.hours.*2027-01-18 14:00 by the person's clock"):
        await promise(french, lead, LUNCH)
    assert await rows(french, "SELECT count(*) FROM callbacks") == [(0,)]
    assert await rows(french, "SELECT next_at FROM leads") == [(0.0,)]


async def test_outside_hours_it_takes_the_evidence_of_its_exact_time(french: Store) -> None:
    (lead,) = await add_leads(french, [["+33142000001"]])
    callback_id = await promise(french, lead, LUNCH, evidence="rec-4")
    early = await french.reserve_callbacks(Asking("acme", ("101",), LUNCH - 1))
    (attempt,) = await french.reserve_callbacks(Asking("acme", ("101",), LUNCH))
    assert (early, await state(french, callback_id)) == ((), "dialing")
    ((inputs,),) = await rows(
        french, "SELECT inputs ->> '$.agent_reserved' FROM attempt_verdicts WHERE attempt_id = ?", attempt.attempt_id
    )
    assert inputs == 1


async def test_too_late_for_its_exact_time_it_is_put_off_to_the_next_legal_one(french: Store) -> None:
    (lead,) = await add_leads(french, [["+33142000001"]])
    callback_id = await promise(french, lead, LUNCH - HOUR + 1500, evidence="rec-4")
    late = LUNCH + 1200
    assert await french.reserve_callbacks(Asking("acme", ("101",), late)) == ()
    ((not_before, reason),) = await rows(french, "SELECT not_before, reason FROM callbacks WHERE id = ?", callback_id)
    assert not_before == OPEN
    assert reason.startswith("fr.hours")
    assert len(await french.reserve_callbacks(Asking("acme", ("101",), OPEN))) == 1


async def test_a_wish_never_to_be_called_wins_over_a_promise(french: Store) -> None:
    from dialer.store.dnc import Wish, suppress

    (lead,) = await add_leads(french, [["+33142000001"]])
    callback_id = await promise(french, lead, OPEN)
    await french.write(lambda db: suppress(db, ["+33142000001"], Wish("", NOW, "letter", "letter 7")))
    assert await french.reserve_callbacks(Asking("acme", ("101",), OPEN)) == ()
    assert await state(french, callback_id) == "forbidden"
    assert await rows(french, "SELECT next_at FROM leads") == [(OPEN,)]


# --- who calls ---------------------------------------------------------------------------------------------------

AGENTS = ["101", "102", "103"]


@pytest.mark.parametrize("fallback", ["team", "wait"])
def test_an_agents_own_callback_comes_before_anybody_elses(fallback: str) -> None:
    waiting = [Due(1, None, 0.0), Due(2, "101", 5.0)]
    assert callers(waiting, ["101"], Manner(600, fallback), 10.0) == {2: "101"}
    assert callers(waiting, ["102", "101"], Manner(600, fallback), 10.0) == {2: "101", 1: "102"}


_IMPORT = """
INSERT INTO imports (id, list_id, file, state, columns, started_at, first_lead_id, last_lead_id, leads)
VALUES (1, 1, '', 'ready', '[]', 0, 0, 5, 6)
"""


class Promises(RuleBasedStateMachine):
    """Promises are made, moved, given away and cancelled, time passes, agents come and go, calls end."""

    def __init__(self) -> None:
        super().__init__()
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        set_up_writer(self.db)
        add_seal(self.db, b"key")
        schema.migrate(self.db, schema.migrations(), NOW)
        settings = CampaignSettings("acme", "trunk", "+33162000000", callback_tolerance_s=100.0, max_attempts=20)
        create_campaign(self.db, Campaign(settings, CampaignState.RUNNING, "", "", NOW, LAB))
        for agent in AGENTS:
            create_agent(self.db, Agent(AgentSettings(agent, "acme", agent), ""), "hash", NOW)
        self.db.execute("INSERT INTO lists (id, campaign_id, name, created_at) VALUES (1, 'acme', 'l', 0)")
        self.db.execute(_IMPORT)
        for lead in range(6):
            self.db.execute(
                "INSERT INTO leads (id, list_id, import_id, source_id, fields) VALUES (?, 1, 1, ?, '{}')",
                (lead, str(lead)),
            )
            self.db.execute("INSERT INTO numbers VALUES (?, 0, 1, ?, 'mobile', 'FR', '')", (lead, number(lead)))
        self.now = NOW
        self.open: list[NewAttempt] = []
        self.dialed: dict[int, int] = {}

    @rule(lead=st.integers(0, 5), ahead=st.integers(1, 300), agent=st.sampled_from([None, *AGENTS]))
    def promise(self, lead: int, ahead: int, agent: str | None) -> None:
        wish = callbacks.Promise(callbacks.subject_of(self.db, lead), self.now + ahead, agent, "x")
        try:
            callbacks.promise(self.db, wish, self.now)
        except AlreadyExists:
            ((count,),) = self.db.execute(
                "SELECT count(*) FROM callbacks WHERE lead_id = ? AND state IN ('waiting', 'dialing')", (lead,)
            )
            assert count == 1

    @rule(which=st.integers(0, 9), ahead=st.integers(1, 300))
    def move(self, which: int, ahead: int) -> None:
        if callback_id := self.one(which):
            callbacks.move(self.db, callback_id, self.now + ahead, None, "x", self.now)

    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        if callback_id := self.one(which):
            callbacks.cancel(self.db, callback_id, "", "x", self.now)

    def one(self, which: int) -> int | None:
        waiting = [row[0] for row in self.db.execute("SELECT id FROM callbacks WHERE state = 'waiting'")]
        return waiting[which % len(waiting)] if waiting else None

    @rule(seconds=st.integers(1, 200))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(free=st.permutations(AGENTS), count=st.integers(0, 3))
    def call_back(self, free: list[str], count: int) -> None:
        for attempt in calling_back.reserve(self.db, Asking("acme", tuple(free[:count]), self.now)):
            row = self.db.execute("SELECT * FROM callbacks WHERE attempt_id = ?", (attempt.attempt_id,)).fetchone()
            assert self.now >= row["at"], "before its time"
            assert attempt.agent_id == row["agent_id"] or row["agent_id"] is None or self.now >= row["at"] + 100
            assert attempt.agent_id in free[:count]
            self.open.append(attempt)

    @rule(wanted=st.integers(1, 6))
    def dial_the_pool(self, wanted: int) -> None:
        for attempt in reserving.reserve(self.db, "acme", wanted, self.now):
            promised = self.db.execute(
                "SELECT 1 FROM callbacks WHERE lead_id = ? AND state IN ('waiting', 'dialing')", (attempt.lead_id,)
            )
            assert promised.fetchone() is None, "the pool dialed somebody who was promised a callback"
            self.open.append(attempt)

    @rule(result=st.sampled_from([r for r in Result if r is not Result.ANSWERED]), dialed=st.booleans())
    def end(self, result: Result, dialed: bool) -> None:
        if self.open:
            attempt = self.open.pop(0)
            callback = self.db.execute("SELECT id FROM callbacks WHERE attempt_id = ?", (attempt.attempt_id,))
            if (row := callback.fetchone()) is not None and dialed:
                self.dialed[row["id"]] = self.dialed.get(row["id"], 0) + 1
            recording.write_outcome(self.db, ended(attempt, result, dialed=dialed, ended_at=self.now))

    @invariant()
    def one_call_a_promise(self) -> None:
        assert all(count == 1 for count in self.dialed.values())

    @invariant()
    def who_waits_for_a_callback_is_held(self) -> None:
        rows = self.db.execute(
            "SELECT l.state, l.next_at, c.state AS back FROM leads AS l"
            " LEFT JOIN callbacks AS c ON c.lead_id = l.id AND c.state IN ('waiting', 'dialing')"
        )
        for row in rows:
            assert (row["next_at"] == HELD_AT and row["state"] == "due") <= (row["back"] == "waiting")
            if row["back"] == "waiting" and row["state"] != "reserved":
                assert (row["state"], row["next_at"]) == ("due", HELD_AT)


TestPromises = Promises.TestCase
TestPromises.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)
