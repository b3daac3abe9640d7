"""Reserving attempts: who is chosen, in which order, and never one number twice."""

import asyncio
import json
import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dialer.floor.events import CampaignSettings, NewAttempt
from dialer.floor.words import CampaignState, Result
from dialer.store import Store, callbacks, reserving, schema
from dialer.store.campaigns import Campaign, create_campaign, set_weight
from dialer.store.connection import set_up_writer
from dialer.store.recording import write_outcome
from dialer.store.seal import add_seal
from tests.unit.store.helpers import LAB, NOW, add_leads, ended, number, rows


async def test_reserves_in_the_order_of_the_file(store: Store) -> None:
    ids = await add_leads(store, [[number(n)] for n in range(5)])

    attempts = await store.reserve("acme", 3, NOW)

    assert [attempt.lead_id for attempt in attempts] == ids[:3]
    assert [attempt.number for attempt in attempts] == [number(0), number(1), number(2)]
    assert {attempt.reserved_at for attempt in attempts} == {NOW}


async def test_what_is_reserved_is_on_record_when_it_returns(store: Store) -> None:
    await add_leads(store, [[number(1)]])

    (attempt,) = await store.reserve("acme", 10, NOW)

    assert (await store.open_attempts(NOW)).attempts == (attempt,)


async def test_higher_priority_comes_first_then_older_lists(store: Store) -> None:
    low = await add_leads(store, [[number(1)]], list_name="first")
    high = await add_leads(store, [[number(2)]], list_name="second", priority=5)
    later = await add_leads(store, [[number(3)]], list_name="third")
    middle = await add_leads(store, [[number(4)]], list_name="fourth", priority=3)

    attempts = await store.reserve("acme", 10, NOW)

    assert [attempt.lead_id for attempt in attempts] == high + middle + low + later


async def test_a_lead_is_not_reserved_before_its_time(store: Store) -> None:
    await add_leads(store, [[number(1)]], next_at=NOW + 1)

    assert await store.reserve("acme", 10, NOW) == ()
    assert len(await store.reserve("acme", 10, NOW + 1)) == 1


async def test_a_high_priority_that_is_not_due_does_not_hide_a_low_one(store: Store) -> None:
    await add_leads(store, [[number(1)]], priority=9, next_at=NOW + 1)
    (due,) = await add_leads(store, [[number(2)]], list_name="other")

    assert [attempt.lead_id for attempt in await store.reserve("acme", 10, NOW)] == [due]


async def test_a_number_with_an_open_attempt_in_another_campaign_is_passed_over(store: Store) -> None:
    await store.create_campaign(CampaignSettings("other", "trunk", "+33162000000"), law=LAB)
    await add_leads(store, [[number(1)]])
    await add_leads(store, [[number(1)], [number(2)]], campaign_id="other")
    (first,) = await store.reserve("acme", 1, NOW)

    assert [attempt.number for attempt in await store.reserve("other", 10, NOW)] == [number(2)]

    store.record([ended(first)])
    await store.flush()
    assert [attempt.number for attempt in await store.reserve("other", 10, NOW)] == [number(1)]


async def test_one_number_in_two_lists_is_reserved_once(store: Store) -> None:
    await add_leads(store, [[number(1)]], list_name="one")
    await add_leads(store, [[number(1)]], list_name="two")

    assert len(await store.reserve("acme", 10, NOW)) == 1


async def test_reservations_at_the_same_instant_never_share_a_lead(store: Store) -> None:
    await add_leads(store, [[number(n)] for n in range(50)])

    answers = await asyncio.gather(*(store.reserve("acme", 3, NOW) for _ in range(30)))

    leads = [attempt.lead_id for answer in answers for attempt in answer]
    assert len(leads) == len(set(leads)) == 50


async def test_leads_of_an_import_that_is_not_ready_are_not_seen(store: Store) -> None:
    await add_leads(store, [[number(1)]])
    await store.write(lambda db: db.execute("UPDATE imports SET state = 'loading'"))

    assert await store.reserve("acme", 10, NOW) == ()


async def test_a_campaign_that_does_not_exist_reserves_nothing(store: Store) -> None:
    assert await store.reserve("nobody", 10, NOW) == ()


async def test_a_cancelled_reservation_is_given_back(store: Store) -> None:
    await add_leads(store, [[number(1)]])
    task = asyncio.create_task(store.reserve("acme", 1, NOW))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await store.write(schema.touch)
    await asyncio.sleep(0)
    await store.flush()

    assert (await store.open_attempts(NOW)).attempts == ()
    assert len(await store.reserve("acme", 1, NOW)) == 1
    assert await rows(store, "SELECT result, dialed FROM attempts WHERE ended_at IS NOT NULL") == [("cancelled", 0)]


async def test_choosing_reads_the_index_of_due_leads_and_sorts_nothing(store: Store) -> None:
    await add_leads(store, [[number(1)]])
    values = {"import": 1, "priority": 0, "now": NOW, "wanted": 10, "campaign": "acme", "days": '["2027-01-15"]'}

    async def plan(sql: str) -> list[str]:
        return await store.read(lambda db: [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)])

    due, ending = await plan(reserving._DUE), await plan(reserving._DUE_ENDING)
    assert due[0] == "SEARCH l USING INDEX leads_due (import_id=? AND priority=? AND next_at<?)"
    assert ending[3] == "SEARCH l USING INDEX leads_consent_ends (import_id=? AND <expr>=? AND next_at<?)"
    scanned = [step for step in due + ending if "TEMP B-TREE" in step or step.startswith("SCAN")]
    assert scanned == ["SCAN day VIRTUAL TABLE INDEX 1:"]


async def weigh(store: Store, name: str, weight: int) -> None:
    await store.write(lambda db: set_weight(db, "acme", name, weight))


async def test_lists_get_their_weights_shares_over_many_reservations(store: Store) -> None:
    many = await add_leads(store, [[number(n)] for n in range(60)], list_name="many")
    await add_leads(store, [[number(n)] for n in range(100, 160)], list_name="few")
    await weigh(store, "many", 3)
    chosen = [attempt.lead_id for _ in range(8) for attempt in await store.reserve("acme", 5, NOW)]
    assert len(set(chosen)) == 40
    assert sum(lead in many for lead in chosen) == 30


async def test_what_one_list_has_not_the_others_give(store: Store) -> None:
    few = await add_leads(store, [[number(n)] for n in range(2)], list_name="few")
    await add_leads(store, [[number(n)] for n in range(100, 160)], list_name="many")
    await weigh(store, "few", 100)
    chosen = {attempt.lead_id for attempt in await store.reserve("acme", 20, NOW)}
    assert len(chosen) == 20
    assert set(few) <= chosen


async def test_a_list_of_weight_zero_rests(store: Store) -> None:
    await add_leads(store, [[number(1)]], list_name="old")
    await weigh(store, "old", 0)
    assert await store.reserve("acme", 5, NOW) == ()
    assert not await store.is_due("acme", NOW)
    await weigh(store, "old", 1)
    assert len(await store.reserve("acme", 5, NOW)) == 1


async def test_a_consent_that_ends_within_a_week_comes_before_every_priority(store: Store) -> None:
    high = await add_leads(store, [[number(1)]], list_name="high", priority=9)
    ending = await add_leads(store, [[number(n)] for n in range(2, 6)], list_name="ending")
    ends = ("22/01/2027", "2027-01-17T12:00:00+01:00", "2027-01-24", "2027-01-14")  # NOW is the 15th
    for lead, day in zip(ending, ends, strict=True):
        fields = json.dumps({"consent_expires_at": day})
        await store.write(
            lambda db, row=(fields, lead): db.execute("UPDATE leads SET fields = ? WHERE id = ?", row)  # type: ignore[misc]
        )
    chosen = [attempt.lead_id for attempt in await store.reserve("acme", 5, NOW)]
    assert chosen == [ending[1], ending[0], *high, ending[2], ending[3]]


async def test_a_number_that_is_promised_a_callback_is_dialed_for_no_other_lead_of_the_campaign(store: Store) -> None:
    (promised,) = await add_leads(store, [[number(1)]], list_name="one")
    await add_leads(store, [[number(1)]], list_name="two")

    def promise(db: sqlite3.Connection) -> int:
        subject = callbacks.subject_of(db, promised)
        return callbacks.promise(db, callbacks.Promise(subject, NOW + 60, None, "x"), NOW)

    await store.write(promise)
    assert await store.reserve("acme", 5, NOW) == ()


@given(st.floats(min_value=0, max_value=4e9), st.floats(min_value=0, max_value=4e9))
def test_attempt_ids_sort_by_time_and_are_safe_channel_ids(one: float, other: float) -> None:
    first, second = reserving.new_attempt_id(min(one, other)), reserving.new_attempt_id(max(one, other) + 0.001)

    assert re.fullmatch(r"[0-9a-z]{9}-[0-9a-f]{10}", first)
    assert first[:9] <= second[:9]


_IMPORT = """
INSERT INTO imports (id, list_id, file, state, columns, started_at, first_lead_id, last_lead_id, read, leads)
VALUES (?, ?, 'f', 'ready', '[]', 0, 0, 0, 6, 6)
"""


class Dialing(RuleBasedStateMachine):
    """Any order of reservations and outcomes over two campaigns that share numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        set_up_writer(self.db)
        add_seal(self.db, b"key")
        schema.migrate(self.db, schema.migrations(), NOW)
        self.open: list[NewAttempt] = []
        for at, campaign_id in enumerate(("one", "two")):
            self.fill(at, campaign_id)

    def fill(self, at: int, campaign_id: str) -> None:
        settings = CampaignSettings(campaign_id, "trunk", "+33162000000")
        create_campaign(self.db, Campaign(settings, CampaignState.RUNNING, "", "", NOW, LAB))
        self.db.execute(
            "INSERT INTO lists (id, campaign_id, name, created_at) VALUES (?, ?, 'l', 0)", (at, campaign_id)
        )
        self.db.execute(_IMPORT, (at, at))
        for lead in range(6):
            row = (at * 6 + lead, at, at, str(lead), lead % 2)
            self.db.execute("INSERT INTO leads VALUES (?, ?, ?, ?, '{}', 'due', ?, 0, 0, 0, '')", row)
            for position in range(1 + lead % 2):
                values = (row[0], position, at, number(lead + 10 * position))
                self.db.execute("INSERT INTO numbers VALUES (?, ?, ?, ?, '', '', '')", values)

    @rule(campaign=st.sampled_from(["one", "two"]), wanted=st.integers(0, 8))
    def reserve(self, campaign: str, wanted: int) -> None:
        attempts = reserving.reserve(self.db, campaign, wanted, NOW)
        assert len(attempts) <= wanted
        self.open += attempts

    @rule(result=st.sampled_from(list(Result)), dialed=st.booleans(), which=st.integers(0, 100))
    def end(self, result: Result, dialed: bool, which: int) -> None:
        if self.open:
            attempt = self.open.pop(which % len(self.open))
            write_outcome(self.db, ended(attempt, result, dialed=dialed))

    @invariant()
    def no_number_and_no_lead_is_open_twice(self) -> None:
        numbers = [attempt.number for attempt in self.open]
        leads = [attempt.lead_id for attempt in self.open]
        assert len(set(numbers)) == len(numbers)
        assert len(set(leads)) == len(leads)

    @invariant()
    def the_record_says_the_same(self) -> None:
        on_record = {row["id"] for row in self.db.execute("SELECT id FROM attempts WHERE ended_at IS NULL")}
        assert on_record == {attempt.attempt_id for attempt in self.open}
        reserved = self.db.execute("SELECT count(*) FROM leads WHERE state = 'reserved'").fetchone()[0]
        assert reserved == len(self.open)

    @invariant()
    def the_counters_of_imports_add_up(self) -> None:
        finished = self.db.execute("SELECT count(*) FROM leads WHERE state = 'finished'").fetchone()[0]
        assert finished == self.db.execute("SELECT sum(finished) FROM imports").fetchone()[0]

    def teardown(self) -> None:
        self.db.close()


TestDialing = Dialing.TestCase
