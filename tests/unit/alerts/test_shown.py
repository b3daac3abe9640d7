"""A shown number is held against its own calls earlier today."""

from dataclasses import replace
from random import Random

from dialer.alerts.board import Board, Change
from dialer.alerts.lines import caller_id_blocked
from dialer.alerts.tally import Tally
from dialer.config_telling import Alerts
from dialer.floor import commands as cmd
from dialer.floor.words import Result
from tests.unit.alerts.made_up import facts
from tests.unit.alerts.test_tally import NOW, Time, call

SETTINGS = Alerts()  # the bounds, hold and clear times of a real floor
HOUR_S = 3600.0
EVERY_S = 10.0  # six calls a minute


def shown(number: str, commands: list[cmd.Command]) -> list[cmd.Command]:
    """The same calls with another number shown."""
    dial, outcome = commands
    assert isinstance(dial, cmd.Originate)
    return [replace(dial, caller_id=number), outcome]


class Day:
    """A floor that shows numbers, judged after each call as the daemon does."""

    def __init__(self) -> None:
        self.time = Time()
        self.tally = Tally(self.time, SETTINGS.window_s)
        self.board = Board(SETTINGS)
        self.told: list[Change] = []
        self.calls = 0

    def dial(self, hours: float, pick_up: float, *numbers: str) -> None:
        """Six calls a minute, of which evenly so many are picked up; without numbers nothing is dialed."""
        for _ in range(round(hours * HOUR_S / EVERY_S)):
            self.time.now += EVERY_S
            self.calls += 1
            result = (
                Result.ANSWERED if int(self.calls * pick_up) > int((self.calls - 1) * pick_up) else Result.NO_ANSWER
            )
            for number in numbers:
                self.tally.follow(shown(number, call(f"{number}-{self.calls}", result, at=self.time.now)))
            self.look()

    def look(self) -> None:
        seen = caller_id_blocked(facts(caller_ids=self.tally.caller_ids()), SETTINGS)
        self.told += self.board.judge((("caller_id_blocked", reading) for reading in seen), self.time.now)

    @property
    def states(self) -> list[str]:
        return [change.state for change in self.told]


ONE = "+33162000001"
TWIN = "+33162001101"  # masked it looks the same


def test_a_number_that_is_blocked_for_two_hours_is_told_once_and_its_recovery_once() -> None:
    day = Day()
    day.dial(2, 0.25, ONE)
    day.dial(2, 0.0, ONE)
    assert day.states == ["raised"]
    day.dial(0.5, 0.25, ONE)
    assert day.states == ["raised", "resolved"]


def test_it_is_told_within_minutes_of_its_fall() -> None:
    day = Day()
    day.dial(2, 0.25, ONE)
    day.dial(0.15, 0.0, ONE)
    assert day.states == ["raised"]


def test_a_number_that_is_no_longer_shown_as_the_hint_advises_is_over() -> None:
    day = Day()
    day.dial(2, 0.25, ONE)
    day.dial(0.3, 0.0, ONE)
    day.dial(0.3, 0.25, "+33162000099")
    assert day.states == ["raised", "resolved"]
    assert [label[-2:] for label in day.tally.caller_ids()] == ["99"]


def test_a_floor_of_few_calls_does_not_raise_and_resolve_it_again_and_again() -> None:
    """Four calls a minute, as they come: in ten minutes that is about as many as are needed to say anything."""
    day = Day()
    random = Random(7)
    for pick_up, hours in ((0.4, 2.0), (0.0, 2.0)):
        end = day.time.now + hours * HOUR_S
        while day.time.now < end:
            day.time.now += random.expovariate(1 / 15)
            day.calls += 1
            result = Result.ANSWERED if random.random() < pick_up else Result.NO_ANSWER
            day.tally.follow(shown(ONE, call(f"r{day.calls}", result, at=day.time.now)))
            day.look()
    assert day.states == ["raised"]


def test_yesterdays_pick_ups_are_not_what_is_usual_today() -> None:
    day = Day()
    day.dial(2, 0.5, ONE)
    day.time.now += 14 * HOUR_S
    day.dial(2, 0.1, ONE)
    assert day.states == []
    (figures,) = day.tally.caller_ids().values()
    assert figures.attempts + figures.usual_attempts == 720


def test_a_floor_that_never_rests_is_looked_at_over_a_day() -> None:
    day = Day()
    day.dial(23.9, 0.5, ONE)
    day.dial(6, 0.1, ONE)
    (figures,) = day.tally.caller_ids().values()
    assert figures.usual_attempts < 24 * 360


def test_two_numbers_that_look_the_same_when_masked_are_two() -> None:
    day = Day()
    day.dial(1, 0.25, ONE, TWIN)
    found = day.tally.caller_ids()
    assert [figures.attempts for figures in found.values()] == [61, 61]
    assert all(label.startswith("+3316•••••01") for label in found)
    day.dial(0.2, 0.25, TWIN)
    assert len(day.tally.caller_ids()) == 1


def test_who_shows_the_number_is_told_for_masked_it_cannot_be_read() -> None:
    day = Day()
    day.dial(1, 0.25, ONE)
    day.dial(0.3, 0.0, ONE)
    cause, _ = day.told[0].alert.text("en")
    assert "+3316•••••01" in cause
    assert "c1" in cause
    assert day.told[0].alert.subject == "+3316•••••01"


def test_a_busy_number_keeps_a_bounded_number_of_calls() -> None:
    time = Time()
    tally = Tally(time, SETTINGS.window_s)
    for number in range(3000):
        tally.follow(call(f"b{number}", at=NOW))
    (figures,) = tally.caller_ids().values()
    assert (figures.attempts, figures.usual_attempts) == (1000, 2000)
