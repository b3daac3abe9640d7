"""Whoever tries PINs is slowed down; whoever knows theirs is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.control import pin_guard
from dialer.control.pin_guard import PinGuard


def test_the_bound_of_wrong_pins_locks_for_the_time_of_the_lockout() -> None:
    guard = PinGuard(tries=3, lockout_s=300.0)
    for at in (0.0, 1.0, 2.0):
        assert not guard.locked("101", at)
        guard.failed("101", at)

    assert guard.locked("101", 2.0)
    assert guard.locked("101", 301.9)
    assert not guard.locked("101", 302.0)
    assert not guard.locked("102", 2.0)


def test_after_the_lockout_the_tries_begin_anew() -> None:
    guard = PinGuard(tries=2, lockout_s=10.0)
    guard.failed("101", 0.0)
    guard.failed("101", 0.0)
    guard.failed("101", 20.0)

    assert not guard.locked("101", 20.0)


def test_the_right_pin_forgives_the_wrong_ones() -> None:
    guard = PinGuard(tries=2, lockout_s=10.0)
    guard.failed("101", 0.0)
    guard.passed("101")
    guard.failed("101", 1.0)

    assert not guard.locked("101", 1.0)


def test_its_memory_is_bounded_and_the_latest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin_guard, "MAX_REMEMBERED", 10)
    guard = PinGuard(tries=1, lockout_s=10.0)
    for number in range(100):
        guard.failed(str(number), 0.0)

    assert [number for number in range(100) if guard.locked(str(number), 0.0)] == list(range(90, 100))


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=50).map(sorted), st.integers(1, 5))
def test_nobody_gets_more_than_the_bound_of_tries_within_a_lockout(times: list[float], tries: int) -> None:
    guard = PinGuard(tries, lockout_s=100.0)
    tried = []
    for at in times:
        if not guard.locked("101", at):
            guard.failed("101", at)
            tried.append(at)

    assert all(later - first >= 100.0 for first, later in zip(tried, tried[tries:], strict=False)) or tries > 1
    assert len([at for at in tried if at < tried[0] + 100.0]) <= 2 * tries - 1
