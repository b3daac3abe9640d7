"""Lists get their weight's share of the calls, and none makes up for a time in which it had nothing."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.turns import Share, Turns


def choose(shares: list[Share], lists: set[int], count: int) -> Counter[int]:
    """One choice of so many leads from these lists; what is kept of it is kept in ``shares``."""
    turns = Turns(shares)
    taken = turns.shares(lists, count)
    for list_id, calls in taken.items():
        for _ in range(calls):
            turns.took(list_id)
    for moved in turns.moved:
        shares[[share.list_id for share in shares].index(moved.list_id)] = moved
    return taken


def test_three_to_one() -> None:
    assert choose([Share(1, 3, 0.0), Share(2, 1, 0.0)], {1, 2}, 40) == {1: 30, 2: 10}


def test_a_list_of_weight_zero_rests() -> None:
    assert Turns([Share(1, 3, 0.0), Share(2, 0, 0.0)]).lists == (1,)


def test_a_list_that_had_nothing_due_does_not_make_up_for_it() -> None:
    shares = [Share(1, 1, 0.0), Share(2, 1, 0.0)]
    for _ in range(100):
        choose(shares, {1}, 10)
    assert choose(shares, {1, 2}, 20)[2] <= 11


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_shares_are_kept_over_choices_of_any_size_to_one_call_for_each_list(
    weights: list[int], sizes: list[int]
) -> None:
    shares = [Share(at, weight, 0.0) for at, weight in enumerate(weights)]
    taken: Counter[int] = Counter()
    for size in sizes:
        taken += choose(shares, set(range(len(weights))), size)
    for at, weight in enumerate(weights):
        assert abs(taken[at] - sum(sizes) * weight / sum(weights)) <= len(weights)
