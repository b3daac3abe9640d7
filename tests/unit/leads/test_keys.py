"""The compact set that counts repetitions in a file."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.keys import Keys

KEY = st.integers(0, 2**64 - 1) | st.integers(33_142_000_000, 33_142_000_050)


@given(st.lists(KEY, max_size=200))
def test_a_key_is_new_once(keys: list[int]) -> None:
    ours, known = Keys(), set[int]()
    for key in keys:
        assert ours.add(key) is (key not in known)
        known.add(key)
