"""Agents: on the line, on the hook, pausing, wrapping up, leaving, pressing keys."""

import pytest

from dialer.errors import DialerError
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import AgentState, CampaignState, LineMode
from tests.unit.floor.desk import Desk, only

DISPOSITIONS = (("1", "appointment"), ("2", "refusal"))


def press(desk: Desk, line: str, keys: str) -> None:
    for digit in keys:
        desk.tell(ev.KeyPressed(at=desk.now, channel_id=line, digit=digit))


def test_wrap_up_ends_by_itself() -> None:
    desk = Desk(wrap_up_s=20)
    line = desk.agent()
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    desk.hold(line)
    desk.wait(19)
    assert desk.state() is AgentState.WRAP_UP
    desk.wait(1.1)
    assert desk.state() is AgentState.READY


def test_an_agent_is_not_ready_before_the_line_is_back_in_hold() -> None:
    desk = Desk(wrap_up_s=0)
    line = desk.agent()
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    assert desk.state() is AgentState.WRAP_UP
    desk.hold(line)
    assert desk.state() is AgentState.READY


def test_a_pause_asked_in_a_talk_comes_after_it() -> None:
    desk = Desk()
    line = desk.agent()
    desk.talk("c-1", line)
    desk.tell(ev.AgentPauseRequested(at=desk.now, agent_id="a1", reason="lunch"))
    assert desk.state() is AgentState.TALKING
    desk.hang_up("c-1")
    assert desk.state() is AgentState.PAUSED


def test_star_and_a_digit_pauses_and_hash_is_ready_again() -> None:
    desk = Desk()
    line = desk.agent()
    press(desk, line, "*2")
    assert desk.state() is AgentState.PAUSED
    assert desk.floor.agent_views()[0].pause_reason == "lunch"
    assert only(desk.commands, cmd.Say)[-1].channel_id == line
    press(desk, line, "#")
    assert desk.state() is AgentState.READY


def test_two_stars_end_the_talk() -> None:
    desk = Desk()
    line = desk.agent()
    desk.talk("c-1", line)
    press(desk, line, "**")
    assert only(desk.commands, cmd.HangUp) == [cmd.HangUp("c-1")]


def test_a_digit_in_wrap_up_is_a_disposition_and_ends_it() -> None:
    desk = Desk(dispositions=DISPOSITIONS)
    line = desk.agent()
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    desk.hold(line)
    press(desk, line, "1")
    assert desk.outcomes()["c-1"].disposition == "appointment"
    assert desk.state() is AgentState.READY


def test_an_agent_is_asked_for_the_disposition_where_the_campaign_wants_it() -> None:
    desk = Desk(keypad_disposition=True)
    line = desk.agent()
    desk.talk("c-1", line)
    assert cmd.AskDisposition(line) in desk.commands


def test_a_digit_while_ready_changes_no_disposition() -> None:
    desk = Desk(dispositions=DISPOSITIONS, wrap_up_s=0)
    line = desk.agent()
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    desk.hold(line)
    press(desk, line, "2")
    assert desk.outcomes()["c-1"].disposition is None


def test_an_idle_phone_that_drops_is_offline() -> None:
    desk = Desk()
    line = desk.agent()
    desk.hang_up(line)
    assert desk.state() is AgentState.OFFLINE
    assert desk.floor.decide("c1", desk.now)[0].dial == 0


def test_a_second_login_takes_the_place_of_the_first_line() -> None:
    desk = Desk()
    desk.agent()
    desk.tell(ev.AgentArrived(at=desk.now, agent_id="a1", channel_id="line-2", channel="PJSIP/x"))
    assert only(desk.commands, cmd.HangUp) == [cmd.HangUp("line-a1")]
    desk.hold("line-2")
    desk.hang_up("line-a1")
    assert desk.state() is AgentState.READY


def test_an_agent_called_by_the_dialer_is_ready_when_on_the_line() -> None:
    desk = Desk()
    desk.tell(ev.AgentChanged(at=desk.now, settings=ev.AgentSettings("a1", "c1", "phone-1")))
    desk.tell(ev.AgentCallRequested(at=desk.now, agent_id="a1"))
    (call,) = only(desk.commands, cmd.CallAgent)
    assert (call.phone, desk.state()) == ("phone-1", AgentState.CALLING)
    desk.hold(call.channel_id)
    assert desk.state() is AgentState.READY


def test_a_phone_that_does_not_answer_the_dialer_leaves_the_agent_offline() -> None:
    desk = Desk()
    desk.tell(ev.AgentChanged(at=desk.now, settings=ev.AgentSettings("a1", "c1", "phone-1")))
    desk.tell(ev.AgentCallRequested(at=desk.now, agent_id="a1"))
    desk.hang_up(only(desk.commands, cmd.CallAgent)[0].channel_id)
    assert desk.state() is AgentState.OFFLINE


def test_an_on_hook_agent_is_rung_again_after_each_call() -> None:
    desk = Desk(wrap_up_s=10)
    line = desk.agent(mode=LineMode.ON_HOOK)
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    assert cmd.HangUp(line) in desk.commands
    assert desk.state() is AgentState.WRAP_UP
    desk.wait(10.1)
    assert desk.state() is AgentState.CALLING
    desk.hold(only(desk.commands, cmd.CallAgent)[0].channel_id)
    assert desk.state() is AgentState.READY


def test_an_on_hook_agent_ends_the_talk_by_hanging_up() -> None:
    desk = Desk(wrap_up_s=10)
    line = desk.agent(mode=LineMode.ON_HOOK)
    desk.talk("c-1", line)
    desk.hang_up(line)
    assert cmd.HangUp("c-1") in desk.commands
    desk.hang_up("c-1")
    assert desk.state() is AgentState.WRAP_UP
    assert desk.outcomes()["c-1"].agent_id == "a1"


def test_an_on_hook_agent_who_does_not_pick_up_is_paused_and_not_rung_for_ever() -> None:
    desk = Desk(wrap_up_s=0)
    line = desk.agent(mode=LineMode.ON_HOOK)
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    (call,) = only(desk.commands, cmd.CallAgent)
    desk.hang_up(call.channel_id)
    assert desk.state() is AgentState.PAUSED
    assert len(only(desk.commands, cmd.CallAgent)) == 1


def test_logging_out_in_a_talk_waits_for_its_end() -> None:
    desk = Desk()
    line = desk.agent()
    desk.talk("c-1", line)
    desk.tell(ev.AgentLogoutRequested(at=desk.now, agent_id="a1"))
    assert desk.state() is AgentState.TALKING
    desk.hang_up("c-1")
    assert desk.state() is AgentState.OFFLINE
    assert cmd.HangUp(line) in desk.commands


def test_a_log_out_of_an_idle_agent_does_not_outlast_the_next_login() -> None:
    desk = Desk(wrap_up_s=0)
    desk.agent()
    desk.tell(ev.AgentLogoutRequested(at=desk.now, agent_id="a1"))
    desk.tell(ev.AgentCallRequested(at=desk.now, agent_id="a1"))
    line = only(desk.commands, cmd.CallAgent)[0].channel_id
    desk.hold(line)
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    desk.hold(line)
    assert desk.state() is AgentState.READY


def test_an_agent_in_wrap_up_moves_to_another_campaign_whole() -> None:
    desk = Desk()
    other = ev.CampaignSettings("c2", "trunk", "+33162000000")
    desk.tell(ev.CampaignChanged(at=desk.now, settings=other, state=CampaignState.RUNNING))
    line = desk.agent()
    desk.talk("c-1", line)
    desk.hang_up("c-1")
    desk.hold(line)
    desk.tell(ev.AgentChanged(at=desk.now, settings=ev.AgentSettings("a1", "c2", "phone-a1")))
    assert desk.state() is AgentState.WRAP_UP
    desk.wait(30)
    assert desk.floor.decide("c1", desk.now)[0].dial == 0
    assert desk.floor.decide("c2", desk.now)[0].dial == 1


def test_an_agent_who_is_not_logged_in_cannot_be_made_ready() -> None:
    desk = Desk()
    desk.tell(ev.AgentChanged(at=desk.now, settings=ev.AgentSettings("a1", "c1", "phone-1")))
    with pytest.raises(DialerError, match="is not logged in"):
        desk.tell(ev.AgentReadyRequested(at=desk.now, agent_id="a1"))


def test_a_stranger_is_refused_with_a_hint() -> None:
    with pytest.raises(DialerError, match=r"no agent 'nobody'.*dialer agents list"):
        Desk().tell(ev.AgentCallRequested(at=0, agent_id="nobody"))


def test_a_disposition_without_a_call_is_refused() -> None:
    desk = Desk()
    desk.agent()
    with pytest.raises(DialerError, match="has had no call"):
        desk.tell(ev.Disposed(at=desk.now, agent_id="a1", disposition="sale"))
