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
    number = scripted("person", talk_s=1, x=1)
    testbed.record(number)
    testbed.record("agent-1001")
    agent = caller.agent(1001)
    route.agents = [agent]

    caller.event("Hangup", caller.call(number))
    caller.event("BridgeEnter", Channel=agent, BridgeType="base")
    testbed.phones.hang_up(1001)
    caller.event("Hangup", Channel=agent)
    testbed.carrier_cdr(wait_s=3)

    by_person, by_agent = testbed.heard(number), testbed.heard("agent-1001")
    assert tone_seconds(by_person, PHONE_TONE_HZ) == pytest.approx(0.9, abs=0.25)
    assert tone_seconds(by_agent, PERSON_TONE_HZ) == pytest.approx(0.9, abs=0.25)
    assert tone_seconds(by_agent, AGENT_TONE_HZ) == pytest.approx(0.1, abs=0.06)
    assert tone_times(by_agent, AGENT_TONE_HZ)[-1] < tone_times(by_agent, PERSON_TONE_HZ)[0]
    assert tone_seconds(by_person, AGENT_TONE_HZ) == 0


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
    assert events[0]["ChannelStateDesc"] == "Ringing"
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
            Context="from-carrier",
            Exten="s",
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
    attempt = caller.call(scripted("brief"))
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
