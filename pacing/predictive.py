"""The risk-priced policy: dial while one more call's risk of finding nobody is worth its price."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from pacing.budget import Budget, Steering, poisson_tail
from pacing.floor import Watcher
from pacing.interface import Decision, Terms
from pacing.learner import Learner
from pacing.memory import pack
from pacing.pacer import Pacer
from pacing.progressive import bounded, floor_inputs, uncovered_agents
from pacing.risk import Demand, Risk, most, price_risk


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
        floor, learner, budget = self.floor, self.learner, self.budget
        learner.advance(now)
        budget.advance(now)
        for abandoned in learner.live:
            budget.live_answer(abandoned=abandoned)
        learner.live.clear()
        inputs = floor_inputs(floor)
        covered = max(0, uncovered_agents(floor))
        if len(floor.agents) < self.terms.min_agents_for_predictive or allowed <= 0:
            dial, reason = bounded(covered, allowed, bound, "progressive")
            return Decision(dial, (), 0.0, reason, inputs)
        price = budget.price(floor.answered, floor.abandoned, now)
        risk = self._risk(now)
        wanted = max(covered, most(lambda n: risk.of(n) <= price, allowed))
        within_law = max(covered, self._within_law(risk, wanted, now))
        reason = "law" if within_law < wanted or price <= 0.0 else "risk"
        dial, reason = bounded(within_law, allowed, bound, reason)
        if dial == allowed and bound != "none" and reason == "risk":
            reason = bound
        inputs["price"], inputs["aim"] = price, budget.aim
        return Decision(dial, (), risk.of(max(1, dial)), reason, inputs)

    def _risk(self, now: float) -> Risk:
        floor, learner = self.floor, self.learner
        ring = learner.ring
        counts, chances = learner.ages.counts, ring.by_age
        if floor.picked_up:
            share = np.full((1, ring.nodes), ring.person_share)
            counts = np.append(counts, floor.picked_up)
            chances = np.concatenate((chances, share))
        demand = Demand(counts, chances, ring.new, learner.answer_level.relative_variance)
        return price_risk(floor.ready - floor.waiting, learner.free_chances(now), demand)

    def _within_law(self, risk: Risk, wanted: int, now: float) -> int:
        """The largest number up to ``wanted`` whose bad luck the rest of the budget bears."""
        floor, ring = self.floor, self.learner.ring
        persons = float(self.learner.ages.counts @ ring.ever)
        persons += floor.picked_up * ring.person_share
        allowed = int(np.floor(self.budget.allowance(floor.answered, floor.abandoned, now)))
        tail = self.budget.steering.tail

        def lawful(n: int) -> bool:
            return poisson_tail((persons + n * ring.answer_chance) * risk.of(n), allowed) <= tail

        return wanted if wanted <= 0 or lawful(wanted) else most(lawful, wanted - 1)

    def memory(self) -> bytes:
        """See Pacer."""
        learned = {**self.learner.learned(), "integral": self.budget.integral}
        return pack(self.policy, learned)

    def recall(self, learned: Mapping[str, Any]) -> None:
        """See Pacer."""
        self.learner.recall(learned)
        self.budget.integral = float(learned["integral"])
