"""Promises on the real thing: an agent's own callback reaches that agent at its time, while another one is free."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from dialer_testbed.audio import tone_seconds
from dialer_testbed.world import PERSON_TONE_HZ, PHONE_TONE_HZ, scripted

from tests.asterisk.floor_rig import Bed, House

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[House]:
    """One daemon for all tests here; each test has a campaign and agents of its own."""
    with bed.house("callbacks") as house:
        house.start()
        yield house
        house.expect_no_fault()


def lead_of(house: House, number: str) -> int:
    ((lead_id,),) = house.rows("SELECT lead_id FROM numbers WHERE e164 = ?", "+33" + number[1:])
    return int(lead_id)


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def test_an_agents_own_callback_reaches_that_agent_while_another_is_free_for_longer(house: House) -> None:
    number = scripted("person", ring_s=1, talk_s=3, x=7)
    house.add_campaign("own", wrap_up_s=1)
    house.import_numbers([number], "own", "own")
    house.testbed.record(number)
    house.testbed.record("agent-1011")
    other, own = house.hire("own", [1010, 1011])
    house.call_agents([other])
    house.call_agents([own])
    at = soon(4)
    house.cli("callback", "add", str(lead_of(house, number)), "--at", at, "--by", str(own), "--note", "after lunch")
    house.cli("campaign", "start", "own")
    house.until_state(own, "reserved")
    assert house.agent(other) == "ready"
    house.until_state(own, "talking")
    assert house.agent(other) == "ready"
    house.until_worked("own")
    house.until_state(own, "ready")
    house.testbed.phones.hang_up(own)

    row = house.outcome("own")
    assert (row["result"], row["agent_id"], row["abandoned"]) == ("answered", str(own), False)
    assert datetime.fromisoformat(row["reserved_at"]) >= datetime.fromisoformat(at)
    assert house.reached([number], 20) == {number: 1}
    assert house.rows("SELECT state FROM callbacks") == [("done",)]
    assert tone_seconds(house.testbed.heard(number), PHONE_TONE_HZ) > 2
    assert tone_seconds(house.testbed.heard("agent-1011"), PERSON_TONE_HZ) > 2
    house.cli("campaign", "stop", "own")


def test_a_callback_promised_in_the_talk_comes_back_to_the_agent_who_promised(house: House) -> None:
    number = scripted("person", ring_s=0.2, talk_s=2, x=8)
    house.add_campaign("again", wrap_up_s=60)
    house.import_numbers([number], "again", "again")
    house.call_agents(house.hire("again", [1012, 1013]))
    house.cli("campaign", "start", "again")
    house.wait_for(lambda: "wrap_up" in {house.agent(1012), house.agent(1013)}, "the talk to end", 20)
    (first,) = (agent for agent in (1012, 1013) if house.agent(agent) == "wrap_up")
    house.cli("disposition", "set", "--agent", str(first), "callback", "--at", soon(3))
    # The other one is free for longer, and the lead is held: nothing but the callback dials it.
    house.wait_for(lambda: len(house.outcomes("again")) == 2, "the callback to be made", 30)
    rows = house.outcomes("again")
    assert [row["agent_id"] for row in rows] == [str(first), str(first)]
    assert rows[0]["disposition"] == "callback"
    assert house.campaign("again")["callbacks"]["waiting"] == 0
