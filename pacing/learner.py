"""Learns from the floor's own events: ring, answer level, talk, wrap-up, agents' speeds."""

from collections import deque
from collections.abc import Mapping
from math import exp
from typing import Any, Final

import numpy as np

from pacing.distributions import Floats
from pacing.floor import TALKING, WRAP_UP, Agent, Call, Watcher
from pacing.hazards import BIN_OF_SECOND, PhaseTable
from pacing.interface import Terms
from pacing.level import Level
from pacing.ring import RingAges, RingCurve, ring_bins
from pacing.supply import AgentBoard, SupplyTable

NODES: Final = 5
_LOOK_S: Final = 0.5  # between looks at which table is due, while none is
_REFRESH_S: Final = 5.0  # tables whose level has moved...
_REST_S: Final = 20.0  # ... and any table
_MOVED: Final = 0.01  # of a level: what is worth new tables
_LEVEL_STEP_S: Final = 3.0
_SOON_S: Final = 0.5
_SUMS_S: Final = 1.0
KNOWN_CALLS: Final = 400.0  # from then on the answered share is known well enough
_PRIOR_ANSWERS: Final = 4.0
_PRIOR_ENDS: Final = 8.0
_YOUNG_ANSWERS: Final = 60
_YOUNG_TALKS: Final = 60  # until then tables are made anew each second
_USUAL_S: Final = 14_400.0  # how long it takes for as many answers as now to be usual


class Learner(Watcher):
    """Everything a decision looks up, kept up to date by events and by ``advance``."""

    def __init__(self, nodes: int = NODES) -> None:
        self.ages = RingAges(1)
        self.ring = RingCurve(25.0, nodes)
        self.answer_level = Level(_PRIOR_ANSWERS)
        self.talk = PhaseTable(150.0)
        self.wrap_up = PhaseTable(20.0)
        self.usual_chance = 0.0  # that a call is answered, over hours: by time, however many were dialed when
        self.talk_level = Level(_PRIOR_ENDS, (40.0, 120.0, 400.0))
        self.board = AgentBoard()
        self.supply = SupplyTable()
        self.patience_s, self.ring_timeout_s = 2.0, 25.0
        self.levelled_at = 0.0
        self.ring_at = self.agents_at = self.supply_at = self.look_at = -1e300
        self.ring_level = self.supply_level = 1.0  # the levels that the tables were made for
        self.persons_seen = self.talks_ended = 0
        self.total = np.zeros(1)
        self.sums: list[float] = []
        self.sums_until = -1e300
        self.young: deque[tuple[float, str]] = deque()  # at most a ring's worth of dials
        self.young_answers: set[str] = set()
        self.live: list[bool] = []  # live answers since last taken

    def prepare(self, terms: Terms, at: float) -> None:
        """A window opens: tables for its ring limit."""
        self.patience_s, self.ring_timeout_s = terms.connect_deadline_s, terms.ring_timeout_s
        if ring_bins(terms.ring_timeout_s) != self.ring.bins:
            self.ring = self.ring.resized(terms.ring_timeout_s)
        if self.ages.counts.size != self.ring.bins:
            self.ages.resize(self.ring.bins)
        self.ages.advance(at)
        self.levelled_at = at
        self._refresh_supply(at)
        self.ring_at = self.agents_at = self.supply_at = self.look_at = -1e300

    def new_clock(self) -> None:
        """See Watcher."""
        self.ages = RingAges(self.ring.bins)
        self.board = AgentBoard()
        self.young.clear()
        self.young_answers.clear()
        self.live.clear()
        self.persons_seen = self.talks_ended = 0

    # what the floor tells

    def call_dialed(self, call: Call, at: float) -> None:
        """See Watcher."""
        self.ages.advance(at)
        self.ages.add(call.dialed_at, 1)
        if self.ring.matured < KNOWN_CALLS:
            self.young.append((call.dialed_at, call.id))

    def call_picked_up(self, call: Call, at: float) -> None:
        """See Watcher."""
        self.ages.advance(at)
        self.ages.add(call.dialed_at, -1)

    def call_classified(self, call: Call, at: float, person: bool) -> None:
        """See Watcher."""
        picked_up = at if call.answered_at is None else call.answered_at
        self.ring.ended(picked_up - call.dialed_at, "person" if person else "other")
        self.ring.classified(at - picked_up, person=person)
        self.persons_seen += person
        if person and self.young:
            self.young_answers.add(call.id)

    def call_ended_ringing(self, call: Call, at: float, kind: str) -> None:
        """See Watcher."""
        self.ages.advance(at)
        self.ages.add(call.dialed_at, -1)
        self.ring.ended(at - call.dialed_at, "censored" if kind == "call_cancelled" else "other")

    def agent_changed(self, agent: Agent, at: float, phase: str | None) -> None:
        """See Watcher."""
        if agent.phase == TALKING and phase != TALKING:
            self.talk.ended(at - agent.since)
            self.talks_ended += 1
        elif agent.phase == WRAP_UP and phase != WRAP_UP:
            self.wrap_up.ended(at - agent.since)
        self.board.put(agent, phase, at)

    def live_answer(self, at: float, abandoned: bool) -> None:  # noqa: ARG002
        """See Watcher."""
        self.live.append(abandoned)

    # what time brings

    def advance(self, now: float) -> None:
        """Levels and tables, each at its own pace; one of them a decision, once there is data."""
        self.ages.advance(now)
        if self.young:
            self._let_mature(now)
        if now >= self.look_at and not self._bring_up_to_date(now):
            self.look_at = now + _LOOK_S

    def _bring_up_to_date(self, now: float) -> bool:
        """Make one table anew if it is due; whether there was one."""
        if now - self.levelled_at >= _LEVEL_STEP_S:
            self._update_levels(now)
        if self._is_due(now - self.ring_at, self.answer_level.mean, self.ring_level):
            self.ring_at, self.ring_level = now, self.answer_level.mean
            self.ring.tables(self.answer_level.mean, self.ages.counts)
        elif self._is_due(now - self.agents_at, 1.0, 1.0):
            self.agents_at = now
            self.talk.refresh(self.board.elapsed_s(TALKING, now))
            self.wrap_up.refresh(self.board.elapsed_s(WRAP_UP, now))
        elif self._is_due(now - self.supply_at, self.talk_level.mean, self.supply_level):
            self._refresh_supply(now)
        else:
            return False
        return True

    def _is_due(self, age_s: float, level: float, tabled: float) -> bool:
        """Whether a table of that age, made for the level ``tabled``, is to be made anew."""
        if age_s < _REFRESH_S:
            return age_s >= 1.0 and self.talk.count < _YOUNG_TALKS
        return age_s >= _REST_S or abs(level - tabled) > _MOVED * tabled

    def _refresh_supply(self, now: float) -> None:
        self.sums_until = self.supply_at = now
        self.supply_level = self.talk_level.mean
        self.supply.refresh(
            self.talk.hazard * self.talk_level.mean,
            self.wrap_up.hazard,
            np.append(self.ring.node_s, _SOON_S) + self.patience_s,
        )

    def _update_levels(self, now: float) -> None:
        passed_s = min(now - self.levelled_at, 30.0)
        self.levelled_at = now
        if self.ring.answered < _YOUNG_ANSWERS:
            seen = self.ring.expected_answers(self.ages.counts)
            self.answer_level.rebase(_PRIOR_ANSWERS, self.ring.answered, seen)
        else:
            expected = float(self.ages.counts @ self.ring.hazard) * passed_s
            self.answer_level.observe(self.persons_seen, expected)
        self._follow_usual(passed_s)
        if self.talk.count < _YOUNG_TALKS:
            self.talk_level.rebase(_PRIOR_ENDS, self.talk.count, self.talk.count)
        else:
            talking = np.minimum(self.board.elapsed_s(TALKING, now), BIN_OF_SECOND.size - 1)
            ends = float(self.talk.hazard[BIN_OF_SECOND[talking.astype(int)]].sum()) * passed_s
            self.talk_level.observe(self.talks_ended, ends)
        self.persons_seen = self.talks_ended = 0

    def _follow_usual(self, passed_s: float) -> None:
        young = self.ring.answered < _YOUNG_ANSWERS
        share = 1.0 if young or not self.usual_chance else 1.0 - exp(-passed_s / _USUAL_S)
        self.usual_chance += share * (self.ring.answer_chance - self.usual_chance)

    def _let_mature(self, now: float) -> None:
        while self.young and self.young[0][0] <= now - self.ring_timeout_s:
            _, call_id = self.young.popleft()
            self.ring.matured += 1.0
            self.ring.matured_answers += call_id in self.young_answers
            self.young_answers.discard(call_id)

    def free_chances(self, now: float) -> Floats:
        """Chance of each busy agent to be free at each node, patience included."""
        rows = self.board.rows(now)
        return self.supply.free[rows[rows > 0], :-1]

    def free_sums(self, now: float) -> list[float]:
        """Sums of the cumulants of ``free_chances``, elapsed times not older than a second.

        The last number is how many agents are expected to be free for a person who answers now.
        """
        if now >= self.sums_until:
            self.total = self.board.total(self.supply.sums, now)
            self.sums_until = now + _SUMS_S
        elif self.board.moved:
            self.board.add_moved(self.total, self.supply.sums)
        else:
            return self.sums
        self.sums = self.total.tolist()
        return self.sums

    def demanded_sums(self) -> tuple[list[float], float]:
        """Sums of the cumulants of calls in progress by node, and persons to come of them."""
        sums = (self.ages.counts @ self.ring.sums).tolist()
        return sums[:-1], sums[-1]

    # memory

    def learned(self) -> dict[str, Any]:
        """All tables and levels."""
        return {
            "ring": self.ring.learned(),
            "answer_level": self.answer_level.learned(),
            "talk": self.talk.learned(),
            "wrap_up": self.wrap_up.learned(),
        }

    def recall(self, learned: Mapping[str, Any]) -> None:
        """Begin from an earlier day."""
        self.ring = RingCurve.of_memory(learned["ring"], self.ring.nodes)
        self.ring.recall(learned["ring"], 0.2)
        self.answer_level.recall(learned["answer_level"], 10.0)
        self.talk.recall(learned["talk"], 0.2)
        self.wrap_up.recall(learned["wrap_up"], 0.2)
