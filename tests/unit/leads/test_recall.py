"""What becomes of a lead after an attempt: which number, when."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.floor.commands import RecordOutcome
from dialer.floor.words import Result
from dialer.leads.pickup import Cell, PickupRates, Seen
from dialer.leads.recall import ABANDONED_S, BUSY_S, Lead, LeadNumber, LeadState, Next, Strategy, Try, after
from dialer.leads.slots import EVENING, Slot, slot_of
from dialer.rules import load_preset, locate, next_opening

PARIS = "Europe/Paris"
FR = load_preset("fr")
HOME = locate("+33142000001", None)
REUNION = locate("+262262000001", None)


def at(text: str) -> float:
    """Seconds since the epoch of a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


MONDAY_NOON = at("2026-11-23T10:30:00")  # 11:30 in Paris
OUTCOME = RecordOutcome(
    *("a", "acme", 1, "+33142000001", Result.NO_ANSWER, None, False, None, 19),
    *(MONDAY_NOON, None, None, None, MONDAY_NOON + 20, None, True, False),
)
STRATEGY = Strategy(FR, 20, PickupRates())


def home(position: int = 0, kind: str = "landline", *, dead: bool = False) -> LeadNumber:
    return LeadNumber(position, kind, "FR", HOME, dead)


def lead(*tries: Try, numbers: tuple[LeadNumber, ...] = (home(),)) -> Lead:
    made = tries or (Try(MONDAY_NOON, 0, Result.NO_ANSWER),)
    return Lead(1, made[-1].position, numbers, made)


def worked(tries: int, strategy: Strategy = STRATEGY, lead_id: int = 1) -> list[Try]:
    """The tries of a lead that never picks up, each made when it is due."""
    made = [Try(MONDAY_NOON, 0, Result.NO_ANSWER)]
    while len(made) < tries:
        outcome = replace(OUTCOME, reserved_at=made[-1].at, ended_at=made[-1].at + 20)
        what = after(outcome, replace(lead(*made), lead_id=lead_id), strategy)
        assert what.state is LeadState.DUE
        made.append(Try(what.at, what.position, Result.NO_ANSWER))
    return made


def is_legal(moment: float) -> bool:
    then = datetime.fromtimestamp(moment, UTC)
    return next_opening(FR, (PARIS,), then) == then


# --- when ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10_000))
def test_as_many_tries_as_slots_are_as_many_different_slots(lead_id: int) -> None:
    slots = [slot_of(each.at, PARIS) for each in worked(20, lead_id=lead_id)]

    assert len(set(slots)) == 20


def test_every_recall_is_at_a_legal_hour_and_within_the_law_of_30_days() -> None:
    made = worked(20)
    days = [datetime.fromtimestamp(each.at, UTC).astimezone().date() for each in made]

    assert all(is_legal(each.at) for each in made)
    assert all((days[n + 4] - days[n]).days >= 30 for n in range(len(days) - 4))
    assert (days[-1] - days[0]).days >= 120, "regulation 1.3: the twentieth try cannot come before day 120"


def test_nobody_at_home_is_tried_on_another_weekday_in_another_half_of_the_day() -> None:
    what = after(OUTCOME, lead(), STRATEGY)

    first, second = slot_of(MONDAY_NOON, PARIS), slot_of(what.at, PARIS)
    assert second.weekday != first.weekday
    assert second.half != first.half


def test_the_busy_are_tried_in_minutes_but_not_a_third_time() -> None:
    busy = replace(OUTCOME, result=Result.BUSY)
    first = after(busy, lead(Try(MONDAY_NOON, 0, Result.BUSY)), STRATEGY)
    second = after(busy, lead(*[Try(MONDAY_NOON + n * 900, 0, Result.BUSY) for n in range(2)]), STRATEGY)

    assert first.at == busy.ended_at + BUSY_S
    assert second.at > busy.ended_at + 20 * 3600


def test_what_is_soon_after_the_window_is_at_the_next_opening() -> None:
    late = at("2026-11-23T11:59:00")  # 12:59 in Paris
    what = after(replace(OUTCOME, result=Result.BUSY, ended_at=late), lead(Try(late - 20, 0, Result.BUSY)), STRATEGY)

    assert what.at == at("2026-11-23T13:00:00")


@pytest.mark.parametrize("result", [Result.CONGESTION, Result.FAILED])
def test_trouble_of_the_network_is_tried_soon(result: Result) -> None:
    what = after(replace(OUTCOME, result=result), lead(Try(MONDAY_NOON, 0, result)), STRATEGY)

    assert 0 < what.at - OUTCOME.ended_at <= 600


def test_a_machine_is_called_in_the_evening() -> None:
    talk = replace(OUTCOME, result=Result.ANSWERED, connected_at=MONDAY_NOON, disposition="machine")

    what = after(talk, lead(Try(MONDAY_NOON, 0, Result.ANSWERED)), STRATEGY)

    assert slot_of(what.at, PARIS).part == EVENING


def test_an_abandoned_person_rests_72_hours() -> None:
    what = after(replace(OUTCOME, result=Result.ANSWERED, abandoned=True), lead(), STRATEGY)

    assert what.at >= OUTCOME.ended_at + ABANDONED_S


def test_a_learned_hour_is_preferred() -> None:
    best = Slot(3, 3)  # Thursday, 14 to 16
    others = [Seen(Cell("FR", "landline", Slot(day, 3)), 400, 40) for day in (0, 1, 2, 4)]
    rates = PickupRates([Seen(Cell("FR", "landline", best), 400, 380), *others])

    what = after(OUTCOME, lead(), Strategy(FR, 20, rates))

    assert slot_of(what.at, PARIS) == best
    assert "90%" in what.reason


def test_hours_are_the_called_persons() -> None:
    there = LeadNumber(0, "landline", "RE", REUNION)

    what = after(OUTCOME, lead(numbers=(there,)), STRATEGY)

    local = datetime.fromtimestamp(what.at, UTC).hour + 4
    assert local in {10, 11, 12, 14, 15, 16, 17, 18, 19}
    assert next_opening(FR, REUNION.zones, datetime.fromtimestamp(what.at, UTC)) is not None


def test_tries_of_many_leads_are_spread_over_the_slot() -> None:
    moments = {after(OUTCOME, replace(lead(), lead_id=n), STRATEGY).at for n in range(100)}

    assert len(moments) > 90


# --- which number -------------------------------------------------------------------------------------------------


def test_a_number_tried_in_vain_gives_way_to_another() -> None:
    made = [Try(MONDAY_NOON + n * 86_400, 0, Result.NO_ANSWER) for n in range(3)]

    what = after(OUTCOME, lead(*made, numbers=(home(0), home(1))), STRATEGY)

    assert what.position == 1


def test_a_number_that_does_not_exist_gives_way_at_once_and_is_no_treatment() -> None:
    invalid = replace(OUTCOME, result=Result.INVALID_NUMBER)
    gone = Try(MONDAY_NOON, 0, Result.INVALID_NUMBER)

    what = after(invalid, lead(gone, numbers=(home(0, dead=True), home(3), home(5))), replace(STRATEGY, max_attempts=1))

    assert (what.state, what.position, what.at) == (LeadState.DUE, 3, invalid.ended_at)


def test_a_wrong_number_leaves_the_others() -> None:
    wrong = replace(OUTCOME, result=Result.ANSWERED, connected_at=MONDAY_NOON, disposition="wrong_number")

    what = after(wrong, lead(numbers=(home(0, dead=True), home(1))), STRATEGY)
    last = after(wrong, lead(numbers=(home(0, dead=True),)), STRATEGY)

    assert (what.state, what.position) == (LeadState.DUE, 1)
    assert last.state is LeadState.FINISHED


# --- whether ------------------------------------------------------------------------------------------------------

RESULTS = st.sampled_from(Result)
DISPOSITIONS = st.sampled_from([None, "sale", "refusal", "machine", "wrong_number", "callback"])


@st.composite
def leads(draw: st.DrawFn) -> Lead:
    positions = draw(st.lists(st.integers(0, 8), min_size=1, max_size=4, unique=True))
    numbers = tuple(home(position, dead=draw(st.booleans())) for position in sorted(positions))
    starts = sorted(draw(st.lists(st.floats(1.7e9, MONDAY_NOON), min_size=1, max_size=25)))
    tries = [Try(start, draw(st.sampled_from(positions)), draw(RESULTS)) for start in starts]
    return Lead(draw(st.integers(1, 99)), tries[-1].position, numbers, tuple(tries))


def decided(
    result: Result,
    disposition: str | None,
    lead: Lead,
    max_attempts: int,
    *,
    dialed: bool = True,
    opted_out: bool = False,
) -> Next:
    outcome = replace(OUTCOME, result=result, disposition=disposition, dialed=dialed, opted_out=opted_out)
    return after(outcome, lead, replace(STRATEGY, max_attempts=max_attempts))


@given(RESULTS, DISPOSITIONS, st.booleans(), leads(), st.integers(1, 25))
def test_a_lead_dials_only_living_numbers_of_its_own_and_never_too_often(
    result: Result, disposition: str | None, dialed: bool, lead: Lead, max_attempts: int
) -> None:
    what = decided(result, disposition, lead, max_attempts, dialed=dialed)

    assert what.at >= OUTCOME.ended_at
    if not dialed:
        assert (what.state, what.position) == (LeadState.DUE, lead.position)
    elif what.state is LeadState.DUE:
        assert what.position in {number.position for number in lead.numbers if not number.dead}
        treatments = sum(each.result is not Result.INVALID_NUMBER for each in lead.tries)
        assert treatments < max_attempts or result is Result.INVALID_NUMBER


@given(RESULTS, DISPOSITIONS, leads())
def test_who_wants_no_calls_is_never_recalled(result: Result, disposition: str | None, lead: Lead) -> None:
    assert decided(result, disposition, lead, 20, opted_out=True).state is LeadState.FINISHED
    assert decided(result, "refusal", lead, 20).state is LeadState.FINISHED


@given(RESULTS, leads())
def test_what_is_planned_is_legal(result: Result, lead: Lead) -> None:
    what = decided(result, None, lead, 26)

    if what.state is LeadState.DUE and result is not Result.INVALID_NUMBER:
        assert is_legal(what.at)
