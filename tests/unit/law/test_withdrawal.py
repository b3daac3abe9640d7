"""A withdrawal entered a moment earlier wins over the reservation, whatever consent came with the lead."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.rules import UNKNOWN
from dialer.store import Store, consents, dnc, open_store
from dialer.store.consents import Origin
from dialer.store.errors import Invalid
from dialer.store.facts import stored_consent
from tests.unit.store.helpers import add_leads, number, rows
from tests.unit.store.test_gate import CONSENT, ON_MONDAY, campaign, people

GIVEN = {
    "collected_at": "2026-10-02T09:00:00+02:00",
    "principal": "Acme",
    "object": "furniture",
    "proof": "form-18",
    "channel": "web",
    "slots": [],
}
NOW = Origin(ON_MONDAY - 1, "test")
AT = "2026-11-23T10:59:59+01:00"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: ON_MONDAY) as opened:
        await campaign(opened)
        yield opened


async def withdraw(store: Store, who: str) -> int:
    return await store.write(lambda db: consents.withdraw(db, who, "acme", AT, NOW))


async def test_it_wins_over_a_consent_that_came_with_the_lead_and_one_in_the_register(store: Store) -> None:
    await people(store, 2)
    await store.write(lambda db: consents.add(db, number(0), GIVEN, NOW))

    await withdraw(store, number(0))

    assert [attempt.number for attempt in await store.reserve("one", 5, ON_MONDAY)] == [number(1)]


async def test_the_register_alone_blocks_should_the_list_of_wishes_be_lost(store: Store) -> None:
    await people(store, 1)
    await withdraw(store, number(0))
    await store.write(lambda db: db.execute("DELETE FROM suppressions"))

    assert await store.reserve("one", 1, ON_MONDAY) == ()
    assert await rows(store, "SELECT rule FROM blocked_leads") == [("fr.consent_valid",)]


async def test_the_register_alone_knows_every_number_of_who_withdrew(store: Store) -> None:
    (lead,) = await add_leads(store, [[number(0), number(1)]], campaign_id="one", list_name="one")
    await withdraw(store, number(0))
    await store.write(lambda db: db.execute("DELETE FROM suppressions"))
    await store.write(lambda db: db.execute("DELETE FROM numbers WHERE lead_id = ? AND position = 0", (lead,)))
    text = json.dumps(CONSENT)
    await store.write(lambda db: db.execute("UPDATE leads SET fields = ?, next_position = 1", (text,)))

    assert await store.reserve("one", 1, ON_MONDAY) == ()
    assert await rows(store, "SELECT rule FROM blocked_leads") == [("fr.consent_valid",)]


async def test_an_older_withdrawal_beats_a_newer_consent_of_a_list(store: Store) -> None:
    await store.write(lambda db: consents.withdraw(db, number(0), "Acme", "2026-01-01T10:00:00+01:00", NOW))
    await store.write(lambda db: db.execute("DELETE FROM suppressions"))
    await people(store, 1, consent_at="2026-11-20T10:00:00+01:00")

    assert await store.reserve("one", 1, ON_MONDAY) == ()


async def test_a_consent_that_is_entered_frees_the_lead_that_its_lack_blocked(store: Store) -> None:
    await people(store, 1, consent_at="", consent_proof="")
    assert await store.reserve("one", 1, ON_MONDAY) == ()

    assert await store.write(lambda db: consents.add(db, number(0), GIVEN, NOW))

    assert len(await store.reserve("one", 1, ON_MONDAY)) == 1


async def test_the_consent_for_what_is_sold_counts_not_a_later_one_for_something_else(store: Store) -> None:
    await people(store, 1, consent_at="", consent_proof="")
    other = {**GIVEN, "object": "insurance", "collected_at": "2026-11-02T09:00:00+01:00"}
    await store.write(lambda db: [consents.add(db, number(0), each, NOW) for each in (GIVEN, other)])

    assert len(await store.reserve("one", 1, ON_MONDAY)) == 1


async def test_nobody_who_refused_consents_again(store: Store) -> None:
    await store.write(lambda db: dnc.suppress(db, [number(0)], dnc.Wish("", ON_MONDAY, "letter", "s")))

    with pytest.raises(Invalid, match="no more calls"):
        await store.write(lambda db: consents.add(db, number(0), GIVEN, NOW))


async def test_by_the_sources_id_it_reaches_every_number(store: Store) -> None:
    await people(store, 1, person_id="P7")

    await withdraw(store, "person:P7")

    assert await store.reserve("one", 1, ON_MONDAY) == ()
    assert len(await rows(store, "SELECT 1 FROM suppressions")) == 2


async def test_withdrawals_while_reservations_are_under_way(store: Store) -> None:
    """Handed over before a reservation: never called. After it: the call stands, and no second one follows."""
    rng = random.Random(7)
    await people(store, 300)
    order = list(range(300))
    rng.shuffle(order)
    reserved: set[str] = set()
    withdrawn: set[str] = set()
    for start in range(0, 300, 10):
        batch = {number(n) for n in order[start : start + 5]}
        writes = [asyncio.create_task(withdraw(store, each)) for each in batch]
        await asyncio.sleep(0)  # they are handed over
        attempts = await store.reserve("one", 5, ON_MONDAY)
        await asyncio.gather(*writes)
        withdrawn |= batch
        found = {attempt.number for attempt in attempts}
        assert not found & withdrawn
        reserved |= found
    assert len(reserved) > 100


async def test_what_is_entered_reads_back_as_the_same_consent(store: Store) -> None:
    await store.write(lambda db: consents.add(db, number(0), {**GIVEN, "written": True}, NOW))

    ((text,),) = await rows(store, "SELECT consent FROM consents")
    found = stored_consent(text)

    assert found is not None
    assert (found.proof, found.withdrawn_at, found.written, found.automated_dialing) == ("form-18", None, True, UNKNOWN)
    assert json.loads(text)["channel"] == "web"
