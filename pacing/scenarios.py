"""Floors to try a policy on: what a day is made of, and the public catalogue of days."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pacing.distributions import Distribution, Gamma, Level, LogNormal, Ramp, Steps, Truncated
from pacing.interface import Terms

DAY_S: Final = 28800.0
NOON_S: Final = DAY_S / 2
TEAMS: Final = (5, 10, 20, 50, 100, 300)
ANSWERED: Final = (0.15, 0.3, 0.5)
TALKS_S: Final = (45, 120, 300)


@dataclass(frozen=True, slots=True)
class Shift:
    """One agent logged in from ``start_s`` to ``end_s``; a talk and its wrap-up are finished first.

    ``announced_s``: how long before the end the floor says ``agent_leaving`` (None: it never does).
    """

    agent: int
    start_s: float
    end_s: float
    announced_s: float | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """Machine detection: how long it takes, and how often it errs (shares of persons, machines)."""

    takes_s: float = 0.0
    persons_taken_for_machines: float = 0.0
    machines_taken_for_persons: float = 0.0


_TERMS: Final = Terms()
_RING: Final = Truncated(Gamma(12.0, 0.45), _TERMS.ring_timeout_s)
_TALK: Final = LogNormal(120.0, 1.0)
_WRAP_UP: Final = Gamma(20.0, 0.6)
_MACHINE_TALK: Final = Gamma(6.0, 0.5)
_NO_DETECTION_ERRORS: Final = Detection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A day's truth, hidden from the pacer. Shares are of 1, times in seconds.

    ``answered``: share of dialed calls picked up, by persons or machines, at the dialing time.
    ``fails``: share of the unanswered that fail after ``fail_after_s``; others ring to the timeout.
    ``machine_talk``: how long an agent keeps a machine taken for a person, wrap-up included.
    ``hang_up``: how long a person waits before hanging up; None waits for the connect deadline.
    ``speed_cv``: spread of agents' speeds. ``trunk_lines``: lines there are, whatever Terms say.
    """

    name: str
    agents: int
    terms: Terms = _TERMS
    duration_s: float = DAY_S
    answered: Level = 0.3
    machines: Level = 0.2
    fails: float = 0.2
    fail_after_s: float = 3.0
    ring: Distribution = _RING
    talk: Distribution = _TALK
    talk_scale: Level = 1.0
    wrap_up: Distribution = _WRAP_UP
    detection: Detection = _NO_DETECTION_ERRORS
    machine_talk: Distribution = _MACHINE_TALK
    hang_up: Distribution | None = None
    speed_cv: float = 0.0
    shifts: tuple[Shift, ...] = ()
    trunk_lines: int | None = None

    def all_shifts(self) -> tuple[Shift, ...]:
        """The shifts, or the whole day for every agent where none are given."""
        if self.shifts:
            return self.shifts
        return tuple(Shift(agent, 0.0, self.duration_s) for agent in range(self.agents))


def stationary(agents: int, answered: float = 0.3, talk_s: float = 120.0) -> Scenario:
    """A day on which nothing changes."""
    return Scenario(
        name=f"stationary-{agents}-p{round(answered * 100)}-t{round(talk_s)}",
        agents=agents,
        answered=answered,
        talk=LogNormal(talk_s, 1.0),
    )


def lunch(agents: int, share: float = 0.4, start_s: float = NOON_S) -> tuple[Shift, ...]:
    """A share of the agents leaves for an hour, in a block, unannounced."""
    leaving = round(agents * share)
    eaters = [Shift(a, 0.0, start_s) for a in range(leaving)]
    back = [Shift(a, start_s + 3600, DAY_S) for a in range(leaving)]
    return tuple(eaters + back + [Shift(a, 0.0, DAY_S) for a in range(leaving, agents)])


def arriving(agents: int, over_s: float = 3600.0) -> tuple[Shift, ...]:
    """Agents log in one after another over the first hour."""
    starts = np.linspace(0.0, over_s, agents)
    return tuple(Shift(a, float(starts[a]), DAY_S) for a in range(agents))


def special(agents: int) -> list[Scenario]:
    """The public days on which something changes or is unusual, for one team size."""
    base = Scenario(name="", agents=agents)

    def day(name: str, **changes: object) -> Scenario:
        return replace(base, name=f"{name}-{agents}", **changes)  # type: ignore[arg-type]

    return [
        day("answer-doubles", answered=Ramp(((0.0, 0.2), (DAY_S, 0.4)))),
        day("answer-halves", answered=Ramp(((0.0, 0.4), (DAY_S, 0.2)))),
        day("list-worsens", answered=Steps(((0.0, 0.35), (NOON_S, 0.15)))),
        day("list-improves", answered=Steps(((0.0, 0.15), (NOON_S, 0.40)))),
        day("lunch", shifts=lunch(agents)),
        day("arriving", shifts=arriving(agents)),
        day("talk-doubles", talk_scale=Steps(((0.0, 1.0), (NOON_S, 2.0)))),
        day("speeds", speed_cv=0.4),
        day("machines", machines=0.6, detection=Detection(2.0, 0.03)),
        day(
            "trunk",
            trunk_lines=round(1.5 * agents),
            terms=Terms(max_lines=round(1.5 * agents)),
        ),
        day("limit-1pct", terms=Terms(abandonment_limit=0.01)),
        day("limit-05pct", terms=Terms(abandonment_limit=0.005)),
    ]


def public() -> dict[str, Scenario]:
    """Every public scenario by name."""
    days = [stationary(n, p, t) for t in TALKS_S for p in ANSWERED for n in TEAMS]
    for agents in (20, 100):
        days += special(agents)
    return {day.name: day for day in days}
