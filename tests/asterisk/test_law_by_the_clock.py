"""A mixed list under the law of France, with the daemon's clock moved: the carrier's own record shows who was called.

Windows, holidays and the change to summer time are written here by hand from the law's text (C. conso. D. 223-9), not
taken from the rules: they are what is tested.
"""

import asyncio
import csv
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dialer_testbed.world import crowd

from dialer.store import dnc, open_store
from dialer.store.law import principal_key
from tests.asterisk.floor_rig import Bed, House

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

PARIS, REUNION, MARTINIQUE = (ZoneInfo(name) for name in ("Europe/Paris", "Indian/Reunion", "America/Martinique"))
RING_S = 15
AGENTS = range(1001, 1025)
CAMPAIGN = {
    "preset": "fr",
    "principal": "acme",
    "sector": "furniture",
    "basis": "consent",
    "ring_timeout_s": RING_S,
    "wrap_up_s": 0,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """The daemon's clock at its start, how long it runs at least, and the group that is worked before it ends."""

    begins: datetime
    lasts_s: int
    works: str | None = None


# In winter and in summer time; a start an hour wrong in either direction would call too early or not at all.
SCENES = (
    Scene(datetime(2026, 12, 31, 19, 59, 5, tzinfo=PARIS), 65),  # over the end of the window
    Scene(datetime(2027, 1, 1, 10, 0, 30, tzinfo=PARIS), 10),  # over the year's end, into a holiday
    Scene(datetime(2027, 1, 4, 9, 59, 50, tzinfo=PARIS), 15, works="legal"),  # Monday in winter
    Scene(datetime(2027, 3, 26, 9, 0, 10, tzinfo=PARIS), 10, works="reunion"),  # noon there, an hour too early in Paris
    Scene(datetime(2027, 3, 29, 10, 0, 30, tzinfo=PARIS), 10),  # Easter Monday, the day after the night of the change
    Scene(datetime(2027, 3, 30, 9, 59, 50, tzinfo=PARIS), 15, works="exhausted"),  # Tuesday in summer time
)
HOLIDAYS = ("2027-01-01", "2027-03-29")
WINDOWS = (("10:00", "13:00"), ("14:00", "20:00"))


@dataclass(frozen=True, slots=True)
class Group:
    """People of one kind: ``until``: the last moment a call may ring; ``since``: the first one; neither: at no time."""

    name: str
    numbers: Sequence[str]
    zone: ZoneInfo = PARIS
    since: datetime | None = None
    until: datetime | None = None
    never: bool = False
    all_are_called: bool = False
    columns: dict[str, str] = field(default_factory=dict)

    def allows(self, at: datetime) -> bool:
        """Whether the law lets a call to one of these begin at ``at``."""
        if self.never or (self.since and at < self.since):
            return False
        rings_until = at + timedelta(seconds=RING_S)
        if self.until and rings_until > self.until:
            return False
        return _in_window(at.astimezone(self.zone), rings_until.astimezone(self.zone))


def _in_window(begins: datetime, ends: datetime) -> bool:
    if begins.weekday() >= 5 or begins.date().isoformat() in HOLIDAYS:
        return False
    return any(first <= begins.strftime("%H:%M") < last and ends.strftime("%H:%M") < last for first, last in WINDOWS)


def _groups() -> list[Group]:
    people = iter([*crowd(ring_s=0, talk_s=0.3), *crowd(ring_s=0, talk_s=1), *crowd(ring_s=0, talk_s=2)])

    def some(count: int) -> list[str]:
        return [next(people) for _ in range(count)]

    agreed = {"consent_at": "2026-09-01T10:00:00+02:00", "consent_proof": "form 17"}
    agreed |= {"consent_principal": "acme", "consent_object": "furniture"}
    ends = datetime(2026, 12, 31, 19, 59, 35, tzinfo=PARIS)
    later = datetime(2027, 1, 20, tzinfo=PARIS)
    over = {"consent_expires_at": "2026-12-01T00:00:00+01:00"}
    taken_back = {"consent_withdrawn_at": "2026-12-30T09:00:00+01:00"}
    martinique, reunion = ([f"{start}{n:04d}" for n in range(120)] for start in ("+59659650", "+26226220"))
    return [
        Group("martinique", martinique, zone=MARTINIQUE, all_are_called=True, columns=agreed),
        Group("expiring", some(300), until=ends, columns=agreed | {"consent_expires_at": ends.isoformat()}),
        Group("legal", some(700), all_are_called=True, columns=agreed),
        Group("reunion", reunion, zone=REUNION, all_are_called=True, columns=agreed),
        Group("exhausted", some(260), since=later, all_are_called=True, columns=agreed),
        Group("suppressed", some(500), never=True, columns=agreed),
        Group("no consent", some(500), never=True),
        Group("expired", some(300), never=True, columns=agreed | over),
        Group("withdrawn", some(200), never=True, columns=agreed | taken_back),
    ]


def _write_list(path: Path, groups: Sequence[Group]) -> None:
    columns = sorted({column for group in groups for column in group.columns})
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["source_id", "phone", *columns])
        writer.writeheader()
        for group in groups:
            rows = enumerate(group.numbers)
            writer.writerows({"source_id": f"{group.name}-{n}", "phone": phone, **group.columns} for n, phone in rows)


def _e164(number: str) -> str:
    """As the store has it, of a number as the list or the carrier has it."""
    return f"+33{number[1:]}" if number.startswith("0") else f"+{number.removeprefix('+')}"


async def _note_what_was(store_path: Path, groups: dict[str, Group]) -> None:
    """Who asked for no calls, and the four attempts in December that another centre made for the same principal."""
    async with open_store(store_path) as store:
        wish = dnc.Wish("acme", datetime(2026, 12, 1, tzinfo=PARIS).timestamp(), "asked", "letter 4")
        names = [_e164(number) for number in groups["suppressed"].numbers]
        await store.write(lambda db: dnc.suppress(db, names, wish))
        days = [datetime(2026, 12, day, 11, tzinfo=PARIS).timestamp() for day in (21, 22, 23, 24)]
        made = [
            (principal_key("acme"), _e164(number), at, "the other centre's file")
            for number in groups["exhausted"].numbers
            for at in days
        ]
        await store.write(lambda db: db.executemany("INSERT INTO other_attempts VALUES (?, ?, ?, ?)", made))


@pytest.fixture(scope="module")
def faketime() -> str:
    """The library that moves one process's clock."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("needs the Debian package faketime")
    return str(found[0])


@contextmanager
def _moved(house: House, faketime: str, begins: datetime) -> Iterator[float]:
    """Run the daemon as if it were ``begins`` now; yields the seconds between its clock and ours."""
    offset_s = begins.timestamp() - time.time()
    # Intervals stay true: only what time of which day it is changes.
    house.environment = {"LD_PRELOAD": faketime, "FAKETIME": f"{offset_s:+.3f}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    house.start()
    yield offset_s
    house.stop()
    house.testbed.pbx_cli("channel request hangup all")


def test_no_forbidden_call_leaves_and_every_legal_lead_is_tried(bed: Bed, faketime: str) -> None:
    groups = {group.name: group for group in _groups()}
    assert sum(len(group.numbers) for group in groups.values()) == 3000
    with bed.house("clock") as house:
        _write_list(house.folder / "mixed.csv", list(groups.values()))
        house.add_campaign("law", **CAMPAIGN)
        house.cli("leads", "import", str(house.folder / "mixed.csv"), "--campaign", "law", "--list", "mixed")
        asyncio.run(_note_what_was(house.store, groups))
        offsets = _play(house, faketime)
        house.environment = {}
        calls = house.carried(10)

        owner = {_e164(number): group for group in groups.values() for number in group.numbers}
        called = [(owner[_e164(row.number)], _e164(row.number), _moment(offsets, row.started_at)) for row in calls]
        assert [(group.name, at.isoformat()) for group, _, at in called if not group.allows(at)] == []
        assert len({number for _, number, _ in called}) == len(called), "nobody is called twice"
        for group in groups.values():
            reached = {number for one, number, _ in called if one is group}
            assert not group.all_are_called or len(reached) == len(group.numbers), group.name
        recorded = {number for (number,) in house.rows("SELECT number FROM attempts")}
        assert {number for _, number, _ in called} <= recorded
        house.expect_no_fault()


def _play(house: House, faketime: str) -> list[tuple[float, float]]:
    offsets = []
    for number, scene in enumerate(SCENES):
        with _moved(house, faketime, scene.begins) as offset_s:
            offsets.append((time.time(), offset_s))
            if number == 0:
                house.hire("law", AGENTS)
                house.cli("campaign", "start", "law")
            house.call_agents(AGENTS)
            time.sleep(max(0.0, scene.begins.timestamp() + scene.lasts_s - offset_s - time.time()))
            if scene.works is not None:
                house.wait_for(partial(_is_worked, house, scene.works), f"group {scene.works} to be worked", 180)
    return offsets


def _is_worked(house: House, group: str) -> bool:
    question = "SELECT count(*) FROM leads WHERE source_id LIKE ? || '-%' AND state <> 'finished'"
    return house.rows(question, group) == [(0,)]


def _moment(offsets: list[tuple[float, float]], at: float) -> datetime:
    """What the daemon's clock showed at ``at`` of ours."""
    offset_s = next(offset_s for began_at, offset_s in reversed(offsets) if began_at <= at)
    return datetime.fromtimestamp(at + offset_s, PARIS)
