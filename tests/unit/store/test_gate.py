"""No forbidden call is reserved: the law is asked in the unit of work that reserves."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.floor.commands import RecordOptOut
from dialer.floor.events import CampaignSettings
from dialer.floor.words import Result
from dialer.rules import LooseningRefusedError
from dialer.store import Store, dnc, open_store
from dialer.store.law import LawSettings
from tests.unit.store.helpers import add_leads, ended, number, rows

PARIS = ZoneInfo("Europe/Paris")
FR = LawSettings("fr", sector="furniture", basis="consent")
CONSENT = {
    "consent_at": "2026-10-01T09:00:00+02:00",
    "consent_principal": "Acme",
    "consent_object": "furniture",
    "consent_proof": "web-form-17",
    "postcode": "75001",
}
ON_MONDAY = datetime(2026, 11, 23, 11, 0, tzinfo=PARIS).timestamp()
AT_LUNCH = datetime(2026, 11, 23, 13, 30, tzinfo=PARIS).timestamp()
DAY_S = 86_400.0


async def campaign(store: Store, name: str = "one", law: LawSettings = FR, principal: str = "Acme") -> None:
    settings = CampaignSettings(name, "trunk", "+33162000000", max_attempts=20)
    await store.create_campaign(settings, principal=principal, law=law)


async def people(store: Store, count: int, name: str = "one", **fields: str) -> list[int]:
    ids = await add_leads(store, [[number(n)] for n in range(count)], campaign_id=name, list_name=name)
    text = json.dumps({**CONSENT, **fields})
    await store.write(
        lambda db: db.execute("UPDATE leads SET fields = ? WHERE id BETWEEN ? AND ?", (text, ids[0], ids[-1]))
    )
    return ids


@pytest.fixture
async def law_store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: ON_MONDAY) as opened:
        await campaign(opened)
        yield opened


async def test_a_lead_out_of_hours_waits_for_the_next_window(law_store: Store) -> None:
    await people(law_store, 1)

    assert await law_store.reserve("one", 1, AT_LUNCH) == ()

    ((next_at, reason),) = await rows(law_store, "SELECT next_at, next_reason FROM leads")
    assert next_at == AT_LUNCH + 1800
    assert reason == "fr.hours: until 2026-11-23T14:00:00+01:00"
    assert len(await law_store.reserve("one", 1, AT_LUNCH + 1800)) == 1


async def test_a_lead_without_consent_is_blocked_and_its_rule_is_kept(law_store: Store) -> None:
    await people(law_store, 1, consent_at="", consent_proof="")

    assert await law_store.reserve("one", 1, ON_MONDAY) == ()
    assert await rows(law_store, "SELECT rule, why FROM blocked_leads") == [("fr.consent_valid", "there is no consent")]
    assert await rows(law_store, "SELECT finished FROM imports") == [(1,)]


async def test_a_principal_is_one_however_it_is_spelled(law_store: Store) -> None:
    settings = CampaignSettings("two", "trunk", "+33162000000", max_attempts=20)

    created = await law_store.create_campaign(settings, principal=" ACME", law=FR)

    assert created.principal == "Acme"
    assert await rows(law_store, "SELECT DISTINCT principal FROM campaigns") == [("Acme",)]


async def test_a_consent_is_the_basis_where_none_is_named(law_store: Store) -> None:
    await campaign(law_store, "two", replace(FR, basis=""))
    await people(law_store, 1, "two")

    assert len(await law_store.reserve("two", 1, ON_MONDAY)) == 1


@pytest.mark.parametrize("said", [{"basis": "consnet"}, {"consent_at": "", "consent_proof": ""}])
async def test_a_basis_that_is_none_is_not_taken_for_consent(law_store: Store, said: dict[str, str]) -> None:
    await campaign(law_store, "two", replace(FR, basis=""))
    await people(law_store, 1, "two", **said)

    assert await law_store.reserve("two", 1, ON_MONDAY) == ()
    assert await rows(law_store, "SELECT rule FROM blocked_leads") == [("fr.legal_basis",)]


async def test_every_attempt_carries_its_verdict_and_all_inputs(law_store: Store) -> None:
    await people(law_store, 1)

    (attempt,) = await law_store.reserve("one", 1, ON_MONDAY)

    ((attempt_id, preset, version, inputs),) = await rows(
        law_store, "SELECT attempt_id, preset, version, inputs FROM attempt_verdicts"
    )
    assert (attempt_id, preset, version[:2]) == (attempt.attempt_id, "fr", "20")
    assert json.loads(inputs)["consent"]["proof"] == "web-form-17"


async def test_a_wish_entered_a_moment_earlier_wins(law_store: Store) -> None:
    await people(law_store, 2)
    wish = dnc.Wish("acme", ON_MONDAY - 1, "withdrawal", "call 17")
    await law_store.write(lambda db: dnc.suppress(db, [number(0)], wish))

    attempts = await law_store.reserve("one", 5, ON_MONDAY)

    assert [attempt.number for attempt in attempts] == [number(1)]
    assert await rows(law_store, "SELECT rule FROM blocked_leads") == [("internal_suppression",)]


async def test_a_wish_for_one_principal_leaves_another_and_a_wish_for_all_does_not(law_store: Store) -> None:
    await campaign(law_store, "other", principal="Zebra")
    await people(law_store, 1)
    await people(law_store, 1, "other", consent_principal="Zebra")
    await law_store.write(lambda db: dnc.suppress(db, [number(0)], dnc.Wish("Acme", ON_MONDAY, "refusal", "s")))

    assert await law_store.reserve("one", 1, ON_MONDAY + 1) == ()
    (attempt,) = await law_store.reserve("other", 1, ON_MONDAY + 1)

    law_store.record([RecordOptOut(attempt.attempt_id, ON_MONDAY + 2), ended(attempt)])
    await law_store.flush()
    assert await law_store.reserve("other", 1, ON_MONDAY + 5 * DAY_S) == ()


async def test_a_refusal_reaches_every_number_of_the_person(law_store: Store) -> None:
    await add_leads(law_store, [[number(1), number(2)]], campaign_id="one", list_name="a")
    await add_leads(law_store, [[number(2)], [number(3)]], campaign_id="one", list_name="b")
    text = json.dumps(CONSENT)
    await law_store.write(lambda db: db.execute("UPDATE leads SET fields = ?", (text,)))
    (attempt,) = await law_store.reserve("one", 1, ON_MONDAY)

    law_store.record([ended(attempt, Result.ANSWERED, disposition="refusal", ended_at=ON_MONDAY + 30)])
    await law_store.flush()

    later = await law_store.reserve("one", 5, ON_MONDAY + 60)
    assert [each.number for each in later] == [number(3)]


async def test_attempts_are_counted_by_person_over_numbers_lists_and_campaigns(law_store: Store) -> None:
    await campaign(law_store, "two")
    await people(law_store, 1, person_id="P7")
    (second,) = await add_leads(law_store, [[number(77)]], campaign_id="two", list_name="two")
    text = json.dumps({**CONSENT, "person_id": "P7"})
    await law_store.write(lambda db: db.execute("UPDATE leads SET fields = ? WHERE id = ?", (text, second)))
    made = 0
    for day in (0, 1, 2, 3, 4):
        for name in ("one", "two"):
            at = ON_MONDAY + day * DAY_S
            await law_store.write(lambda db: db.execute("UPDATE leads SET next_at = 0 WHERE state = 'due'"))
            for attempt in await law_store.reserve(name, 1, at):
                made += 1
                law_store.record([ended(attempt, ended_at=at + 20)])
                await law_store.flush()

    assert made == 4


async def test_two_campaigns_at_one_instant_never_have_one_person_twice_in_flight_nor_a_fifth_attempt(
    law_store: Store,
) -> None:
    """A thousand times: one person in both, with two numbers each, and every order of settling."""
    await campaign(law_store, "two")
    for name, first in (("one", 1), ("two", 2)):
        (lead,) = await add_leads(law_store, [[number(first), number(9)]], campaign_id=name, list_name=name)
        text = json.dumps(CONSENT)
        await law_store.write(
            lambda db, lead=lead, text=text: db.execute(  # type: ignore[misc]
                "UPDATE leads SET fields = ? WHERE id = ?", (text, lead)
            )
        )
    days: Counter[float] = Counter()
    for round_ in range(1000):
        at = ON_MONDAY + (round_ // 5) * DAY_S + round_ % 5
        await law_store.write(lambda db: db.execute("UPDATE leads SET next_at = 0, state = 'due'"))
        found = await asyncio.gather(*(law_store.reserve(name, 3, at) for name in ("one", "two") * 2))
        attempts = [attempt for each in found for attempt in each]
        assert len(attempts) <= 1
        days[at // DAY_S] += len(attempts)
        law_store.record([ended(attempt, ended_at=at + 0.5) for attempt in attempts])
        await law_store.flush()
    by_day = [days[ON_MONDAY // DAY_S + day] for day in range(200)]
    assert sum(by_day) >= 4 * 5
    assert all(sum(by_day[day : day + 30]) <= 4 for day in range(200))


async def test_an_attempt_of_another_centre_counts(law_store: Store) -> None:
    await people(law_store, 1)
    for day in range(4):
        await law_store.write(
            lambda db, day=day: db.execute(  # type: ignore[misc]
                "INSERT INTO other_attempts VALUES ('acme', ?, ?, 'lyon')", (number(0), ON_MONDAY - day * DAY_S - 60)
            )
        )

    assert await law_store.reserve("one", 1, ON_MONDAY) == ()
    ((reason,),) = await rows(law_store, "SELECT next_reason FROM leads")
    assert reason.startswith("fr.max_30d: until 2026-12-2")


async def test_a_change_of_law_asks_again_of_whom_the_old_one_blocked(law_store: Store) -> None:
    await people(law_store, 3, consent_at="", consent_proof="")
    assert await law_store.reserve("one", 3, ON_MONDAY) == ()

    await law_store.change_law("one", LawSettings("lab"))

    assert len(await law_store.reserve("one", 3, ON_MONDAY)) == 3
    assert await rows(law_store, "SELECT finished FROM imports") == [(0,)]


async def test_what_would_loosen_a_rule_is_refused_by_its_name(law_store: Store) -> None:
    with pytest.raises(LooseningRefusedError, match=r"fr\.max_30d"):
        await law_store.change_law("one", LawSettings("fr", tighten='{"fr.max_30d": {"count": 5}}'))


async def test_behind_many_forbidden_leads_the_legal_ones_are_found(law_store: Store) -> None:
    await people(law_store, 1_000, consent_at="", consent_proof="")
    (legal,) = await add_leads(law_store, [[number(5_000)]], campaign_id="one", list_name="z")
    text = json.dumps(CONSENT)
    await law_store.write(lambda db: db.execute("UPDATE leads SET fields = ? WHERE id = ?", (text, legal)))

    found: list[int] = []
    while not found and await law_store.is_due("one", ON_MONDAY):
        found = [attempt.lead_id for attempt in await law_store.reserve("one", 1, ON_MONDAY)]

    assert found == [legal]
