"""A callback is one to one: its agent is kept free for it from before the dialing, and it goes to that agent alone."""

from datetime import UTC, date, datetime

import pytest

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.decisions import Free
from dialer.floor.words import AgentState, CampaignState, Result
from dialer.rules.abandonment import Counts
from dialer.rules.tally import own_law
from tests.unit.floor.desk import Desk, only


def today(desk: Desk) -> date:
    return datetime.fromtimestamp(desk.now, UTC).date()


def call_back(desk: Desk, name: str, agent: str) -> list[cmd.Command]:
    """A callback for an agent is committed and dialed."""
    attempt = ev.NewAttempt(name, "c1", 1, "+33199000001", desk.now, agent)
    return desk.tell(ev.AttemptsReserved(at=desk.now, attempts=(attempt,)))


def test_its_agent_is_reserved_from_the_dialing_on_and_gets_it_though_another_is_ready_for_longer() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.wait(60)
    line = desk.agent("a2")
    call_back(desk, "back", "a2")
    assert (desk.state("a1"), desk.state("a2")) == (AgentState.READY, AgentState.RESERVED)
    desk.answer("back")
    assert desk.routes("back") == [line]
    desk.bridge("back", line)
    desk.hang_up("back")
    assert (desk.outcomes()["back"].agent_id, desk.outcomes()["back"].abandoned) == ("a2", False)


def test_other_calls_pass_by_the_agent_who_is_kept() -> None:
    desk = Desk()
    desk.agent("a1")
    call_back(desk, "back", "a1")
    desk.dial("other")
    desk.answer("other")
    assert desk.routes("other") == []
    desk.answer("back")
    assert desk.routes("back") == ["line-a1"]


def test_without_its_agent_nothing_is_dialed_and_nothing_counts() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.agent("a2")
    desk.talk("x", "line-a1")
    assert only(call_back(desk, "back", "a1"), cmd.Originate) == []
    assert (desk.outcomes()["back"].dialed, desk.outcomes()["back"].result) == (False, Result.CANCELLED)


@pytest.mark.parametrize("result", [Result.NO_ANSWER, Result.BUSY, Result.FAILED])
def test_the_agent_is_free_again_when_the_person_was_not_reached(result: Result) -> None:
    desk = Desk()
    desk.agent("a1")
    call_back(desk, "back", "a1")
    desk.hang_up("back", result)
    assert desk.state("a1") is AgentState.READY
    assert desk.floor.free_agents("c1") == Free(("a1",), 1)


def test_it_does_not_ring_on_when_its_agent_is_gone() -> None:
    desk = Desk()
    desk.agent("a1")
    call_back(desk, "back", "a1")
    desk.tell(ev.CallRinging(at=desk.now, attempt_id="back"))
    caused = desk.hang_up("line-a1")
    assert only(caused, cmd.HangUp) == [cmd.HangUp("back")]
    desk.hang_up("back")
    assert desk.outcomes()["back"].result is Result.CANCELLED
    assert desk.state("a1") is AgentState.OFFLINE


def test_answered_as_its_agent_goes_it_is_given_to_another_agent_rather_than_to_nobody() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.agent("a2")
    call_back(desk, "back", "a1")
    desk.answer("back", ask=False)
    desk.hang_up("line-a1")
    desk.tell(ev.RouteAsked(at=desk.now, attempt_id="back"))
    assert desk.routes("back") == ["line-a2"]


def test_a_pause_or_a_logout_waits_for_the_callback() -> None:
    desk = Desk()
    desk.agent("a1")
    call_back(desk, "back", "a1")
    desk.tell(ev.AgentPauseRequested(at=desk.now, agent_id="a1", reason="lunch"))
    assert desk.state("a1") is AgentState.RESERVED
    desk.hang_up("back")
    assert desk.state("a1") is AgentState.PAUSED


def test_a_dialplan_that_serves_it_alone_frees_the_agent() -> None:
    desk = Desk()
    desk.agent("a1")
    call_back(desk, "back", "a1")
    desk.answer("back", ask=False)
    desk.wait(5)
    desk.hang_up("back")
    assert desk.outcomes()["back"].abandoned
    assert desk.state("a1") is AgentState.READY


def test_pacing_neither_counts_the_call_nor_the_agent_who_is_kept_until_they_talk() -> None:
    desk = Desk(policy="progressive")
    desk.agent("a1")
    desk.agent("a2")
    call_back(desk, "back", "a1")
    assert desk.floor.decide("c1", desk.now)[0].dial == 1
    desk.answer("back")
    desk.bridge("back", "line-a1")
    assert desk.floor.decide("c1", desk.now)[0].dial == 1
    desk.hang_up("back")
    desk.hold("line-a1")
    desk.wait(20)
    assert desk.floor.decide("c1", desk.now)[0].dial == 2


def test_callbacks_use_the_lines_of_their_campaign() -> None:
    desk = Desk(policy="progressive", max_lines=2)
    for name in ("a1", "a2", "a3"):
        desk.agent(name)
    call_back(desk, "back", "a1")
    assert desk.floor.free_agents("c1") == Free(("a2", "a3"), 1)
    decision = desk.floor.decide("c1", desk.now)[0]
    assert (decision.dial, decision.reason) == (1, "trunk_full")


def test_one_to_one_no_agent_is_kept_on_whom_a_ringing_call_counts() -> None:
    """1. One call rings for the only agent: a callback has to wait. 2. Another agent comes: one may be kept, whichever.
    3. The call is over: both may.
    """
    desk = Desk(policy="progressive")
    desk.agent("a1")
    desk.dial("c1")
    assert desk.floor.free_agents("c1") == Free(("a1",), 0)
    desk.wait(1.0)
    desk.agent("a2")
    assert desk.floor.free_agents("c1") == Free(("a1", "a2"), 1)
    desk.hang_up("c1")
    assert desk.floor.free_agents("c1") == Free(("a1", "a2"), 2)


def test_a_policy_that_dials_ahead_keeps_agents_for_callbacks_while_calls_ring() -> None:
    desk = Desk(policy="ratio", ratio=2.0)
    desk.agent("a1")
    told = {today(desk): Counts(connected=1000)}
    desk.tell(ev.LawTold(at=desk.now, campaign_id="c1", law=own_law(0.03), counted=told))
    desk.dial("c1", "c2")
    assert desk.floor.free_agents("c1") == Free(("a1",), 1)


def test_nobody_is_free_for_a_callback_while_the_campaign_may_not_dial() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.tell(ev.CampaignChanged(at=desk.now, settings=desk.settings, state=CampaignState.PAUSED))
    assert desk.floor.free_agents("c1").most == 0


def test_in_a_preview_campaign_a_callback_waits_until_its_agent_asks_for_a_call() -> None:
    desk = Desk(policy="preview")
    desk.agent("a1")
    assert desk.floor.free_agents("c1").most == 0
    desk.tell(ev.CallWanted(at=desk.now, agent_id="a1"))
    assert desk.floor.free_agents("c1") == Free(("a1",), 1)


def test_a_callback_found_after_a_restart_goes_to_its_agent_if_ready() -> None:
    desk = Desk(link=False)
    attempt = ev.NewAttempt("back", "c1", 1, "+33199000001", desk.now, "a2")
    desk.tell(ev.AttemptsRecovered(at=desk.now, attempts=(attempt,)))
    channel = ev.AliveChannel(channel_id="back", channel="PJSIP/x", up=False, attempt_id="back")
    desk.tell(ev.LinkRestored(at=desk.now, alive=(channel,)))
    desk.agent("a1")
    desk.wait(10)
    desk.agent("a2")
    desk.answer("back")
    assert desk.routes("back") == ["line-a2"]


def test_the_keys_of_a_time_that_a_program_asks_for_are_no_dispositions() -> None:
    desk = Desk(dispositions=(("1", "sale"), ("4", "callback")), keypad_disposition=True)
    line = desk.agent("a1")
    desk.talk("call", line)
    desk.hang_up("call")
    desk.tell(ev.Disposed(at=desk.now, agent_id="a1", disposition="callback"))
    for digit in "1430":
        desk.tell(ev.KeyPressed(at=desk.now, channel_id=line, digit=digit))
    assert desk.outcomes()["call"].disposition == "callback"


def test_back_in_hold_the_keys_are_dispositions_again() -> None:
    desk = Desk(dispositions=(("1", "sale"),), keypad_disposition=True)
    line = desk.agent("a1")
    desk.talk("call", line)
    desk.hang_up("call")
    desk.hold(line)
    desk.tell(ev.KeyPressed(at=desk.now, channel_id=line, digit="1"))
    assert desk.outcomes()["call"].disposition == "sale"
