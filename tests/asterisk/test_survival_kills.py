"""The daemon is killed again and again under load; the carrier's own record and the people's ears judge."""

import random
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from dialer_testbed.audio import sound_times, tone_seconds
from dialer_testbed.cdr import CdrRow
from dialer_testbed.world import PHONE_TONE_HZ, crowd, scripted

from tests.asterisk.floor_rig import Bed, House

pytestmark = pytest.mark.asterisk

SEED = 20
AGENTS = range(1001, 1013)
LONG_TALKER = 1029
# The connect deadline of two seconds, and what a loaded machine adds until the first sound reaches the phone.
SILENCE_LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt by the store."""

    number: str  # national
    result: str | None
    abandoned: bool
    dialed: bool


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(20, marks=pytest.mark.timeout(240)),
        pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(3000)]),
    ],
)
def test_nobody_is_called_twice_and_nothing_is_lost_when_the_daemon_is_killed(bed: Bed, kills: int) -> None:
    draw = random.Random(SEED)
    short = crowd(ring_s=0.5, talk_s=1, count=min(1000, kills * 15))
    patient = crowd(ring_s=0, talk_s=5, count=min(1000, kills * 15))
    numbers = draw.sample([*short, *patient], len(short) + len(patient))
    with bed.house(f"kills-{kills}") as house:
        long_talk = scripted("person", talk_s=3600)
        _set_the_floor(house, numbers, long_talk)
        house.record(patient)
        lines_before = _lines(house)
        house.cli("campaign", "start", "load")
        for _ in range(kills):
            time.sleep(draw.uniform(0.1, 1.5))  # a random moment under load is what is tested
            house.kill()
            time.sleep(draw.uniform(0.0, 0.5))
            house.start()
        house.cli("campaign", "pause", "load")
        house.wait_for(lambda: not house.calls("load") and _open(house, "load") == 0, "every attempt to end", 30)

        reached = {row.number: row for row in house.carried() if row.number in set(numbers)}
        assert _lines(house) == lines_before, "agents need not log in again"
        assert house.agent(LONG_TALKER) == "talking", "a talk goes on"
        _expect_once_and_on_record(house, numbers, reached)
        _expect_no_silence(house, [row for row in reached.values() if row.number in set(patient)])
        assert len(house.told("attempts_left_open")) > kills / 2, "the kills came under load"
        house.expect_no_fault()


def _set_the_floor(house: House, numbers: list[str], long_talk: str) -> None:
    house.start()
    for name, people in (("load", numbers), ("long", [long_talk])):
        house.add_campaign(name, wrap_up_s=0)
        house.import_numbers(people, name, name)
    house.call_agents([*house.hire("load", AGENTS), *house.hire("long", [LONG_TALKER])])
    house.cli("campaign", "start", "long")
    house.until_state(LONG_TALKER, "talking")


def _lines(house: House) -> set[str]:
    """The agents' channels by Asterisk's own unique names."""
    rows = (line.split("!") for line in house.testbed.pbx_cli("core show channels concise").splitlines())
    return {row[0] for row in rows if row[0].startswith("PJSIP/agent-")}


def _open(house: House, campaign: str) -> int:
    ((count,),) = house.rows("SELECT count(*) FROM attempts WHERE campaign_id = ? AND ended_at IS NULL", campaign)
    return int(count)


def _attempts(house: House, campaign: str) -> list[Attempt]:
    rows = house.rows("SELECT number, result, abandoned, dialed FROM attempts WHERE campaign_id = ?", campaign)
    return [Attempt("0" + number.removeprefix("+33"), result, bool(ab), bool(dl)) for number, result, ab, dl in rows]


def _expect_once_and_on_record(house: House, numbers: list[str], reached: dict[str, CdrRow]) -> None:
    calls = house.reached(numbers)
    assert [number for number, times in calls.items() if times > 1] == [], "nobody is called twice"
    attempts = _attempts(house, "load")
    made = {attempt.number: attempt for attempt in attempts if attempt.dialed}
    assert set(calls) - set(made) == set(), "every call that reached the carrier is on record"
    assert len(made) == sum(attempt.dialed for attempt in attempts), "one attempt a number"
    assert [attempt for attempt in attempts if attempt.result is None] == [], "every attempt ends in a result"
    answered = {number for number, row in reached.items() if row.disposition == "ANSWERED"}
    told = Counter(made[number].result for number in answered)
    # Unknown: the talk began and ended while no daemon was there to see it.
    assert set(told) <= {"answered", "unknown"}, told
    assert told["unknown"] < told["answered"] / 4, told


def _expect_no_silence(house: House, rows: list[CdrRow]) -> None:
    made = {attempt.number: attempt for attempt in _attempts(house, "load")}
    for row in rows:
        heard = house.testbed.heard(row.number)
        sounds = sound_times(heard)
        assert sounds, f"{row.number} heard nothing"
        assert sounds[0] < SILENCE_LIMIT_S, f"{row.number} met with {sounds[0]} s of silence"
        if tone_seconds(heard, PHONE_TONE_HZ) == 0:
            assert made[row.number].abandoned, (
                f"{row.number} heard the message alone, and is not on record as abandoned"
            )
