"""The floor on the real thing: who hears whom, what a phone's keys do, what happens when a phone drops."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from dialer_testbed.audio import sound_seconds, sound_times, tone_seconds, tone_times
from dialer_testbed.rig import PIN
from dialer_testbed.world import PERSON_TONE_HZ, PHONE_TONE_HZ, scripted

from tests.asterisk.floor_rig import Bed, House

pytestmark = pytest.mark.asterisk

CONNECT_DEADLINE_S = 2.0
# What a loaded machine may add to a time that is measured outside the dialer.
SLACK_S = 0.5


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[House]:
    """One daemon for all tests here; each test has a campaign and agents of its own."""
    with bed.house("talks") as house:
        house.start()
        yield house
        house.expect_no_fault()


def campaign(house: House, name: str, numbers: list[str], **settings: object) -> None:
    """A campaign with these people, not yet started."""
    house.add_campaign(name, **{"wrap_up_s": 1, **settings})
    house.import_numbers(numbers, name, name)


def start(house: House, name: str) -> None:
    house.cli("campaign", "start", name)


def seconds(row: dict[str, Any], first: str, last: str) -> float:
    """The time between two times of an exported outcome."""
    return (datetime.fromisoformat(row[last]) - datetime.fromisoformat(row[first])).total_seconds()


def times(house: House, agent: int, state: str) -> list[float]:
    """When the agent came into that state, by the record."""
    rows = house.rows("SELECT at FROM agent_states WHERE agent_id = ? AND state = ? ORDER BY id", str(agent), state)
    return [at for (at,) in rows]


def test_person_and_agent_hear_each_other_then_wrap_up_then_ready(house: House) -> None:
    number = scripted("person", ring_s=0.2, talk_s=3, x=1)
    campaign(house, "hear", [number], wrap_up_s=2)
    house.hire("hear", [1001])
    house.testbed.record(number)
    house.testbed.record("agent-1001")
    house.testbed.phones.login(1001, "1001", PIN, wait_s=2)
    house.until_state(1001, "ready")
    start(house, "hear")
    house.until_state(1001, "talking")
    house.until_state(1001, "wrap_up")
    house.until_state(1001, "ready")
    house.until_worked("hear")
    house.testbed.phones.hang_up(1001)
    house.until_state(1001, "offline")

    assert tone_seconds(house.testbed.heard(number), PHONE_TONE_HZ) > 2
    assert tone_seconds(house.testbed.heard("agent-1001"), PERSON_TONE_HZ) > 2
    row = house.outcome("hear")
    assert (row["result"], row["agent_id"], row["abandoned"]) == ("answered", "1001", False)
    assert 0 <= seconds(row, "answered_at", "connected_at") < CONNECT_DEADLINE_S
    assert times(house, 1001, "ready")[-1] - times(house, 1001, "wrap_up")[-1] == pytest.approx(2, abs=SLACK_S)


def test_when_nobody_is_free_the_message_comes_within_the_deadline_and_key_9_is_never_again(house: House) -> None:
    number = scripted("presses_9", ring_s=2, talk_s=5)
    campaign(house, "message", [number])
    house.testbed.record(number)
    house.call_agents(house.hire("message", [1002]))
    start(house, "message")
    house.wait_for(lambda: house.calls("message").get("ringing") == 1, "the phone to ring")
    house.testbed.phones.keys(1002, "*1")
    house.until_state(1002, "paused")
    house.until_worked("message")

    row = house.outcome("message")
    assert (row["result"], row["abandoned"], row["opted_out"], row["agent_id"]) == ("answered", True, True, None)
    heard = house.testbed.heard(number)
    assert sound_times(heard)[0] < CONNECT_DEADLINE_S + SLACK_S
    assert sound_seconds(heard) > 2
    # The fifth second's key ends the message; without it the line would stay for a minute.
    assert seconds(row, "answered_at", "ended_at") < 15


def test_an_agent_pauses_by_keys_and_by_command_and_comes_back_by_both(house: House) -> None:
    campaign(house, "pause", [])
    house.call_agents(house.hire("pause", [1003]))
    house.testbed.phones.keys(1003, "*2")
    house.until_state(1003, "paused")
    assert [a["reason"] for a in house.status()["agents"] if a["agent_id"] == "1003"] == ["lunch"]
    house.testbed.phones.keys(1003, "#")
    house.until_state(1003, "ready")
    house.cli("agents", "pause", "1003", "--reason", "training")
    house.until_state(1003, "paused")
    house.cli("agents", "ready", "1003")
    house.until_state(1003, "ready")
    house.cli("agents", "logout", "1003")
    house.until_state(1003, "offline")
    house.wait_for(lambda: 1003 not in house.testbed.phones.on_line(), "the line to be let go")


def test_a_phone_that_drops_in_the_talk_leaves_the_person_to_the_next_agent(house: House) -> None:
    number = scripted("person", talk_s=10, x=2)
    campaign(house, "drop", [number])
    first, second = house.hire("drop", [1004, 1005])
    house.testbed.record(number)
    house.testbed.record("agent-1005")
    house.call_agents([first])
    house.call_agents([second])
    start(house, "drop")
    house.until_state(first, "talking")
    house.testbed.phones.hang_up(first)
    house.until_state(second, "talking")
    assert house.agent(first) == "offline"
    house.until_worked("drop")
    house.testbed.phones.hang_up(second)
    house.until_state(second, "offline")

    row = house.outcome("drop")
    assert (row["result"], row["agent_id"], row["abandoned"]) == ("answered", "1005", False)
    by_person = tone_times(house.testbed.heard(number), PHONE_TONE_HZ)
    assert by_person[-1] > 6, "the second agent's tone goes on to the end of the talk"
    assert tone_seconds(house.testbed.heard("agent-1005"), PERSON_TONE_HZ) > 3
    assert house.reached([number], 20) == {number: 1}


def test_a_phone_that_drops_in_hold_gets_no_call(house: House) -> None:
    number = scripted("person", talk_s=1, x=3)
    campaign(house, "idle", [number])
    gone, there = house.hire("idle", [1006, 1007])
    house.call_agents([gone])
    house.call_agents([there])
    house.testbed.phones.hang_up(gone)
    house.until_state(gone, "offline")
    start(house, "idle")
    house.until_worked("idle")
    assert house.outcome("idle")["agent_id"] == "1007"


def test_a_phone_that_drops_while_a_call_is_on_its_way_leaves_the_person_to_the_next_agent(house: House) -> None:
    number = scripted("person", ring_s=2, talk_s=3, x=4)
    campaign(house, "reserved", [number])
    gone, there = house.hire("reserved", [1008, 1009])
    house.call_agents([gone])
    house.call_agents([there])
    start(house, "reserved")
    house.wait_for(lambda: house.calls("reserved").get("ringing") == 1, "the phone to ring")
    with house.testbed.pbx_ami() as witness:
        # The floor does not hear of the hang-up in time and sends the person to a line that is gone.
        house.wire.freeze()
        house.testbed.phones.hang_up(gone)
        witness.wait(
            lambda m: m.get("Event") == "BridgeEnter" and "agent-1009" in m["Channel"] and m["BridgeType"] == "basic",
            10,
        )
        house.wire.thaw()
    house.until_worked("reserved")

    row = house.outcome("reserved")
    assert (row["result"], row["agent_id"], row["abandoned"]) == ("answered", "1009", False)
    life = house.cli("explain", row["attempt_id"])
    assert [step["agent_id"] for step in life["steps"] if step["state"] == "routed"] == ["1008", "1009"]
    house.until_state(gone, "offline")


def test_keys_say_what_came_of_the_call_end_the_wrap_up_and_end_a_talk(house: House) -> None:
    numbers = [scripted("person", talk_s=0.5, x=5), scripted("person", talk_s=0.5, x=6), scripted("person", talk_s=120)]
    campaign(house, "keys", numbers, wrap_up_s=60, disposition="1=sale")
    (agent,) = house.hire("keys", [1010])
    house.call_agents([agent])
    start(house, "keys")
    house.until_state(agent, "wrap_up")
    house.testbed.phones.keys(agent, "1")
    house.wait_for(lambda: len(times(house, agent, "talking")) == 2, "the second talk")
    house.until_state(agent, "wrap_up")
    house.testbed.phones.keys(agent, "#")
    house.wait_for(lambda: len(times(house, agent, "talking")) == 3, "the third talk")
    house.until_state(agent, "talking")
    house.testbed.phones.keys(agent, "**")
    house.until_state(agent, "wrap_up")
    house.until_worked("keys")

    rows = house.outcomes("keys")
    assert [row["disposition"] for row in rows] == ["sale", None, None]
    assert [row["agent_id"] for row in rows] == ["1010"] * 3
    assert seconds(rows[2], "answered_at", "ended_at") < 60
    assert [row["abandoned"] for row in rows] == [False] * 3
    assert agent in house.testbed.phones.on_line()


def test_the_agent_is_asked_for_the_disposition_where_the_campaign_wants_it(house: House) -> None:
    campaign(house, "asked", [scripted("person", talk_s=0.5, x=7)], wrap_up_s=60, disposition="2=refusal")
    house.cli("campaign", "set", "asked", "--keypad-disposition")
    house.call_agents(house.hire("asked", [1011]))
    start(house, "asked")
    house.until_state(1011, "wrap_up")
    asks = "PJSIP/agent-1011"
    house.wait_for(
        lambda: any(asks in line and "!AGI!" in line for line in _channels(house)), "the program to ask for the key"
    )
    house.testbed.phones.keys(1011, "2")
    house.until_state(1011, "ready")
    assert house.outcome("asked")["disposition"] == "refusal"


def _channels(house: House) -> list[str]:
    return house.testbed.pbx_cli("core show channels concise").splitlines()


def test_an_agent_who_is_rung_for_each_call_ends_the_talk_by_hanging_up(house: House) -> None:
    long, short = scripted("person", talk_s=120, x=1), scripted("person", talk_s=0.5, x=8)
    campaign(house, "hook", [long, short], wrap_up_s=0)
    house.hire("hook", [1012], line_mode="on_hook")
    house.hire("hook", [1013])
    house.call_agents([1012])
    start(house, "hook")
    house.until_state(1012, "talking")
    # Somebody else is free now: a person whose agent has hung up on purpose is not handed over.
    house.cli("campaign", "pause", "hook")
    house.call_agents([1013])
    house.testbed.phones.hang_up(1012)
    house.wait_for(lambda: not house.calls("hook"), "the person to be let go")
    assert house.agent(1013) == "ready"
    house.cli("agents", "logout", "1013")
    house.until_state(1012, "ready")
    start(house, "hook")
    house.until_worked("hook")
    house.until_state(1012, "ready")

    rows = house.outcomes("hook")
    assert [(row["agent_id"], row["abandoned"]) for row in rows] == [("1012", False)] * 2
    assert seconds(rows[0], "answered_at", "ended_at") < 60


def test_a_phone_that_is_not_picked_up_is_told(house: House) -> None:
    campaign(house, "away", [])
    house.hire("away", [1014])
    house.hire("away", [1015], line_mode="on_hook")
    house.testbed.phones.answering(1014, "busy")
    house.testbed.phones.answering(1015, "busy")
    for agent in ("1014", "1015"):
        house.cli("agents", "call", agent)
    house.until_state(1014, "offline")
    house.until_state(1015, "paused")


def test_a_wrong_pin_gives_no_line(house: House) -> None:
    campaign(house, "pin", [])
    house.hire("pin", [1016])
    house.testbed.phones.login(1016, "1016", "13579", wait_s=2)
    house.wait_for(
        lambda: (
            [line["code"] for line in house.told("control_command") if line["command"] == "agent_login"][-1:]
            == ["wrong_pin"]
        ),
        "the PIN to be refused",
    )
    assert house.agent(1016) == "offline"
    house.testbed.phones.hang_up(1016)
    house.wait_for(lambda: 1016 not in house.testbed.phones.on_line(), "the line to end")
    assert "13579" not in house.journal.read_text()


def test_every_behaviour_of_the_network_gives_its_result(house: House) -> None:
    expected = {
        scripted("person", talk_s=1, x=9): "answered",
        scripted("person", ring_s=0.5, talk_s=1, early=True): "answered",
        scripted("brief", ring_s=0.2): "answered",
        scripted("machine", ring_s=0.2, talk_s=0.5): "answered",
        scripted("silent"): "no_answer",
        scripted("busy"): "busy",
        scripted("rejected", ring_s=0.2): "rejected",
        scripted("unknown"): "invalid_number",
        scripted("congestion"): "congestion",
        scripted("late_congestion", ring_s=0.2): "congestion",
    }
    campaign(house, "kinds", list(expected), ring_timeout_s=5)
    house.call_agents(house.hire("kinds", range(1017, 1023)))
    start(house, "kinds")
    house.until_worked("kinds")

    rows = house.outcomes("kinds")
    assert {"0" + row["number"].removeprefix("+33"): row["result"] for row in rows} == expected
    assert house.reached(expected, 20) == dict.fromkeys(expected, 1)
    hung_up_at_once = "+33" + scripted("brief", ring_s=0.2)[1:]
    talks = [row for row in rows if row["result"] == "answered" and row["number"] != hung_up_at_once]
    assert [(row["abandoned"], row["connected_at"] is not None) for row in talks] == [(False, True)] * 3
