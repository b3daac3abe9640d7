"""Lists get their weight's share of the calls, and none makes up for a time in which it had nothing."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.turns import Share, Turns


def calls(turns: Turns, lists: set[int], count: int) -> Counter[int]:
    taken: Counter[int] = Counter()
    for _ in range(count):
        chosen = turns.next_of(lists)
        turns.took(chosen)
        taken[chosen] += 1
    return taken


def test_three_to_one() -> None:
    turns = Turns([Share(1, 3, 0.0), Share(2, 1, 0.0)])
    assert calls(turns, {1, 2}, 40) == {1: 30, 2: 10}


def test_a_list_of_weight_zero_rests() -> None:
    assert Turns([Share(1, 3, 0.0), Share(2, 0, 0.0)]).lists == (1,)


def test_a_list_that_had_nothing_due_does_not_make_up_for_it() -> None:
    turns = Turns([Share(1, 1, 0.0), Share(2, 1, 0.0)])
    calls(turns, {1}, 1000)
    assert calls(turns, {1, 2}, 20)[2] <= 11


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6), st.integers(1, 400))
def test_shares_are_kept_to_one_call_for_each_list(weights: list[int], count: int) -> None:
    turns = Turns([Share(at, weight, 0.0) for at, weight in enumerate(weights)])
    taken = calls(turns, set(range(len(weights))), count)
    for at, weight in enumerate(weights):
        assert abs(taken[at] - count * weight / sum(weights)) <= len(weights)


@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1e6)), min_size=2, max_size=5))
def test_it_goes_on_where_it_stopped(shares: list[tuple[int, float]]) -> None:
    whole = Turns([Share(at, weight, turn) for at, (weight, turn) in enumerate(shares)])
    lists = set(range(len(shares)))
    stopped = [Share(at, weight, turn) for at, (weight, turn) in enumerate(shares)]
    for _ in range(30):
        chosen = whole.next_of(lists)
        again = Turns(stopped)
        assert again.next_of(lists) == chosen
        whole.took(chosen)
        again.took(chosen)
