"""Who is one person: rows that share a number or the source's id, the same for one lead as for many at once."""

import json
import random
from pathlib import Path

from dialer.floor.events import CampaignSettings
from dialer.rules.caseform import case_json, read_case
from dialer.store import Store
from dialer.store.people import MOST_ROWS, Person, Seed, people_of, person_of
from tests.unit.store.helpers import LAB, NOW, add_leads, number, opened, rows


async def name_people(store: Store, ids: dict[int, str]) -> None:
    """Write the source's own id of persons into leads."""
    texts = [(json.dumps({"person_id": person}), lead) for lead, person in ids.items()]
    await store.write(lambda db: db.executemany("UPDATE leads SET fields = ? WHERE id = ?", texts))


async def test_many_are_found_as_each_by_itself(tmp_path: Path) -> None:
    rng = random.Random(1)
    async with opened(tmp_path / "dialer.db") as store:
        leads = []
        for name in ("one", "two", "three", "four"):
            numbers = [[number(n)] for n in rng.sample(range(40), 15)]
            leads += await add_leads(store, numbers, list_name=name)
        await name_people(store, {lead: f"p{rng.randrange(25)}" for lead in rng.sample(leads, 30)})
        fields = await rows(store, "SELECT id, fields ->> '$.person_id' FROM leads")
        seeds = [Seed(lead, person) for lead, person in fields]

        together = await store.read(lambda db: people_of(db, seeds, ""))
        alone = await store.read(lambda db: [person_of(db, seed, "") for seed in seeds])

    def sets(people: list[Person]) -> list[tuple[frozenset[int], frozenset[str]]]:
        return [(frozenset(p.leads), frozenset(p.numbers)) for p in people]

    assert sets(together) == sets(alone)
    assert max(len(person.leads) for person in together) > 5


async def test_a_switchboard_in_thousands_of_rows_hides_nobody_else(tmp_path: Path) -> None:
    async with opened(tmp_path / "dialer.db") as store:
        crowd = await add_leads(store, [[number(n)] for n in range(3 * MOST_ROWS)])
        pair = await add_leads(store, [[number(9_000)], [number(9_001)]], list_name="pair")
        await name_people(store, dict.fromkeys(crowd, "desk") | dict.fromkeys(pair, "one"))
        seeds = [Seed(crowd[0], "desk"), Seed(pair[0], "one")]

        desk, one = await store.read(lambda db: people_of(db, seeds, ""))

    assert len(desk.leads) == MOST_ROWS
    assert set(one.leads) == set(pair)
    assert set(one.numbers) == {number(9_000), number(9_001)}


async def test_another_principals_rows_are_nobody_elses(tmp_path: Path) -> None:
    async with opened(tmp_path / "dialer.db") as store:
        await store.create_campaign(CampaignSettings("other", "trunk", "+33162000000"), principal="Other", law=LAB)
        (mine,) = await add_leads(store, [[number(1)]])
        (theirs,) = await add_leads(store, [[number(1), number(2)]], campaign_id="other", list_name="theirs")

        person = await store.read(lambda db: person_of(db, Seed(mine, None), ""))

    assert person.leads == (mine,)
    assert theirs not in person.leads


async def test_one_reservation_never_takes_one_person_twice(tmp_path: Path) -> None:
    async with opened(tmp_path / "dialer.db") as store:
        leads = await add_leads(store, [[number(n)] for n in range(6)])
        await name_people(store, dict.fromkeys(leads, "same"))

        attempts = await store.reserve("acme", 6, NOW)

        assert [attempt.lead_id for attempt in attempts] == leads[:1]
        reasons = await rows(store, "SELECT DISTINCT next_reason FROM leads WHERE state = 'due'")
    assert reasons == [("duplicate_number_in_flight: another call is under way",)]


async def test_what_is_kept_of_a_verdict_reads_back_as_the_same_question(tmp_path: Path) -> None:
    async with opened(tmp_path / "dialer.db") as store:
        (lead,) = await add_leads(store, [[number(1)]])
        given = {
            "consent_at": "2026-10-01T09:00:00+02:00",
            "consent_proof": "form «é» 1",
            "consent_slots": '[{"at": "2026-11-28T11:00:00+01:00", "evidence": "rec-4"}, {"at": "2026-11-29T11:00Z"}]',
        }
        text = json.dumps(given)
        await store.write(lambda db: db.execute("UPDATE leads SET fields = ? WHERE id = ?", (text, lead)))

        await store.reserve("acme", 1, NOW)

        ((inputs,),) = await rows(store, "SELECT inputs FROM attempt_verdicts")
    kept = json.loads(inputs)
    assert kept["consent"]["slots"][0]["evidence"] == "rec-4"
    assert case_json(read_case(kept)) == inputs
