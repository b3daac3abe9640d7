"""The law of abandonment on the real thing: abandoned calls bring a campaign down to one call for each agent."""

import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from dialer_testbed.world import scripted

from tests.asterisk.floor_rig import Bed, House

pytestmark = pytest.mark.asterisk

AGENTS = (1021, 1022)
RATIO = 3
KEPT = 100  # people who were connected earlier today
ANSWERING = [scripted("person", ring_s=1, talk_s=5, x=x) for x in range(RATIO * len(AGENTS))]
SILENT = [scripted("silent", ring_s=1, talk_s=talk_s, x=x) for talk_s in (0.1, 0.5) for x in range(8)]


def test_abandoned_calls_bring_a_campaign_to_one_call_an_agent_and_a_restart_keeps_it_there(bed: Bed) -> None:
    with bed.house("law") as house:
        _set_up(house)
        house.cli("campaign", "start", "law")
        house.wait_for(lambda: _answered(house) == KEPT + len(ANSWERING), "everybody to have answered", 30)
        ledger = house.campaign("law")["abandonment"]
        assert (_today(ledger)["abandoned"], ledger["level"]) == (len(ANSWERING) - len(AGENTS), "over_limit")
        _expect_one_each(house)
        assert _open_at_most(house, ANSWERING) > len(AGENTS)  # the ratio was followed while the law allowed it

        house.kill()
        house.start()
        assert house.campaign("law")["abandonment"]["windows"] == ledger["windows"]
        _expect_one_each(house)
        _expect_told(house)
        house.expect_no_fault()


def _set_up(house: House) -> None:
    """A campaign that dials three calls for each ready agent, and a good morning behind it."""
    house.start()
    house.add_campaign("past")
    house.import_numbers([scripted("person", x=9)], "past", "past")
    house.add_campaign("law", policy="ratio", ratio=RATIO, wrap_up_s=0, ring_timeout_s=5)
    house.import_numbers([*ANSWERING, *SILENT], "law", "law")
    house.hire("law", AGENTS)
    house.stop()
    _connect_earlier(house, KEPT)
    house.start()
    house.call_agents(AGENTS)


def _connect_earlier(house: House, people: int) -> None:
    """Put answered calls of a minute ago on record; nobody else has the store open."""
    at = time.time() - 60.0
    with closing(sqlite3.connect(house.store)) as db, db:
        (lead,) = db.execute(
            "SELECT l.id FROM leads AS l JOIN lists ON lists.id = l.list_id WHERE name = 'past'"
        ).fetchone()
        db.executemany(
            "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, answered_at, connected_at, ended_at,"
            " result, answered_by, dialed) VALUES (?, 'law', ?, '+33199009999', ?, ?, ?, ?, 'answered', 'unsure', 1)",
            [(f"past-{n}", lead, at - 5, at, at, at + 30) for n in range(people)],
        )


def _today(ledger: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in ledger["windows"] if each["window"] == "calendar_day")


def _answered(house: House) -> float:
    return float(_today(house.campaign("law")["abandonment"])["answered"])


def _expect_one_each(house: House) -> None:
    """From now on several more are called, and never more at a time than there are agents."""
    before = len(_calls(house, SILENT))
    house.wait_for(lambda: len(_calls(house, SILENT)) >= before + 4, "people to be called", 60)
    assert _open_at_most(house, SILENT) == len(AGENTS)


def _open_at_most(house: House, people: list[str]) -> int:
    """How many of the calls to these people were open at one time, by the record."""
    spans = _calls(house, people)
    return max((sum(start <= at < end for start, end in spans) for at, _ in spans), default=0)


def _calls(house: House, people: list[str]) -> list[tuple[float, float]]:
    """From when to when each call to these people was open; of calls that ended, for an end is written after it."""
    wanted = {"+33" + number[1:] for number in people}
    question = "SELECT number, reserved_at, ended_at FROM attempts WHERE campaign_id = 'law' AND ended_at IS NOT NULL"
    return [(start, end) for number, start, end in house.rows(question) if number in wanted]


def _expect_told(house: House) -> None:
    """The binding reason is on record in words, and the journal tells of both lives."""
    reasons = {reason for (reason,) in house.rows("SELECT reason FROM decisions WHERE campaign_id = 'law'")}
    assert {"ratio", "law"} <= reasons
    levels = [(line["standing"], line["was"]) for line in house.told("abandonment_level")]
    assert levels == [("free", None), ("over_limit", "free"), ("over_limit", None)]
    told = house.cli("abandonment", "--campaign", "law")["campaigns"][0]
    assert (told["budget_calls"], told["window"], told["limit"]) == (0, "calendar_day", 0.03)
    assert "one call for each ready agent" in house.troubles()
