"""Agents and people: the operator's dialplan on the real thing, with the daemon played by a stub."""

import pytest
from dialer_testbed import Testbed
from dialer_testbed.audio import sound_seconds, tone_seconds, tone_times
from dialer_testbed.world import PERSON_TONE_HZ, PHONE_TONE_HZ, scripted

from tests.asterisk.caller import Asked, Caller, RouteStub

pytestmark = pytest.mark.asterisk

AGENT_TONE_HZ = 880
BEEP_HZ = 1000


def test_person_and_agent_hear_each_other_and_the_agent_a_tone_first(
    testbed: Testbed, caller: Caller, route: RouteStub
) -> None:
    """Six talks at once: packet numbers are random, and a fault in them silenced every third talk."""
    ids = range(1001, 1007)
    numbers = [scripted("person", talk_s=1, x=x) for x in range(6)]
    for who in [*numbers, *(f"agent-{agent_id}" for agent_id in ids)]:
        testbed.record(who)
    route.agents = [caller.agent(agent_id) for agent_id in ids]

    for attempt in [caller.call(number) for number in numbers]:
        caller.event("Hangup", attempt)
    for agent_id in ids:
        testbed.phones.hang_up(agent_id)
    testbed.carrier_cdr(wait_s=3)

    by_persons = [testbed.heard(number) for number in numbers]
    by_agents = [testbed.heard(f"agent-{agent_id}") for agent_id in ids]
    assert [tone_seconds(heard, PHONE_TONE_HZ) for heard in by_persons] == pytest.approx([0.9] * 6, abs=0.25)
    assert [tone_seconds(heard, PERSON_TONE_HZ) for heard in by_agents] == pytest.approx([0.9] * 6, abs=0.25)
    assert [tone_seconds(heard, AGENT_TONE_HZ) for heard in by_agents] == pytest.approx([0.1] * 6, abs=0.06)
    assert [tone_seconds(heard, AGENT_TONE_HZ) for heard in by_persons] == [0] * 6
    assert all(tone_times(heard, AGENT_TONE_HZ)[-1] < tone_times(heard, PERSON_TONE_HZ)[0] for heard in by_agents)


def test_a_machine_speaks_and_beeps(testbed: Testbed, caller: Caller, route: RouteStub) -> None:
    testbed.record("agent-1002")
    agent = caller.agent(1002)
    route.agents = [agent]

    caller.event("Hangup", caller.call(scripted("machine", talk_s=0.5)))
    testbed.phones.hang_up(1002)
    caller.event("Hangup", Channel=agent)

    heard = testbed.heard("agent-1002")
    assert tone_seconds(heard, BEEP_HZ) == pytest.approx(0.5, abs=0.15)
    assert sound_seconds(heard) > 3


def test_an_answered_call_makes_at_most_twelve_events(caller: Caller, route: RouteStub) -> None:
    agent = caller.agent(1003)
    route.agents = [agent]
    caller.ami.events()

    attempt = caller.call(scripted("person", ring_s=0.2, talk_s=0.1))
    events = [event for event in caller.ami.events(1.5) if "Event" in event]
    caller.hang_up(agent)

    assert len(events) <= 12
    states = [event["ChannelStateDesc"] for event in events if event["Event"] == "Newstate"]
    assert states == ["Ringing", "Up"]
    talk = [(event["Event"], event["Channel"] == agent) for event in events if event.get("BridgeType") == "basic"]
    assert talk == [
        ("BridgeEnter", True),
        ("BridgeEnter", False),
        ("BridgeLeave", False),
        ("BridgeLeave", True),
    ]
    assert [event["Cause"] for event in events if event["Event"] == "Hangup" and event["Uniqueid"] == attempt] == ["16"]
    caller.event("Hangup", Channel=agent)


def test_channels_of_others_do_not_pass_the_event_filter(testbed: Testbed, caller: Caller) -> None:
    caller.ami.events()
    with testbed.pbx_ami() as operator:
        operator.send(
            "Originate",
            Channel=f"PJSIP/{scripted('busy')}@carrier",
            Context="dialer-version",
            Exten="v1",
            Priority="1",
            Async="true",
        )
        operator.wait(lambda message: message.get("Event") == "Hangup", 5)

    events = {event["Event"] for event in caller.ami.events(0.2) if "Event" in event}

    assert events <= {"OriginateResponse"}


def test_an_agent_who_is_gone_is_replaced_by_the_next(caller: Caller, route: RouteStub) -> None:
    agent = caller.agent(1004)
    route.agents = ["PJSIP/agent-1999-0000ffff", agent]

    attempt = caller.call(scripted("person", talk_s=0.5))
    caller.event("BridgeEnter", attempt, BridgeType="basic")
    caller.event("Hangup", attempt)
    caller.hang_up(agent)
    caller.event("Hangup", Channel=agent)

    assert route.asked == [Asked(attempt, ""), Asked(attempt, "PJSIP/agent-1999-0000ffff")]


def test_an_agent_who_ends_the_talk_by_keys_stays_and_the_call_is_over(
    testbed: Testbed, caller: Caller, route: RouteStub
) -> None:
    agent = caller.agent(1007)
    route.agents = [agent]

    attempt = caller.call(scripted("person", talk_s=10))
    caller.event("BridgeEnter", attempt, BridgeType="basic")
    testbed.phones.keys(1007, "**")
    caller.event("BridgeEnter", Channel=agent, BridgeType="base")
    ended = caller.event("Hangup", attempt)
    caller.hang_up(agent)
    caller.event("Hangup", Channel=agent)

    assert ended["Cause"] == "16"
    assert route.asked == [Asked(attempt, "")]


def test_a_person_whose_agent_drops_in_the_talk_is_handed_over(
    testbed: Testbed, caller: Caller, route: RouteStub
) -> None:
    first, second = caller.agent(1008), caller.agent(1009)
    route.agents = [first, second]

    attempt = caller.call(scripted("person", talk_s=2))
    caller.event("BridgeEnter", attempt, BridgeType="basic")
    testbed.phones.hang_up(1008)
    caller.event("BridgeEnter", Channel=second, BridgeType="basic")
    caller.event("Hangup", attempt)
    caller.hang_up(second)
    caller.event("Hangup", Channel=second)

    assert route.asked == [Asked(attempt, ""), Asked(attempt, first)]


def test_after_three_agents_who_are_gone_the_person_hears_the_message(
    testbed: Testbed, caller: Caller, route: RouteStub
) -> None:
    number = scripted("person", talk_s=2, x=2)
    testbed.record(number)
    route.agents = [f"PJSIP/agent-1999-0000fff{n}" for n in range(5)]

    attempt = caller.call(number)
    caller.event("UserEvent", UserEvent="DialerAlone", Attempt=attempt)
    caller.event("Hangup", attempt)
    testbed.carrier_cdr(wait_s=3)

    assert len(route.asked) == 3
    assert sound_seconds(testbed.heard(number)) > 1


def test_without_a_daemon_the_message_is_heard_at_once_and_noted(testbed: Testbed, caller: Caller) -> None:
    number = scripted("person", talk_s=2, x=3)
    testbed.record(number)

    attempt = caller.call(number)
    answered = caller.event("Newstate", attempt, ChannelStateDesc="Up")
    alone = caller.event("UserEvent", UserEvent="DialerAlone", Attempt=attempt)
    caller.event("Hangup", attempt)
    testbed.carrier_cdr(wait_s=3)

    assert float(alone["At"]) - float(answered["At"]) < 0.5
    assert sound_seconds(testbed.heard(number)) > 1
    assert _notes(caller)[f"/dialer/abandoned/{attempt}"].isdigit()


def test_with_a_frozen_daemon_the_message_is_heard_within_two_and_a_half_seconds(
    testbed: Testbed, caller: Caller, route: RouteStub
) -> None:
    number = scripted("person", talk_s=5, x=4)
    testbed.record(number)
    route.frozen.set()

    attempt = caller.call(number)
    answered = caller.event("Newstate", attempt, ChannelStateDesc="Up")
    alone = caller.event("UserEvent", UserEvent="DialerAlone", Attempt=attempt)
    caller.event("Hangup", attempt)
    testbed.carrier_cdr(wait_s=3)

    assert 1.5 < float(alone["At"]) - float(answered["At"]) < 2.5
    assert sound_seconds(testbed.heard(number)) > 1.5
    assert f"/dialer/abandoned/{attempt}" in _notes(caller)


def test_key_9_in_the_message_is_told_and_noted(caller: Caller, route: RouteStub) -> None:
    attempt = caller.call(scripted("presses_9", talk_s=0.5))
    told = caller.event("UserEvent", UserEvent="DialerOptOut", Attempt=attempt)
    caller.hang_up(attempt)
    caller.event("Hangup", attempt)

    assert told["Uniqueid"] == attempt
    assert f"/dialer/optout/{attempt}" in _notes(caller)


def test_notes_are_removed_when_read(caller: Caller) -> None:
    attempt = caller.call(scripted("person", talk_s=0.5))
    caller.event("Hangup", attempt)
    assert f"/dialer/abandoned/{attempt}" in _notes(caller)

    action = caller.ami.send(
        "Originate",
        Channel=f"Local/{attempt}@dialer-note-read",
        Context="dialer-version",
        Exten="v1",
        Priority="1",
        Async="true",
    )
    caller.ami.wait(lambda m: m.get("ActionID") == action and m.get("Event") == "OriginateResponse", 5)

    assert f"/dialer/abandoned/{attempt}" not in _notes(caller)


def _notes(caller: Caller) -> dict[str, str]:
    rows = caller.ami.listed("DBGetTree", "DBGetTreeComplete", Family="dialer")
    return {row["Key"]: row["Val"] for row in rows if row["Event"] == "DBGetTreeResponse"}


def test_the_manager_user_may_do_no_more_than_it_needs(caller: Caller) -> None:
    def answer(action: str, **fields: str) -> str:
        return caller.ami.action(action, None, **fields)["Response"]

    assert answer("Getvar", Variable="DIALER_FASTAGI") == "Success"
    refused = {
        "command": answer("Command", Command="core show version"),
        "database": answer("DBPut", Family="dialer", Key="x", Val="1"),
        "reload": answer("Reload"),
        "files": answer("GetConfig", Filename="manager.conf"),
        "shell": answer("Originate", Channel="Local/v1@dialer-version", Application="System", Data="true"),
    }

    assert set(refused.values()) == {"Error"}


def test_the_doctor_context_tells_version_and_sounds(caller: Caller) -> None:
    caller.ami.send(
        "Originate",
        Channel="Local/report@dialer-doctor",
        Context="dialer-version",
        Exten="v1",
        Priority="1",
        Async="true",
    )

    told = caller.event("UserEvent", UserEvent="DialerDoctor")

    assert [told[key] for key in ("Version", "MessageFr", "MessageEn", "AgentTone")] == ["1"] * 4
