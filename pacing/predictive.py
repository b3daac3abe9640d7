"""The risk-priced policy: dial while one more call's risk of finding nobody is worth its price."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from math import floor as floor_of
from math import sqrt
from typing import Any, ClassVar, Final

import numpy as np

from pacing.bounds import UNBOUND
from pacing.budget import Budget, Standing, Steering, clumped_tail, poisson_tail
from pacing.errors import PacingError
from pacing.floor import RINGING, Watcher
from pacing.interface import Decision, Terms
from pacing.learner import KNOWN_CALLS, Learner
from pacing.memory import pack
from pacing.pacer import Pacer
from pacing.progressive import bounded, floor_inputs, uncovered_agents
from pacing.risk import (
    EXACT_TERMS,
    Demand,
    ExactRisk,
    NormalRisk,
    Risk,
    cumulants,
    most,
)

_RETURN_SHARE: Final = 0.5  # of the allowance, for answers that come back at once
_MOST_A_RING: Final = 12  # calls dialed for each agent within the time that one may ring, whatever the list
_CLUMP_GROWTH: Final = 0.6  # by the spread of answers in flight: one that finds nobody is soon followed


class Predictive(Pacer):
    """Learns everything, keeps the law of each window, and says why."""

    policy: ClassVar[str] = "predictive"

    def __init__(self, *, seed: int = 0, **steering: float) -> None:
        self.learner = Learner()
        self.budget = Budget(Steering(**steering))
        super().__init__(seed=seed)

    def _watcher(self) -> Watcher:
        return self.learner

    def _opened(self, at: float) -> None:
        self.learner.prepare(self.terms, at)
        self.budget.open(self.terms, at)

    def set_terms(self, terms: Terms) -> None:
        """See Pacer; a changed limit changes the budget at once."""
        super().set_terms(terms)
        self.budget.terms = terms
        self.learner.prepare(terms, self.learner.levelled_at)

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:
        self._learn(now)
        inputs = floor_inputs(self.floor)
        cancel = self._cancelled(now) if self.terms.may_cancel else ()
        allowed, bound = self._sane(allowed, bound)
        if len(self.floor.agents) < self.terms.min_agents_for_predictive or allowed <= 0:
            return replace(self._progressive(allowed, bound, inputs), cancel=cancel)
        return self._priced(now, allowed, bound, cancel, inputs)

    def _progressive(self, allowed: int, bound: str, inputs: dict[str, float]) -> Decision:
        self.one_to_one = True
        dial, reason = bounded(uncovered_agents(self.floor), allowed, bound, "progressive")
        return Decision(dial, (), 0.0, reason, inputs)

    def _sane(self, allowed: int, bound: str) -> tuple[int, str]:
        """Bounds that the operator set, and one of our own: a dead line ends calls as quickly as they are dialed."""
        floor = self.floor
        serving = len(floor.agents) - floor.leaving
        dialed = len(floor.recent_dials) - bisect_right(floor.recent_dials, self._now - self.terms.ring_timeout_s)
        room = max(0, _MOST_A_RING * serving - dialed)
        return (allowed, bound) if allowed <= room else (room, "max_ratio")

    def _standing(self, now: float) -> Standing:
        return self.budget.standing(self.floor.answered, self.floor.abandoned, now)

    def _priced(
        self,
        now: float,
        allowed: int,
        bound: str,
        cancel: tuple[str, ...],
        inputs: dict[str, float],
    ) -> Decision:
        covered = max(0, uncovered_agents(self.floor))
        standing = self._standing(now)
        price = standing.price
        self.one_to_one = price <= 0.0
        demanded, persons = self._demand()
        risk = self._risk(demanded, price, now)
        wanted = max(covered, most(lambda n: risk.of(n) <= price, allowed))
        known = max(covered, min(wanted, self._learning_room(now)))
        within_law = max(covered, self._within_law(risk, known, (demanded, persons), standing, now))
        within_law = max(covered, min(within_law, self._return_room(persons, standing, now)))
        reason = "learning" if known < wanted else "risk"
        if within_law < known or price <= 0.0:
            reason = "law"
        dial, reason = bounded(within_law, allowed, bound, reason)
        if dial == allowed and bound != "none" and reason == "risk":
            reason = bound
        inputs |= {"price": price, "aim": self.budget.aim, "limit": self.terms.abandonment_limit}
        inputs["budget_left"] = self.budget.surplus(self.floor.answered, self.floor.abandoned)
        return Decision(dial, cancel, risk.of(max(1, dial)), reason, inputs)

    def _cancelled(self, now: float) -> tuple[str, ...]:
        """Calls past their minimum ring whose answer now would find nobody, most likely."""
        floor = self.floor
        if not floor.ringing or self._nobody_now(now) <= self.budget.steering.cancel_above:
            return ()
        ringing = (call for call in floor.calls.values() if call.phase == RINGING)
        old = takewhile(lambda call: now - call.dialed_at >= self.terms.min_ring_s, ringing)
        return tuple(call.id for call in old)

    def _learn(self, now: float) -> None:
        self.learner.advance(now)
        self.budget.advance(now)
        if self.learner.live:
            for abandoned in self.learner.live:
                self.budget.live_answer(abandoned=abandoned)
            self.learner.live.clear()

    def _demand(self) -> tuple[list[float], float]:
        """Sums of cumulants of the calls in progress, and how many persons they will bring."""
        sums, persons = self.learner.demanded_sums()
        picked_up = self.floor.picked_up
        if picked_up:
            share = self.learner.ring.person_share
            each = cumulants(np.array([share])).tolist()
            nodes = self.learner.ring.nodes
            sums = [total + picked_up * each[i // nodes] for i, total in enumerate(sums)]
            persons += picked_up * share
        return sums, persons

    def _risk(self, demanded: list[float], price: float, now: float) -> Risk:
        """By the normal law; exactly where terms are few and the normal law leaves it open."""
        floor, learner = self.floor, self.learner
        sure, new = floor.ready - floor.waiting, learner.ring.new_list
        levels = learner.answer_level.relative_variance, learner.talk_level.relative_variance
        normal = NormalRisk(sure, learner.free_sums(now), demanded, new, levels)
        terms = len(floor.agents) + floor.ringing + floor.picked_up
        if terms > EXACT_TERMS or normal.of(1) > 3.0 * price + 0.03:
            return normal
        counts, chances = learner.ages.counts, learner.ring.by_age
        if floor.picked_up:
            share = np.full((1, learner.ring.nodes), learner.ring.person_share)
            counts = np.append(counts, floor.picked_up)
            chances = np.concatenate((chances, share))
        demand = Demand(counts, chances, learner.ring.new, *levels)
        return ExactRisk(sure, learner.free_chances(now), demand)

    def _learning_room(self, now: float) -> int:
        """Room while few calls have ended: even if as many answer as may be, agents are there."""
        floor, ring = self.floor, self.learner.ring
        if ring.matured >= KNOWN_CALLS:
            return UNBOUND
        soon = self.learner.free_sums(now)[ring.nodes - 1]
        agents = floor.ready - floor.waiting + 0.7 * soon
        return int(agents / ring.answered_share_at_most()) - floor.ringing - floor.picked_up

    def _return_room(self, persons: float, standing: Standing, now: float) -> int:
        """Room for more calls if people answered again as usual, in what rings already too.

        Where next to nobody answers, one more call bears no risk and neither does the thousandth: a dead line, a list
        dialed at the wrong hour. Then answers come back at once, and find whatever rings.
        """
        learner, floor = self.learner, self.floor
        chance = max(1e-9, learner.ring.answer_chance)
        if learner.usual_chance <= chance:
            return UNBOUND
        agents = floor.ready - floor.waiting + learner.free_sums(now)[learner.ring.nodes - 1]
        bearable = agents + _RETURN_SHARE * max(0.0, standing.allowance)
        return int(bearable / learner.usual_chance - persons / chance)

    def _within_law(
        self, risk: Risk, wanted: int, coming: tuple[list[float], float], standing: Standing, now: float
    ) -> int:
        """The largest number up to ``wanted`` whose bad luck the rest of the budget bears."""
        if wanted <= 0:
            return wanted
        spare, tail = floor_of(standing.allowance), standing.tail
        at_once = self._nobody_now(now)
        answer_chance = self.learner.ring.answer_chance

        def lawful(n: int) -> bool:
            expected = self._abandons(risk.by_node(n), n, coming, at_once)
            clump = max(self.budget.longest_run, 1.0 + _CLUMP_GROWTH * sqrt(coming[1] + n * answer_chance))
            if standing.cautious:  # what little is known yet may well be wrong by a clump
                expected *= clump
            if clumped_tail(expected, clump, spare) > tail:
                return False
            # The next call's risk bounds the shortfall from above, and is known already.
            return risk.of(n) <= tail or risk.shortfall(n, max(0, spare)) <= tail

        return wanted if lawful(wanted) else most(lawful, wanted - 1)

    def _abandons(self, risks: list[float], n: int, coming: tuple[list[float], float], at_once: float) -> float:
        """Abandons expected of all calls in flight, ``n`` more with them, interval by interval."""
        ring, (demanded, persons) = self.learner.ring, coming
        before, answered, total = at_once, 0.0, 0.0
        for k, risk in enumerate(risks):
            reached = demanded[k] + n * ring.new_list[k]
            total += (reached - answered) * 0.5 * (before + risk)
            before, answered = risk, reached
        return total + max(0.0, persons + n * ring.answer_chance - answered) * before

    def _nobody_now(self, now: float) -> float:
        """Chance that a person who answers now finds nobody within the connect deadline."""
        missing = self.floor.waiting - self.floor.ready
        if missing < 0:
            return 0.0
        free_soon = self.learner.free_sums(now)[-1]
        return 1.0 - poisson_tail(free_soon, missing)

    def memory(self) -> bytes:
        """See Pacer."""
        learned = {**self.learner.learned(), "integral": self.budget.integral}
        return pack(self.policy, learned)

    def recall(self, learned: Mapping[str, Any]) -> None:
        """See Pacer. Raises PacingError where the memory's content cannot be."""
        try:
            self.learner.recall(learned)
            self.budget.integral = min(1.0, max(-1.0, float(learned["integral"])))
        except (KeyError, TypeError, ValueError) as error:
            raise PacingError(f"memory: its content is wrong ({error}); start without one.") from error
