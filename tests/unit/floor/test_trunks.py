"""A dead trunk is found within a few calls, is spared but for one call that tries it, and is used again."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.reasons import sentence
from dialer.floor.trunks import NO_BOUND, TrunkRules, Trunks, TrunkView, Way
from dialer.floor.words import AttemptState, Result
from tests.unit.floor.desk import NINE, Desk, only

RULES = TrunkRules(failures=3, probe_s=10.0)
BACKED = TrunkRules({"trunk": "other"}, failures=3, probe_s=10.0)


def dead(rules: TrunkRules = RULES, now: float = NINE) -> Trunks:
    """Three calls over ``trunk`` have failed."""
    trunks = Trunks()
    trunks.change_rules(rules)
    for way in dialed(trunks, 3, now):
        trunks.failed(way, now)
    return trunks


def dialed(trunks: Trunks, count: int, now: float = NINE) -> list[Way]:
    ways = [trunks.take("trunk", now) for _ in range(count)]
    assert None not in ways
    return [way for way in ways if way is not None]


def test_a_run_of_failures_makes_a_trunk_avoided_at_the_last_of_them() -> None:
    trunks = Trunks()
    trunks.change_rules(RULES)
    assert [trunks.failed(way, NINE) for way in dialed(trunks, 3)] == [False, False, True]
    assert trunks.view("trunk") == TrunkView("trunk", NINE, 3, 3, "")


def test_calls_count_in_the_order_of_dialing_not_of_ending() -> None:
    """Of twenty calls every second rings, seconds later; all the failures come back first."""
    trunks = Trunks()
    trunks.change_rules(RULES)
    assert not any(trunks.failed(way, NINE) for way in dialed(trunks, 20)[::2])
    backwards = dialed(trunks, 3)[::-1]
    assert [trunks.failed(way, NINE) for way in backwards] == [False, False, True]


def test_nothing_but_one_call_at_a_time_goes_over_an_avoided_trunk() -> None:
    trunks = dead()
    assert (trunks.room("trunk", NINE + 9), trunks.take("trunk", NINE + 9)) == (0, None)
    assert trunks.room("trunk", NINE + 10) == 1
    assert trunks.take("trunk", NINE + 10) == Way("trunk", 4, probe=True)
    assert (trunks.room("trunk", NINE + 60), trunks.take("trunk", NINE + 60)) == (0, None)


def test_a_call_that_tries_and_fails_is_followed_by_another_one_only_after_a_while() -> None:
    trunks = dead()
    probe = trunks.take("trunk", NINE + 10)
    assert probe is not None
    assert not trunks.failed(probe, NINE + 12)
    assert trunks.view("trunk").lost == 4
    assert (trunks.room("trunk", NINE + 21), trunks.room("trunk", NINE + 22)) == (0, 1)


def test_a_call_that_gets_through_opens_the_trunk_again_and_late_failures_do_not_close_it() -> None:
    trunks = Trunks()
    trunks.change_rules(RULES)
    ways = dialed(trunks, 8)
    for way in ways[:3]:
        trunks.failed(way, NINE)
    probe = trunks.take("trunk", NINE + 10)
    assert probe is not None
    assert trunks.got_through(probe)
    assert trunks.room("trunk", NINE + 10) == NO_BOUND
    assert not any(trunks.failed(way, NINE + 11) for way in ways[3:])
    assert [trunks.failed(way, NINE + 20) for way in dialed(trunks, 3, NINE + 20)] == [False, False, True]


def test_a_call_from_before_that_rings_late_does_not_open_it() -> None:
    trunks = Trunks()
    trunks.change_rules(RULES)
    early, *others = dialed(trunks, 4)
    for way in others:
        trunks.failed(way, NINE)
    assert not trunks.got_through(early)
    assert trunks.view("trunk").avoided_since == NINE


def test_another_trunk_carries_the_calls_and_the_first_is_tried_in_between() -> None:
    trunks = dead(BACKED)
    assert trunks.view("trunk").instead == "other"
    assert trunks.room("trunk", NINE) == NO_BOUND
    assert trunks.take("trunk", NINE) == Way("other", 1)
    assert trunks.take("trunk", NINE + 10) == Way("trunk", 4, probe=True)
    assert trunks.take("trunk", NINE + 10) == Way("other", 2)


def test_a_promised_call_is_not_the_one_to_try_a_dead_trunk_with_unless_both_are_dead() -> None:
    trunks = dead(BACKED)
    assert trunks.take("trunk", NINE + 10, promised=True) == Way("other", 1)
    assert dead().take("trunk", NINE + 10, promised=True) == Way("trunk", 4, probe=True)


def test_when_both_are_dead_each_is_tried_by_one_call() -> None:
    trunks = dead(BACKED)
    for _ in range(3):
        way = trunks.take("trunk", NINE)
        assert way is not None
        trunks.failed(way, NINE)
    assert (trunks.room("trunk", NINE), trunks.room("trunk", NINE + 10)) == (0, 2)
    assert trunks.view("trunk").instead == ""
    tries = [trunks.take("trunk", NINE + 10) for _ in range(3)]
    assert tries == [Way("trunk", 4, probe=True), Way("other", 4, probe=True), None]


def test_trunks_that_stand_in_for_each_other_are_no_endless_loop() -> None:
    trunks = dead(TrunkRules({"trunk": "other", "other": "trunk"}, 3, 10.0))
    assert trunks.take("trunk", NINE) == Way("other", 1)


def test_with_no_bound_no_trunk_is_avoided_and_one_that_was_is_used_again() -> None:
    trunks = dead()
    assert trunks.change_rules(TrunkRules(failures=0)) == ["trunk"]
    assert not any(trunks.failed(way, NINE) for way in dialed(trunks, 50))


def test_what_is_remembered_is_bounded() -> None:
    trunks = Trunks()
    trunks.change_rules(TrunkRules(failures=100))
    for number, way in enumerate(dialed(trunks, 10_000)):
        if number % 2:
            trunks.failed(way, NINE)
    assert len(trunks._trunk("trunk").failed) <= 1001


# --- on the floor ----------------------------------------------------------------------------------------------------


def desk(rules: TrunkRules = RULES, **values: object) -> Desk:
    made = Desk(**values)  # type: ignore[arg-type]
    made.tell(ev.TrunksTold(at=made.now, rules=rules))
    return made


def congest(made: Desk, *names: str) -> None:
    for name in names:
        made.hang_up(name, Result.CONGESTION, 34)


def sent(made: Desk) -> dict[str, str]:
    """By attempt, the trunk of its Originate."""
    return {originate.attempt_id: originate.trunk for originate in only(made.commands, cmd.Originate)}


def steps(made: Desk, state: AttemptState) -> dict[str, str]:
    return {c.attempt_id: c.reason for c in made.commands if isinstance(c, cmd.RecordStep) and c.state is state}


def test_the_floor_says_that_a_trunk_is_avoided_and_used_again() -> None:
    made = desk(BACKED)
    made.dial("c1", "c2", "c3")
    congest(made, "c1", "c2", "c3")
    made.wait(10)
    made.dial("c4", "c5")
    assert sent(made) == {"c1": "trunk", "c2": "trunk", "c3": "trunk", "c4": "trunk", "c5": "other"}
    assert steps(made, AttemptState.DIALING)["c4"] == "originate sent, to try the trunk trunk"
    assert steps(made, AttemptState.DIALING)["c5"] == "originate sent over the trunk other"
    made.tell(ev.CallRinging(at=made.now, attempt_id="c4"))
    told = only(made.commands, cmd.TrunkMoved)
    assert [(moved.trunk, moved.avoided, moved.instead, moved.lost) for moved in told] == [
        ("trunk", True, "other", 3),
        ("trunk", False, "", 0),
    ]
    made.dial("c6")
    assert sent(made)["c6"] == "trunk"


@pytest.mark.parametrize("result", [Result.BUSY, Result.REJECTED, Result.INVALID_NUMBER])
def test_an_answer_of_the_network_shows_that_the_trunk_works(result: Result) -> None:
    made = desk()
    made.dial("c1", "c2", "c3")
    congest(made, "c1", "c2", "c3")
    made.wait(10)
    made.dial("c4")
    made.hang_up("c4", result, 17)
    assert made.floor.trunk_views()[0].avoided_since is None


@pytest.mark.parametrize("result", [Result.NO_ANSWER, Result.UNKNOWN, Result.CANCELLED])
def test_an_end_without_a_sign_of_the_network_says_nothing(result: Result) -> None:
    made = desk()
    made.dial("c1", "c2", "c3")
    congest(made, "c1", "c2", "c3")
    made.wait(10)
    made.dial("c4")
    made.hang_up("c4", result, 0)
    (seen,) = made.floor.trunk_views()
    assert (seen.avoided_since, seen.lost) == (NINE, 3)


def test_congestion_after_ringing_is_no_failure_of_the_trunk() -> None:
    made = desk()
    made.dial("c1", "c2", "c3")
    for name in ("c1", "c2", "c3"):
        made.tell(ev.CallRinging(at=made.now, attempt_id=name))
    congest(made, "c1", "c2", "c3")
    assert made.floor.trunk_views()[0].avoided_since is None


def test_an_attempt_reserved_before_its_trunk_failed_is_not_dialed_and_does_not_count() -> None:
    made = desk()
    made.dial("c1", "c2", "c3")
    congest(made, "c1", "c2", "c3")
    made.dial("late")
    outcome = made.outcomes()["late"]
    assert (outcome.dialed, outcome.result) == (False, Result.CANCELLED)
    assert "late" not in sent(made)
    assert steps(made, AttemptState.ENDED)["late"] == "not dialed: the trunk trunk has failed meanwhile"


def test_a_campaign_on_a_dead_trunk_dials_one_call_to_try_it_and_says_why() -> None:
    made = desk(policy="ratio", ratio=3.0)
    for name in ("a1", "a2", "a3"):
        made.agent(name)
    before, _ = made.floor.decide("c1", made.now)
    assert before.dial == 3
    made.dial("c1", "c2", "c3")
    congest(made, "c1", "c2", "c3")
    held, _ = made.floor.decide("c1", made.now)
    assert (held.dial, held.reason) == (0, "trunk_failing")
    assert "the trunk fails" in sentence(held)
    assert "en panne" in sentence(held, "fr")
    assert made.floor.free_agents("c1").most == 0
    made.wait(10)
    trying, _ = made.floor.decide("c1", made.now)
    assert (trying.dial, trying.reason) == (1, "trunk_failing")
    assert made.floor.free_agents("c1").most == 1


@pytest.mark.parametrize("rules", [RULES, BACKED])
def test_a_dead_trunk_does_not_burn_a_list(rules: TrunkRules) -> None:
    """For an hour every call over the first trunk fails at once; it is dialed once in ten seconds."""
    made = desk(rules, policy="ratio", ratio=3.0)
    for name in ("a1", "a2", "a3"):
        made.agent(name)
    for second in range(3600):
        made.wait(1)
        decision, _ = made.floor.decide("c1", made.now)
        made.dial(*(f"{second}-{number}" for number in range(decision.dial)))
        congest(made, *(name for name, trunk in sent(made).items() if trunk == "trunk"))
        made.commands.clear()
        for call in list(made.floor._book.calls):
            made.hang_up(call, Result.BUSY, 17)
    assert made.floor._book.trunks.view("trunk").lost <= 9 + 360
    assert bool(made.floor._book.trunks.view("other").lost) is False


# --- whatever comes --------------------------------------------------------------------------------------------------

CALLS = [f"c{number}" for number in range(40)]
ENDS = st.sampled_from([Result.CONGESTION, Result.FAILED, Result.BUSY, Result.NO_ANSWER, Result.UNKNOWN])
MOVES = st.one_of(
    st.tuples(st.just("dial"), st.integers(1, 4)),
    st.tuples(st.just("ring"), st.integers(0, 39)),
    st.tuples(st.just("end"), st.integers(0, 39), ENDS),
    st.tuples(st.just("congest all"), st.just(0)),
    st.tuples(st.just("wait"), st.floats(0, 30)),
)


class Watched:
    """A desk, and the trunk's standing when each call was sent."""

    def __init__(self, rules: TrunkRules) -> None:
        self.desk = desk(rules)
        self.left = CALLS[::-1]
        self.open: set[str] = set()

    def play(self, move: tuple[object, ...]) -> None:
        match move:
            case ("dial", int(count)):
                self.dial([self.left.pop() for _ in range(min(count, len(self.left)))])
            case ("ring", int(number)):
                self.desk.tell(ev.CallRinging(at=self.desk.now, attempt_id=CALLS[number]))
            case ("end", int(number), Result() as result):
                self.desk.hang_up(CALLS[number], result)
            case ("congest all", _):
                congest(self.desk, *self.desk.floor._book.calls)
            case ("wait", float(seconds)):
                self.desk.wait(seconds)

    def dial(self, names: list[str]) -> None:
        for name in names:
            before = {view.trunk_id: view.avoided_since for view in self.desk.floor.trunk_views()}
            self.desk.dial(name)
            trunk = sent(self.desk).get(name)
            way = self.desk.floor._book.calls[name].way if trunk else None
            assert trunk is None or (way is not None and way.probe == (before.get(trunk) is not None))
            self.expect_one_probe()

    def expect_one_probe(self) -> None:
        ways = [call.way for call in self.desk.floor._book.calls.values() if call.way is not None]
        avoided = {view.trunk_id for view in self.desk.floor.trunk_views() if view.avoided_since is not None}
        probes = Counter(way.trunk for way in ways if way.probe and way.trunk in avoided)
        assert all(count == 1 for count in probes.values())


@given(st.sampled_from([RULES, BACKED]), st.lists(MOVES, max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_each_attempt_goes_out_once_and_an_avoided_trunk_carries_one_call(
    rules: TrunkRules, moves: list[tuple[object, ...]]
) -> None:
    watched = Watched(rules)
    for move in moves:
        watched.play(move)
    originates = Counter(originate.attempt_id for originate in only(watched.desk.commands, cmd.Originate))
    assert all(count == 1 for count in originates.values())


@given(st.sampled_from([RULES, BACKED]), st.lists(MOVES, max_size=60))
@settings(max_examples=200, deadline=None)
def test_whatever_came_a_trunk_that_works_again_is_used_again(
    rules: TrunkRules, moves: list[tuple[object, ...]]
) -> None:
    watched = Watched(rules)
    for move in moves:
        watched.play(move)
    for call in list(watched.desk.floor._book.calls):
        watched.desk.hang_up(call, Result.BUSY, 17)
    for number in range(2):  # one call for each trunk is enough
        watched.desk.wait(RULES.probe_s)
        watched.desk.dial(f"after-{number}")
        watched.desk.tell(ev.CallRinging(at=watched.desk.now, attempt_id=f"after-{number}"))
    assert watched.desk.floor._book.trunks.view("trunk").avoided_since is None
