"""Promises on the real thing: an agent's own callback reaches that agent at its time, while another one is free."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dialer_testbed.audio import tone_seconds
from dialer_testbed.world import PERSON_TONE_HZ, PHONE_TONE_HZ, scripted

from tests.asterisk.floor_rig import Bed, House

pytestmark = pytest.mark.asterisk

PARIS = ZoneInfo("Europe/Paris")


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


def until_asked(house: House, phone: str) -> None:
    """Wait until the program on the agent's line plays its question: keys before it are nobody's."""
    channels = house.testbed.pbx_cli("core show channels concise").splitlines()
    (line,) = (name for name, *_ in (row.split("!") for row in channels) if phone in name)

    def heard() -> bool:
        told = house.testbed.pbx_cli(f"core show channel {line}")
        return "Application: AGI" in told and "WriteTranscode: Yes" in told  # a file is played

    house.wait_for(heard, "the question to be heard", step_s=0.05)


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


def test_an_agent_types_the_time_after_the_key_for_a_callback(house: House) -> None:
    number = scripted("person", ring_s=0.2, talk_s=0.5, x=9)
    # 1 and 2 are keys of their own: typed as a part of the time they must not count.
    house.add_campaign("typed", wrap_up_s=60)
    house.cli("campaign", "set", "typed", "--keypad-disposition")
    keys = [word for key in ("1=sale", "2=refusal", "4=callback") for word in ("--disposition", key)]
    house.cli("campaign", "set", "typed", *keys)
    house.import_numbers([number], "typed", "typed")
    house.call_agents(house.hire("typed", [1014]))
    house.cli("campaign", "start", "typed")
    house.until_state(1014, "wrap_up")
    until_asked(house, "agent-1014")
    house.testbed.phones.keys(1014, "4")
    said = "SELECT disposition FROM attempts AS a JOIN campaigns AS c ON c.id = a.campaign_id WHERE c.id = 'typed'"
    house.wait_for(lambda: house.rows(said) == [("callback",)], "the key to be taken")
    until_asked(house, "agent-1014")
    house.testbed.phones.keys(1014, "1200#")
    promised = "SELECT agent_id, at, state FROM callbacks WHERE campaign_id = 'typed'"
    house.wait_for(lambda: len(house.rows(promised)) == 1, "the promise to be on record")
    house.until_state(1014, "ready")

    ((agent, at, state),) = house.rows(promised)
    assert (agent, state) == ("1014", "waiting")
    assert datetime.fromtimestamp(at, PARIS).strftime("%H:%M") == "12:00"
    assert house.rows(said) == [("callback",)]
