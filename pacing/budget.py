"""Steering by the legal budget: how dear a risk may be now, so that the window keeps its limit."""

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final, NamedTuple

from pacing.interface import Terms

_INTEGRAL_STEP: Final = 0.03
_INTEGRAL_BOUND: Final = 1.5
_RATE_MEMORY_S: Final = 1200.0
_USUAL_RUN: Final = 1.5  # length of a run of abandons that calm floors show too
_SEEN_AGAIN: Final = 3.0  # a floor that once abandoned so many in a run may abandon more in the next
_RUN_SHARE: Final = 0.25  # of answers abandoned: while more are, a run of abandons goes on


@dataclass(slots=True)
class Steering:
    """Constants of the steering; the defaults were chosen on the public scenarios."""

    price_per_limit: float = 0.7  # theta0 / limit
    margin_growth: float = 0.4
    early_share: float = 0.5  # of the budget, kept back until the margin is reached
    least_horizon: float = 300.0
    horizon_s: float = 3600.0
    cautious_s: float = 1800.0  # no more than one abandon is lent in the first half hour
    cautious_aim: float = 0.8  # times the limit, in that half hour; later:
    greatest_aim: float = 2.0
    lent_share: float = 0.1
    cancel_above: float = 0.5  # chance of nobody from which a ringing call is given up
    tail: float = 0.05  # chance of running out of allowance that a decision may take...
    cautious_tail: float = 0.0001  # ... in the first half hour
    last_tail: float = 0.0005  # ... and near the end, when little time is left to pay it back


class Standing(NamedTuple):
    """What the window allows at one moment."""

    price: float  # theta: the risk that one more call may carry
    allowance: float  # how many abandons may happen now, what is lent included
    tail: float  # chance of running out of allowance that a decision may take
    cautious: bool  # whether the window is in its first half hour


class Budget:
    """The window's answers and abandons, and the price of risk that follows."""

    def __init__(self, steering: Steering) -> None:
        self.steering = steering
        self.integral = 0.0
        self.terms = Terms()
        self.opened_at = 0.0
        self.rate = 0.0  # live answers a second
        self.aim = 0.0
        self.last = 0.0
        self.run = self.longest_run = 0.0  # abandons close together, now and at worst

    def open(self, terms: Terms, at: float) -> None:
        """A window begins."""
        self.terms, self.opened_at, self.last = terms, at, at
        self.aim, self.rate = terms.abandonment_limit, 0.0
        self.run = self.longest_run = 0.0

    def live_answer(self, *, abandoned: bool) -> None:
        """Learn the price from each live answer: the integral moves until aim = outcome."""
        step = _INTEGRAL_STEP * (self.aim - abandoned)
        self.integral = min(_INTEGRAL_BOUND, max(-_INTEGRAL_BOUND, self.integral + step))
        self.rate += 1.0 / _RATE_MEMORY_S
        self.run = max(0.0, self.run + abandoned - _RUN_SHARE)
        self.longest_run = max(self.longest_run, self.run)

    def advance(self, now: float) -> None:
        """Let the answer rate fade."""
        self.rate *= exp(-(now - self.last) / _RATE_MEMORY_S)
        self.last = now

    def answers_a_second(self, now: float) -> float:
        """Recent rate, without the bias of a window just begun."""
        seen_s = max(60.0, now - self.opened_at)
        if seen_s > 10 * _RATE_MEMORY_S:
            return self.rate
        return self.rate / (1.0 - exp(-seen_s / _RATE_MEMORY_S))

    def surplus(self, answered: int, abandoned: int) -> float:
        """Abandons that the answers so far allow, less those that happened."""
        return self.terms.abandonment_limit * answered - abandoned

    def standing(self, answered: int, abandoned: int, now: float) -> Standing:
        """What the window allows now, ``answered`` live answers and ``abandoned`` of them so far."""
        rate = self.answers_a_second(now)
        to_come = rate * self._left_s(now)
        surplus = self.surplus(answered, abandoned)
        cautious = now - self.opened_at < self.steering.cautious_s
        # How many abandons come at once when luck is bad: more with more answers, and more still
        # where answers are seen to jump.
        usual = sqrt(self.terms.abandonment_limit * (answered + to_come)) / 8.0
        seen = self.longest_run - _USUAL_RUN
        burst = max(1.0, usual, seen)
        self.aim = self._aim(answered, surplus, to_come, max(burst, _SEEN_AGAIN * seen), cautious=cautious)
        return Standing(
            self._price(rate),
            surplus + self._lent(answered, to_come, burst, cautious=cautious),
            self._tail(to_come, burst, cautious=cautious),
            cautious,
        )

    def _aim(self, answered: int, surplus: float, to_come: float, burst: float, *, cautious: bool) -> float:
        """The rate of abandons that from here on meets the limit, a margin kept back."""
        limit, s = self.terms.abandonment_limit, self.steering
        total = max(1.0, answered + to_come)
        margin = min(
            s.early_share * limit * answered,
            1.0 + max(s.margin_growth * sqrt(limit * total), burst),
            0.8 * burst + 0.5 * limit * to_come,
        )
        calm = max(s.least_horizon, s.horizon_s * self.answers_a_second(self.last))
        horizon = max(8.0, min(to_come, calm, 20.0 + 0.5 * answered))
        most = s.cautious_aim if cautious else s.greatest_aim
        return min(most * limit, max(0.0, limit + (surplus - margin) / horizon))

    def _price(self, rate: float) -> float:
        limit = self.terms.abandonment_limit
        if limit <= 0.0:
            return 0.0
        base = self.steering.price_per_limit * limit * (1.0 + log(1.0 + 3.0 * rate) / 4.0)
        return base * (self.aim / limit) * exp(self.integral)

    def _lent(self, answered: int, to_come: float, burst: float, *, cautious: bool) -> float:
        """Abandons lent now, for the rest of the window to pay back."""
        s, limit = self.steering, self.terms.abandonment_limit
        # The last minutes lend nothing: there is no time to pay a burst back.
        left = max(0.0, limit * to_come - 4.0 * burst)
        most = 1.0 if cautious else 1.0 + 0.5 * sqrt(limit * answered + left)
        return min(most, s.lent_share * left)

    def _tail(self, to_come: float, burst: float, *, cautious: bool) -> float:
        s = self.steering
        share = (self.terms.abandonment_limit * to_come / burst - 3.0) / 10.0
        share = min(1.0, max(0.0, share))
        most = s.cautious_tail if cautious else s.tail
        return min(most, s.last_tail) + max(0.0, most - s.last_tail) * share

    def answers_to_come(self, now: float) -> float:
        """Live answers expected until the window ends, at the recent rate."""
        return self.answers_a_second(now) * self._left_s(now)

    def _left_s(self, now: float) -> float:
        return max(0.0, self.opened_at + self.terms.window_s - now)


def poisson_tail(mean: float, above: int) -> float:
    """P(Poisson(mean) > above)."""
    if above < 0:
        return 1.0
    term = exp(-mean)
    below = term
    for k in range(1, above + 1):
        term *= mean / k
        below += term
        if k > mean and term < 1e-9:
            break
    return max(0.0, 1.0 - below)


def clumped_tail(mean: float, clump: float, above: int) -> float:
    """P(X > above) where clumps come by Poisson and their sizes are geometric.

    ``mean`` is X's, ``clump`` >= 1 the mean size: the Polya-Aeppli law, by its recursion.
    """
    if above < 0:
        return 1.0
    clumps, more = mean / clump, 1.0 - 1.0 / clump
    before, chance = 0.0, exp(-clumps)
    below = chance
    for k in range(1, above + 1):
        after = (clumps / clump + 2.0 * more * (k - 1)) * chance - more * more * (k - 2) * before
        before, chance = chance, after / k
        below += chance
        if k > mean and chance < 1e-9:
            break
    return max(0.0, 1.0 - below)
