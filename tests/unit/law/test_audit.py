"""The audit proves from the record that the law was kept, and finds every way in which it may have been broken."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dialer.floor.commands import RecordStep
from dialer.floor.events import NewAttempt
from dialer.floor.words import AttemptState, Result
from dialer.store import Store, auditing, consents, dnc, open_store
from dialer.store.auditing import PAGE, Breach, Span
from dialer.store.consents import Origin
from dialer.store.erasing import erase
from dialer.store.law import LawSettings
from tests.unit.store.helpers import ended, number, rows
from tests.unit.store.test_gate import DAY_S, ON_MONDAY, campaign, people

EARLIER = """
INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, ended_at, result, dialed)
SELECT ?, 'one', id, ?, ?, ?, 'no_answer', 1 FROM leads LIMIT 1
"""
MONTH = Span("one", ON_MONDAY - DAY_S, ON_MONDAY + 30 * DAY_S)
BEFORE_LUNCH = ON_MONDAY + 2 * 3600 - 31  # 12:59:29, the last call of the morning but one second


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: ON_MONDAY) as opened:
        await campaign(opened)
        yield opened


async def called(store: Store, count: int = 1, at: float = ON_MONDAY) -> list[NewAttempt]:
    """Leads that were called and did not pick up."""
    await people(store, count)
    attempts = [*await store.reserve("one", count, at)]
    assert len(attempts) == count
    store.record([RecordStep(a.attempt_id, at + 0.2, AttemptState.DIALING, "originate sent", None) for a in attempts])
    store.record([ended(attempt, ended_at=at + 25.2) for attempt in attempts])
    await store.flush()
    return attempts


async def audited(store: Store, span: Span = MONTH) -> tuple[int, list[Breach]]:
    law, last, attempts = await store.law("one"), (float("-inf"), ""), 0
    found: list[Breach] = []
    while page := await store.read(lambda db: auditing.examine(db, law, span, last)):  # noqa: B023 - read at once
        attempts, last = attempts + page.attempts, page.last
        found += page.breaches
    return attempts, found


async def change(store: Store, sql: str, *values: object) -> None:
    await store.write(lambda db: db.execute(sql, values))


async def only_rule(store: Store) -> tuple[str, str]:
    _, breaches = await audited(store)
    assert len(breaches) == 1, breaches
    return breaches[0].rule, breaches[0].why


async def test_what_the_gate_let_pass_is_proven(store: Store) -> None:
    await called(store, 2 * PAGE + 3)

    assert await audited(store) == (2 * PAGE + 3, [])


async def test_attempts_of_other_days_and_those_never_dialed_are_left_out(store: Store) -> None:
    (attempt,) = await called(store)
    await change(store, "UPDATE attempts SET number = '+33142999999'")

    assert await audited(store, Span("one", ON_MONDAY + 1, ON_MONDAY + DAY_S)) == (0, [])
    await change(store, "UPDATE attempts SET dialed = 0 WHERE id = ?", attempt.attempt_id)
    assert await audited(store) == (0, [])


async def test_an_attempt_without_a_verdict_proves_nothing(store: Store) -> None:
    await called(store)
    await change(store, "DELETE FROM attempt_verdicts")

    assert await only_rule(store) == ("record", "no verdict is on record")


async def test_a_verdict_of_another_call_proves_nothing(store: Store) -> None:
    await called(store)
    await change(store, "UPDATE attempts SET reserved_at = reserved_at + 60")

    assert (await only_rule(store))[0] == "record"


async def test_who_was_erased_since_is_counted_and_not_judged(store: Store) -> None:
    first, _ = await called(store, 2)
    await store.write(lambda db: erase(db, first.number, ON_MONDAY + DAY_S, "test"))
    law = await store.law("one")

    page = await store.read(lambda db: auditing.examine(db, law, MONTH, (float("-inf"), "")))

    assert page is not None
    assert (page.attempts, page.erased, page.breaches) == (2, 1, ())


async def test_inputs_that_forbid_are_found_though_the_gate_let_them_pass(store: Store) -> None:
    await called(store)
    await alter_inputs(store, suppressed=True)

    rule, why = await only_rule(store)
    assert rule == "internal_suppression"
    assert "suppressed" in why


async def alter_inputs(store: Store, **facts: Any) -> None:  # noqa: ANN401
    ((text,),) = await rows(store, "SELECT inputs FROM attempt_verdicts")
    await change(store, "UPDATE attempt_verdicts SET inputs = ?", json.dumps({**json.loads(text), **facts}))


async def test_a_wish_that_stood_before_the_call_is_found_and_a_later_one_is_not(store: Store) -> None:
    await called(store)
    await store.write(lambda db: dnc.suppress(db, [number(0)], dnc.Wish("acme", ON_MONDAY + 60, "later", "s")))
    assert await audited(store) == (1, [])

    await store.write(lambda db: dnc.suppress(db, [number(0)], dnc.Wish("", ON_MONDAY - 60, "before", "s")))

    assert (await only_rule(store))[0] == "internal_suppression"


async def test_a_withdrawal_before_the_call_is_found_in_the_register_alone(store: Store) -> None:
    await called(store)
    for at in (ON_MONDAY + 60, ON_MONDAY - 60):
        said = Origin(at, "test")
        await store.write(lambda db, said=said: consents.withdraw(db, number(0), "acme", "2026-11-20T10:00:00Z", said))  # type: ignore[misc]
        await change(store, "DELETE FROM suppressions")
        if at > ON_MONDAY:
            assert await audited(store) == (1, [])
            await change(store, "DELETE FROM consents")

    assert (await only_rule(store))[0] == "fr.consent_valid"


async def test_a_fifth_attempt_in_thirty_days_is_found(store: Store) -> None:
    (attempt,) = await called(store)
    for day in range(1, 5):
        values = (f"x{day}", number(0), ON_MONDAY - day * DAY_S, ON_MONDAY - day * DAY_S + 20)
        await change(store, EARLIER, *values)

    _, breaches = await audited(store)

    assert [b.rule for b in breaches if b.attempt_id == attempt.attempt_id] == ["fr.max_30d"]


async def test_attempts_that_another_centre_reported_later_are_counted(store: Store) -> None:
    await called(store)
    for day in range(1, 5):
        values = ("acme", number(0), ON_MONDAY - day * DAY_S)
        await change(store, "INSERT INTO other_attempts VALUES (?, ?, ?, 'lyon')", *values)

    assert (await only_rule(store))[0] == "fr.max_30d"


async def test_what_came_later_says_nothing_about_a_call(store: Store) -> None:
    await called(store)
    for hour in range(1, 6):
        values = ("acme", number(0), ON_MONDAY + hour * 3600)
        await change(store, "INSERT INTO other_attempts VALUES (?, ?, ?, 'lyon')", *values)
    assert await audited(store) == (1, [])

    await change(store, "DELETE FROM other_attempts")
    await change(store, "UPDATE leads SET next_at = 0, state = 'due'")
    (second,) = await store.reserve("one", 1, ON_MONDAY + DAY_S)
    store.record([ended(second, ended_at=ON_MONDAY + DAY_S + 20)])
    await store.flush()

    assert await audited(store) == (2, [])


async def test_two_calls_to_one_person_at_one_time_are_found(store: Store) -> None:
    first, second = await called(store, 2)
    await change(store, "UPDATE leads SET fields = json_set(fields, '$.person_id', 'P1')")

    _, breaches = await audited(store)

    assert {(b.attempt_id, b.rule) for b in breaches} == {
        (first.attempt_id, "duplicate_number_in_flight"),
        (second.attempt_id, "duplicate_number_in_flight"),
    }


async def test_a_call_dialed_late_is_found(store: Store) -> None:
    await called(store, at=BEFORE_LUNCH)
    assert await audited(store) == (1, [])

    await change(store, "UPDATE attempt_steps SET at = ?", ON_MONDAY + 2 * 3600)

    rule, why = await only_rule(store)
    assert rule == "fr.hours"
    assert "outside the hours" in why


async def test_a_call_that_rang_past_the_window_is_found_but_no_talk_and_no_late_settling(store: Store) -> None:
    await called(store, at=BEFORE_LUNCH)
    past = BEFORE_LUNCH + 60
    await change(store, "UPDATE attempts SET ended_at = ?, answered_at = ?", past, BEFORE_LUNCH + 10)
    assert await audited(store) == (1, [])
    await change(store, "UPDATE attempts SET answered_at = NULL, result = ?", Result.UNKNOWN)
    assert await audited(store) == (1, [])

    await change(store, "UPDATE attempts SET result = ?", Result.NO_ANSWER)

    assert "still ringing" in (await only_rule(store))[1]


async def test_a_rule_that_tightened_the_campaign_then_is_kept(store: Store) -> None:
    await called(store)
    await change(
        store, "UPDATE attempt_verdicts SET tighten = ?", '{"fr.hours": {"windows": {"all": ["14:00-20:00"]}}}'
    )

    assert (await only_rule(store))[0] == "fr.hours"


async def test_a_campaign_may_be_tightened_to_no_attempt_at_all(store: Store) -> None:
    await store.change_law("one", LawSettings("fr", sector="furniture", tighten='{"fr.max_30d": {"count": 0}}'))
    await people(store, 1, basis="contract_in_progress")

    assert await store.reserve("one", 1, ON_MONDAY) == ()
    assert await rows(store, "SELECT rule FROM blocked_leads") == [("fr.max_30d",)]


async def test_the_law_of_the_day_judges_not_todays(store: Store) -> None:
    """Before 11 August 2026 nobody needed a consent, but nobody on Bloctel was called."""
    await called(store)
    before = ON_MONDAY - 140 * DAY_S  # a Monday in July 2026
    await change(store, "UPDATE attempts SET reserved_at = ?, ended_at = ?", before, before + 20)
    await change(store, "UPDATE attempt_steps SET at = ?", before)
    at = "2026-07-06T10:00:00+00:00"
    await alter_inputs(store, at=at, consent=None, screened_at={"bloctel": "2026-07-01"}, listed_in=[])
    month = Span("one", before - DAY_S, before + DAY_S)
    assert await audited(store, month) == (1, [])

    await alter_inputs(store, listed_in=["bloctel"])

    assert [breach.rule for breach in (await audited(store, month))[1]] == ["fr.bloctel"]
