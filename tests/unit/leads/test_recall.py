"""What becomes of a lead after an attempt."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dialer.floor.commands import RecordOutcome
from dialer.floor.words import Result
from dialer.leads.recall import Lead, LeadState, after

OUTCOME = RecordOutcome(
    *("a", "acme", 1, "+33612345678", Result.BUSY, None, False, None, 17),
    *(100.0, None, None, None, 120.0, None, True, False),
)
positions = st.lists(st.integers(0, 8), min_size=1, max_size=9, unique=True).map(sorted).map(tuple)


@given(st.sampled_from(Result), st.booleans(), positions, st.data())
def test_a_lead_dials_only_its_own_later_numbers_and_ends(
    result: Result, dialed: bool, positions: tuple[int, ...], data: st.DataObject
) -> None:
    lead = Lead(1, data.draw(st.sampled_from(positions)), positions, 1)

    what = after(replace(OUTCOME, result=result, dialed=dialed), lead)

    assert what.position in positions
    assert what.state is not LeadState.RESERVED
    if not dialed:
        assert (what.state, what.position) == (LeadState.DUE, lead.position)
    elif what.state is LeadState.DUE:
        assert result is Result.INVALID_NUMBER
        assert what.position > lead.position


def test_a_gap_between_positions_is_stepped_over() -> None:
    what = after(replace(OUTCOME, result=Result.INVALID_NUMBER), Lead(1, 0, (0, 3, 5), 1))

    assert (what.state, what.position, what.at) == (LeadState.DUE, 3, 120.0)
