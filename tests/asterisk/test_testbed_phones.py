"""Agents' phones: they log in by keys, press keys, hang up, and may not answer."""

import time

import pytest
from dialer_testbed import Testbed, TestbedError
from dialer_testbed.world import scripted

from tests.asterisk.caller import Caller, RouteStub

pytestmark = pytest.mark.asterisk


def test_an_agent_logs_in_by_keys_and_waits_in_the_holding_bridge(testbed: Testbed, caller: Caller) -> None:
    testbed.phones.login(1011, "1011", "1101")

    line = caller.event("UserEvent", UserEvent="DialerAgent", Agent="1011")
    waiting = caller.event("BridgeEnter", line["Uniqueid"])
    agent = caller.ami.action("Getvar", Channel=line["Channel"], Variable="DIALER_AGENT")
    keys = [event for event in caller.ami.events() if event.get("Event") == "DTMFEnd"]
    testbed.phones.hang_up(1011)
    caller.event("Hangup", line["Uniqueid"])

    assert (waiting["BridgeTechnology"], waiting["BridgeName"]) == ("holding_bridge", "dialer")
    assert agent["Value"] == "1011"
    assert keys == [], "a PIN's keys reached the manager"


def expect_gone(testbed: Testbed, agent: int) -> None:
    """The phone is off the line; its own Asterisk hears of that a moment after ours."""
    deadline = time.monotonic() + 10
    while agent in testbed.phones.on_line() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert agent not in testbed.phones.on_line()


def test_a_wrong_pin_ends_the_call(testbed: Testbed, caller: Caller) -> None:
    testbed.phones.login(1012, "1012", "9999")
    with testbed.pbx_ami() as pbx:
        ended = pbx.wait(lambda m: m.get("Event") == "Hangup" and m["Channel"].startswith("PJSIP/agent-1012-"), 12)

    assert ended["Context"] == "dialer-agent-login"
    expect_gone(testbed, 1012)


def test_keys_of_a_waiting_agent_are_seen(testbed: Testbed, caller: Caller) -> None:
    agent = caller.agent(1013)

    testbed.phones.keys(1013, "*2")
    seen = [caller.event("DTMFEnd", Channel=agent)["Digit"] for _ in range(2)]
    caller.hang_up(agent)
    caller.event("Hangup", Channel=agent)

    assert seen == ["*", "2"]


@pytest.mark.parametrize(("how", "cause"), [("no", "19"), ("busy", "17"), ("away", "19")])
def test_a_phone_that_does_not_answer(testbed: Testbed, caller: Caller, how: str, cause: str) -> None:
    testbed.phones.answering(1014, how)

    line = caller.ask_agent(1014, ring_ms=400)
    ended = caller.event("Hangup", line)
    testbed.phones.answering(1014)

    assert ended["Cause"] == cause


def test_an_agent_who_puts_the_receiver_down_is_gone(testbed: Testbed, caller: Caller) -> None:
    agent = caller.agent(1015)

    testbed.phones.hang_up(1015)

    assert caller.event("Hangup", Channel=agent)["Cause"] == "16"
    expect_gone(testbed, 1015)


def test_a_phone_answers_yes_no_busy_or_away_only(testbed: Testbed) -> None:
    with pytest.raises(TestbedError, match="not maybe"):
        testbed.phones.answering(1014, "maybe")


def test_a_prompt_is_said_to_a_waiting_agent_who_goes_back_to_wait(testbed: Testbed, caller: Caller) -> None:
    agent = caller.agent(1016)

    caller.ami.action("Redirect", Channel=agent, Context="dialer-agent-say", Exten="agent-paused", Priority="1")
    caller.event("BridgeLeave", Channel=agent)
    back = caller.event("BridgeEnter", Channel=agent)
    caller.hang_up(agent)
    caller.event("Hangup", Channel=agent)

    assert back["BridgeType"] == "base"


def test_the_disposition_program_runs_after_a_talk_when_asked(
    testbed: Testbed, caller: Caller, route: RouteStub
) -> None:
    agent = caller.agent(1017)
    caller.ami.action("Setvar", Channel=agent, Variable="DIALER_DISPOSITION", Value="1")
    route.agents = [agent]

    with testbed.pbx_ami() as pbx:
        caller.event("Hangup", caller.call(scripted("person", talk_s=0.5)))
        pbx.wait(lambda m: m.get("Event") == "AGIExecStart" and m["Command"].startswith("GET DATA"), 10)
    testbed.phones.keys(1017, "4")
    told = caller.event("UserEvent", UserEvent="DialerStub")
    back = caller.event("BridgeEnter", Channel=agent, BridgeType="base")
    caller.hang_up(agent)
    caller.event("Hangup", Channel=agent)

    assert (told["Agent"], told["Digit"]) == ("1017", "4")
    assert back["Exten"] == "s"
