"""The compact set that counts repetitions in a file."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.keys import Keys

KEY = st.integers(1, 2**64 - 1) | st.integers(33_142_000_000, 33_142_000_050)


@given(st.lists(st.lists(KEY, max_size=20), max_size=4))
def test_a_key_is_new_once(batches: list[list[int]]) -> None:
    ours, known = Keys(), set[int]()
    for keys in batches:
        expected = []
        for key in keys:
            expected.append(key not in known)
            known.add(key)
        assert ours.add(keys) == expected


def test_what_was_known_is_known_after_the_set_has_grown() -> None:
    ours, numbers = Keys(), range(33_600_000_000, 33_600_020_000)
    assert all(ours.add(numbers))
    assert not any(ours.add(numbers))
    assert ours.add([33_600_020_000, 33_600_020_000]) == [True, False]
