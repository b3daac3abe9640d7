"""Alerts are raised after a hold, resolved after a while, and do not flap in between."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.alerts.board import Alert, Board, Change, NoSuchAlertError, Silence
from dialer.alerts.words import Reading, Severity, Step
from dialer.config_telling import Alerts

SETTINGS = Alerts(hold_s=5, clear_s=10, hysteresis_pct=10)
STEPS = (Step(10.0, Severity.WARNING), Step(20.0, Severity.CRITICAL))


def board() -> Board:
    """A board whose alerts are numbered."""
    numbers = iter(range(1, 1000))
    return Board(SETTINGS, lambda: f"id{next(numbers)}")


def look(board: Board, at: float, value: float | None, **more: object) -> list[Change]:
    """One look at a subject with this value; None: nothing is read of it."""
    readings = [] if value is None else [("trunk_slow", Reading(subject="t1", value=value, steps=STEPS, **more))]  # type: ignore[arg-type]
    return board.judge(readings, at)


def told(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(change.state, change.alert.alert_id, str(change.alert.severity)) for change in changes]


def test_a_bound_that_is_crossed_for_the_hold_time_raises_once() -> None:
    b = board()
    assert look(b, 0, 11) == []
    assert look(b, 4.9, 12) == []
    (raised,) = look(b, 5, 12)
    assert look(b, 6, 13) == []

    assert (raised.state, raised.alert.since, raised.alert.raised_at) == ("raised", 0, 5)
    assert (raised.alert.value, raised.alert.threshold) == (12, 10)


def test_a_short_crossing_raises_nothing() -> None:
    b = board()
    look(b, 0, 11)
    look(b, 3, 5)
    assert look(b, 6, 11) == []
    assert look(b, 10.9, 11) == []
    assert told(look(b, 11, 11)) == [("raised", "id1", "warning")]


def test_it_is_resolved_only_past_the_hysteresis_and_after_the_clear_time() -> None:
    b = board()
    look(b, 0, 11)
    look(b, 5, 11)
    assert look(b, 6, 9.5) == []
    assert look(b, 30, 9.5) == []  # within 10 % of the bound: it stands
    assert look(b, 31, 8.9) == []
    assert look(b, 40, 8.9) == []
    (resolved,) = look(b, 41, 8.9)

    assert (resolved.state, resolved.alert.alert_id, resolved.alert.resolved_at) == ("resolved", "id1", 41)
    assert b.standing == ()


def test_worse_is_told_with_the_same_id_and_asks_for_a_new_acknowledgement() -> None:
    b = board()
    look(b, 0, 11)
    look(b, 5, 11)
    b.acknowledge("id1", "nadia", 6)
    look(b, 7, 25)
    (worse,) = look(b, 12, 25)

    assert told([worse]) == [("changed", "id1", "critical")]
    assert worse.alert.acknowledged_by == ""


def test_a_subject_that_is_gone_is_well_again() -> None:
    b = board()
    look(b, 0, 11)
    look(b, 5, 11)
    assert look(b, 6, None) == []
    assert told(look(b, 16, None)) == [("resolved", "id1", "warning")]


def test_falling_values_are_the_same_upside_down() -> None:
    b = board()
    steps = (Step(10.0, Severity.WARNING),)

    def fall(at: float, value: float) -> list[Change]:
        reading = Reading(value=value, steps=steps, falling=True, hold_s=0.0)
        return b.judge([("disk_full_soon", reading)], at)

    assert told(fall(0, 9)) == [("raised", "id1", "warning")]
    assert fall(20, 10.9) == []
    assert fall(40, 11.1) == []
    assert told(fall(50, 11.1)) == [("resolved", "id1", "warning")]


def test_a_silenced_alert_is_told_when_the_silence_ends_and_not_before() -> None:
    b = board()
    b.silence(Silence("trunk_slow", "system", until=100, by="karim"))
    look(b, 0, 11)
    assert look(b, 5, 11) == []
    assert [alert.silenced for alert in b.standing] == [True]
    assert told(look(b, 100, 11)) == [("raised", "id1", "warning")]


def test_of_an_alert_that_came_and_went_in_silence_nobody_hears() -> None:
    b = board()
    b.silence(Silence("*", "*", until=100, by="karim"))
    look(b, 0, 11)
    look(b, 5, 11)
    look(b, 10, 1)
    assert look(b, 20, 1) == []
    assert b.standing == ()


def test_an_alert_that_was_told_is_resolved_aloud_though_it_is_silenced_since() -> None:
    b = board()
    look(b, 0, 11)
    look(b, 5, 11)
    b.silence(Silence("trunk_slow", "*", until=100, by="karim"))
    look(b, 6, 1)
    assert told(look(b, 16, 1)) == [("resolved", "id1", "warning")]


def test_acknowledging_what_does_not_stand_is_refused() -> None:
    with pytest.raises(NoSuchAlertError, match="id9"):
        board().acknowledge("id9", "nadia", 0)


def restarted(before: Board) -> Board:
    """The board of a daemon that goes on where this one ended."""
    after = board()
    after.restore(before.standing, before.silences)
    return after


def test_after_a_restart_an_alert_keeps_its_id_until_it_is_resolved() -> None:
    before = board()
    look(before, 0, 11)
    look(before, 5, 11)
    after = restarted(before)

    assert look(after, 10, 11) == []
    look(after, 20, 1)
    assert told(look(after, 30, 1)) == [("resolved", "id1", "warning")]


def test_after_a_restart_a_critical_alert_is_not_told_again_though_nothing_is_worse() -> None:
    before = board()
    look(before, 0, 25)
    look(before, 5, 25)
    assert [str(alert.severity) for alert in before.standing] == ["critical"]
    after = restarted(before)
    after.acknowledge("id1", "nadia", 9)

    assert [look(after, at, 25) for at in (10, 15, 20, 60)] == [[], [], [], []]
    (stands,) = after.standing
    assert (str(stands.severity), stands.threshold, stands.acknowledged_by) == ("critical", 20, "nadia")
    look(after, 61, 12)
    assert told(look(after, 71, 12)) == [("changed", "id1", "warning")]


def test_after_a_restart_what_is_worse_than_it_was_is_told() -> None:
    before = board()
    look(before, 0, 11)
    look(before, 5, 11)
    after = restarted(before)
    look(after, 10, 25)
    assert told(look(after, 15, 25)) == [("changed", "id1", "critical")]


def _alive(changes: list[Change], known: dict[str, Alert]) -> Iterator[str]:
    for change in changes:
        alert = change.alert
        if change.state == "raised":
            assert alert.alert_id not in known
        else:
            assert alert.alert_id in known
        known[alert.alert_id] = alert
        if change.state == "resolved":
            del known[alert.alert_id]
            yield alert.alert_id


@given(st.lists(st.tuples(st.floats(0.1, 20), st.one_of(st.none(), st.floats(0, 30))), max_size=60))
def test_what_was_told_and_not_resolved_is_what_stands(course: list[tuple[float, float | None]]) -> None:
    b = board()
    known: dict[str, Alert] = {}
    gone: list[str] = []
    now = 0.0
    for step, value in course:
        now += step
        gone += _alive(look(b, now, value), known)
        assert {alert.alert_id for alert in b.standing} == set(known)
    assert len(gone) == len(set(gone))
