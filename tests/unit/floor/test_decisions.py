"""Decisions: what binds them outside pacing, what is kept of them, what pacers remember."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

import pacing
from dialer.errors import DialerError
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.campaign import bounds
from dialer.floor.decisions import ROWS_BURST, ROWS_PER_S, Room
from dialer.floor.reasons import LANGUAGES, OUTSIDE_PACING, sentence
from dialer.floor.words import CampaignState, LineMode, Result
from dialer.rules.abandonment import Counts
from dialer.rules.tally import own_law
from tests.unit.floor.desk import Desk


def decide(desk: Desk, room: Room | None = None) -> pacing.Decision:
    """One decision, carried out as it is."""
    decision, caused = desk.floor.decide("c1", desk.now, room or Room())
    desk.commands += caused
    desk.commands += desk.floor.decided("c1", decision)
    return decision


def team(desk: Desk, agents: int = 3) -> None:
    for number in range(agents):
        desk.agent(f"a{number}")


def rows(desk: Desk) -> list[cmd.RecordDecision]:
    return [command for command in desk.commands if isinstance(command, cmd.RecordDecision)]


def memories(desk: Desk) -> list[cmd.RecordMemory]:
    return [command for command in desk.commands if isinstance(command, cmd.RecordMemory)]


def counted(desk: Desk, counts: Counts) -> None:
    """The record held this of today when the daemon started."""
    today = datetime.fromtimestamp(desk.now, UTC).date()
    desk.tell(ev.LawTold(at=desk.now, campaign_id="c1", law=own_law(0.03), counted={today: counts}))


def change(desk: Desk, **settings: object) -> None:
    desk.settings = replace(desk.settings, **settings)  # type: ignore[arg-type]
    desk.tell(ev.CampaignChanged(at=desk.now, settings=desk.settings, state=CampaignState.RUNNING))


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_every_setting_of_pacing_reaches_the_pacer() -> None:
    desk = Desk(max_ratio=1.5, min_agents_for_predictive=6, abandonment_target=0.02, cancel_after_s=15.0, max_lines=9)
    told = bounds(desk.settings)
    assert (told.max_ratio, told.min_agents_for_predictive, told.max_lines) == (1.5, 6, 9)
    assert (told.abandonment_limit, told.may_cancel, told.min_ring_s) == (0.02, True, 15.0)
    assert not bounds(replace(desk.settings, cancel_after_s=None)).may_cancel


def test_a_target_above_the_limit_does_not_raise_it() -> None:
    assert bounds(replace(Desk().settings, abandonment_target=0.05)).abandonment_limit == 0.03


def test_a_bound_changed_while_running_holds_at_the_next_decision() -> None:
    desk = Desk()
    team(desk)
    assert decide(desk).dial == 3
    change(desk, max_lines=2)
    assert (decide(desk).dial, decide(desk).reason) == (2, "trunk_full")


def test_a_call_is_given_up_only_when_it_has_rung_as_long_as_was_asked() -> None:
    """1. The only agent talks while three calls are dialed. 2. The network says after 4 s that two of them ring.
    3. Nobody will be free: 15 s after their first ring, not after their dialing, both are hung up; the third is not.
    """
    desk = Desk(policy="predictive", cancel_after_s=15.0)
    desk.talk("t", desk.agent())
    desk.dial("c1", "c2", "silent")
    desk.wait(4.0)
    for name in ("c1", "c2"):
        desk.tell(ev.CallRinging(at=desk.now, attempt_id=name))
    given_up = {}
    for second in range(5, 25):
        desk.wait(1.0)
        given_up[second] = [c.channel_id for c in desk.floor.decide("c1", desk.now)[1] if isinstance(c, cmd.HangUp)]
    assert {second: names for second, names in given_up.items() if names} == {19: ["c1", "c2"]}
    desk.hang_up("c1")
    assert desk.outcomes()["c1"].result is Result.CANCELLED


def test_nothing_is_given_up_unless_it_was_asked_for() -> None:
    desk = Desk(policy="predictive")
    desk.talk("t", desk.agent())
    desk.dial("c1", "c2")
    desk.tell(ev.CallRinging(at=desk.now, attempt_id="c1"))
    for _ in range(24):
        desk.wait(1.0)
        assert desk.floor.decide("c1", desk.now)[0].cancel == ()


def test_room_outside_pacing_binds_and_is_the_reason() -> None:
    desk = Desk()
    team(desk)
    assert decide(desk, Room(1, "all_lines")) == replace(decide(desk), dial=1, reason="all_lines")
    assert decide(desk, Room(3, "all_lines")).reason == "progressive"


def test_a_team_with_an_agent_who_is_rung_per_call_is_dialed_progressively() -> None:
    desk = Desk(policy="ratio", ratio=3.0)
    counted(desk, Counts(connected=1000))
    desk.agent("a1")
    assert (decide(desk).dial, decide(desk).reason) == (3, "ratio")
    desk.agent("a2", LineMode.ON_HOOK)
    assert (decide(desk).dial, decide(desk).reason) == (2, "on_hook")
    desk.tell(ev.AgentLogoutRequested(at=desk.now, agent_id="a2"))
    assert decide(desk).dial == 3


@pytest.mark.parametrize(("abandoned", "dial", "reason"), [(0, 4, "ratio"), (1, 4, "ratio"), (3, 2, "law")])
def test_a_policy_that_knows_no_limit_is_held_back_before_the_law_is_broken(
    abandoned: int, dial: int, reason: str
) -> None:
    desk = Desk(policy="ratio", ratio=2.0)
    counted(desk, Counts(connected=99, abandoned=abandoned))
    team(desk, 2)
    decision = decide(desk)
    assert (decision.dial, decision.reason) == (dial, reason)
    assert decision.inputs["law_budget"] == 3 - abandoned


def test_preview_dials_only_what_an_agent_asks_for() -> None:
    desk = Desk(policy="preview")
    team(desk)
    assert decide(desk).dial == 0
    desk.tell(ev.CallWanted(at=desk.now, agent_id="a1"))
    assert decide(desk).dial == 1
    assert decide(desk).dial == 0


def test_asking_for_a_call_elsewhere_is_refused() -> None:
    desk = Desk()
    team(desk, 1)
    with pytest.raises(DialerError, match="preview"):
        desk.tell(ev.CallWanted(at=desk.now, agent_id="a0"))


# --- sentences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", OUTSIDE_PACING)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_own_sentence(reason: str, language: str) -> None:
    told = sentence(pacing.Decision(2, (), 0.0, reason, {}), language)
    assert told.startswith({"en": "Dial 2 calls: ", "fr": "Composer 2 appels : "}[language])
    assert OUTSIDE_PACING[reason][language] in told


def test_reasons_of_pacing_are_told_by_pacing() -> None:
    decision = pacing.Decision(1, (), 0.0, "trunk_full", {})
    assert sentence(decision, "fr") == pacing.explain(decision, "fr")


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_quiet_floor_has_every_dialing_decision_on_record() -> None:
    desk = Desk()
    team(desk, 1)
    for _ in range(30):
        desk.now += 3.0
        decide(desk)
    assert [row.at for row in rows(desk)] == [rows(desk)[0].at + 3.0 * n for n in range(30)]
    assert all(row.inputs["policy"] == "auto" and "law_budget" in row.inputs for row in rows(desk))


def test_rows_are_bounded_and_those_left_out_are_counted() -> None:
    desk = Desk()
    team(desk, 1)
    for _ in range(5000):
        desk.now += 0.1
        decide(desk)
    kept = rows(desk)
    assert len(kept) <= ROWS_BURST + 500 * ROWS_PER_S + 1
    left_out = sum(int(row.inputs.get("unrecorded", 0)) for row in kept)
    assert 5000 - 60 <= left_out + len(kept) <= 5000


def test_an_unchanged_reason_without_a_call_is_recorded_once() -> None:
    desk = Desk()
    for _ in range(100):
        desk.now += 1.0
        decide(desk)
    assert [row.reason for row in rows(desk)] == ["no_agents"]


# --- memory -----------------------------------------------------------------------------------------------------------


def busy(desk: Desk, calls: int = 30) -> None:
    """Agents talk, so that there is something to learn."""
    for number in range(calls):
        desk.now += 5.0
        desk.talk(f"x{number}", "line-a0")
        desk.now += 60.0
        desk.hang_up(f"x{number}")
        desk.hold("line-a0")
        desk.tell(ev.AgentReadyRequested(at=desk.now, agent_id="a0"))


def learned_talks(memory: bytes) -> float:
    """What earlier talks count for in a pacer that begins with this memory."""
    pacer = pacing.create("auto", memory=memory)
    return float(pacer.learner.talk.count)  # type: ignore[attr-defined]


def test_what_was_learned_is_handed_over_when_wanted_and_taken_back_at_the_next_start() -> None:
    desk = Desk()
    team(desk, 1)
    busy(desk)
    desk.tell(ev.MemoryWanted(at=desk.now))
    kept = memories(desk)[-1]
    assert (kept.campaign_id, kept.policy) == ("c1", "auto")
    again = Desk()
    again.tell(
        ev.CampaignChanged(
            at=again.now,
            settings=replace(again.settings, campaign_id="c2"),
            state=CampaignState.RUNNING,
            memory=kept.memory,
        )
    )
    again.tell(ev.MemoryWanted(at=again.now))
    fresh, warm = (learned_talks(memory.memory) for memory in memories(again))
    assert fresh == 0.0 < warm < learned_talks(kept.memory)  # other days count for less than this one


def test_the_end_of_a_window_keeps_the_memory() -> None:
    desk = Desk(policy="predictive")
    desk.now += 86400
    decide(desk)
    assert [kept.policy for kept in memories(desk)] == ["predictive"]


def test_a_fixed_policy_has_no_memory_and_does_not_wipe_one() -> None:
    desk = Desk(policy="progressive")
    desk.tell(ev.MemoryWanted(at=desk.now))
    assert memories(desk) == []


def test_another_policy_counts_people_who_talk_once() -> None:
    desk = Desk(policy="progressive")
    for number in range(3):
        desk.talk(f"t{number}", desk.agent(f"a{number}"))

    change(desk, policy="auto")

    assert decide(desk).inputs["answered"] == 3


def test_another_policy_goes_on_with_the_budget_of_the_day_and_with_what_was_learned() -> None:
    desk = Desk()
    counted(desk, Counts(connected=190, abandoned=1))
    team(desk, 1)
    busy(desk, 10)
    before = decide(desk).inputs
    change(desk, policy="progressive")
    change(desk, policy="predictive")
    after = decide(desk).inputs
    assert (before["answered"], before["abandoned"]) == (after["answered"], after["abandoned"]) == (201, 1)
    assert before["law_budget"] == after["law_budget"] == 5
    desk.tell(ev.MemoryWanted(at=desk.now))
    assert learned_talks(memories(desk)[-1].memory) > 0.0


def test_a_damaged_memory_is_refused() -> None:
    desk = Desk()
    damaged = ev.CampaignChanged(
        at=desk.now, settings=replace(desk.settings, campaign_id="c9"), state=CampaignState.RUNNING, memory=b"noise"
    )
    with pytest.raises(pacing.PacingError):
        desk.tell(damaged)
