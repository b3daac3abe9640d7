"""The law of abandonment in the dial loop: what is dialed, what the journal and the supervisor are told, restarts."""

from dataclasses import replace
from datetime import date
from functools import partial

from structlog.testing import capture_logs

from dialer.floor import events as ev
from dialer.floor.words import CampaignState, Result
from dialer.rules.abandonment import Counts
from dialer.rules.tally import AbandonLaw, local_date
from dialer.store import pacing as records
from dialer.store.abandonment import abandon_law, recorded
from dialer.store.law import LawSettings
from tests.daemon.harness import SETTINGS, Bench

RATIO = replace(SETTINGS, policy="ratio", ratio=2.0)
FR = abandon_law(LawSettings("fr"))


def today(bench: Bench) -> date:
    return local_date(bench.now, FR.zone)


def told(bench: Bench, counts: Counts, law: AbandonLaw = FR) -> None:
    """The campaign dials by ratio, and the record held this of today."""
    bench.tell(ev.CampaignChanged(at=bench.now, settings=RATIO, state=CampaignState.RUNNING))
    bench.tell(ev.LawTold(at=bench.now, campaign_id="c1", law=law, counted={today(bench): counts}))


async def test_the_law_binds_what_is_dialed_and_stands_in_the_record(bench: Bench) -> None:
    told(bench, Counts(connected=97, abandoned=3))
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 3  # one for each ready agent, where the ratio asks for six
    await bench.store.flush()
    decision = await bench.store.read(partial(records.decision, campaign_id="c1", at=bench.now))
    assert decision is not None
    assert (decision["reason"], decision["inputs"]["calendar_day_abandoned"]) == ("law", 3)


async def test_while_the_law_allows_it_the_ratio_is_dialed(bench: Bench) -> None:
    told(bench, Counts(connected=1000))
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 5  # all five leads


async def test_a_change_of_level_is_logged_once_and_a_supervisor_is_told_why(bench: Bench) -> None:
    told(bench, Counts(connected=1000))
    with capture_logs() as lines:
        await bench.loop.dial("c1")
        told(bench, Counts(connected=970, abandoned=30))
        await bench.loop.dial("c1")
        await bench.loop.dial("c1")
    seen = [
        (line["was"], line["standing"], line["budget_calls"]) for line in lines if line["event"] == "abandonment_level"
    ]
    assert seen == [(None, "free", 27), ("free", "one_to_one", 0)]
    (trouble,) = bench.troubles.latest()
    assert "30 of 1000 people" in trouble.text
    assert "one call for each ready agent" in trouble.text


async def test_a_day_that_begins_is_one_to_one_without_alarming_anybody(bench: Bench) -> None:
    told(bench, Counts())
    with capture_logs() as lines:
        await bench.loop.dial("c1")
    assert [line["standing"] for line in lines if line["event"] == "abandonment_level"] == ["one_to_one"]
    assert bench.troubles.latest() == ()


async def test_the_next_start_counts_what_this_one_recorded(bench: Bench) -> None:
    """Three people are met by nobody; the daemon starts again and knows it from the record."""
    told(bench, Counts(connected=40))
    await bench.loop.dial("c1")
    dialed = (await bench.store.open_attempts(bench.now)).attempts
    for name in ("a0", "a1", "a2"):
        bench.tell(ev.AgentPauseRequested(at=bench.now, agent_id=name, reason="x"))
    bench.now += 5.0
    for attempt in dialed[:3]:
        bench.tell(ev.CallAnswered(at=bench.now, attempt_id=attempt.attempt_id))
        bench.tell(ev.RouteAsked(at=bench.now, attempt_id=attempt.attempt_id))
    bench.now += 2.0
    bench.tell(ev.Tick(at=bench.now))
    counted = bench.engine.floor.ledger("c1", bench.now)
    assert counted.today == Counts(connected=40, abandoned=3)
    for attempt in dialed[:3]:
        over = ev.HungUp(at=bench.now + 3, channel_id=attempt.attempt_id, cause=16, result=Result.NO_ANSWER)
        bench.tell(over)
    await bench.store.flush()
    kept = await bench.store.read(partial(recorded, campaign_id="c1", now=bench.now + 9))
    assert kept.counted == {today(bench): Counts(abandoned=3)}
