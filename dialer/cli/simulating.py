"""The work of ``dialer simulate``: cases from the options, figures from the cases, sentences from the figures."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dialer.cli.history import DAY_S, fetch
from dialer.cli.shell import Shell
from dialer.cli.simulate import Wish
from dialer.whatif.figures import Figures
from dialer.whatif.runs import Case, agents_needed, run
from pacing.distributions import Empirical, Gamma, LogNormal, Truncated
from pacing.interface import Terms
from pacing.scenarios import Detection, Scenario

OnDay = Callable[[], None]
TEAM_OF_ONE = 1


@dataclass(frozen=True)
class Done:
    """One case with what it came to."""

    case: Case
    figures: Figures

    @property
    def key(self) -> tuple[str, int, float]:
        """Policy, agents, limit."""
        return self.case.policy, self.case.scenario.agents, self.case.scenario.terms.abandonment_limit

    @property
    def connected_per_h(self) -> float:
        """Talks begun in an hour."""
        return self.figures.connected / self.figures.hours


def answer(shell: Shell, wish: Wish, on_day: OnDay) -> dict[str, Any]:
    """Everything that the command shows."""
    base, floor = _floor(shell, wish)
    cases = [
        Case(policy, _with(base, agents, limit_pct), wish.seeds)
        for limit_pct in wish.limit_pct
        for agents in wish.agents
        for policy in wish.policies
    ]
    done = [Done(case, figures) for case, figures in zip(cases, run(cases, on_day), strict=True)]
    needed = _needed(base, wish, on_day) if wish.connected_per_h is not None else []
    if wish.picture is not None:
        _draw(done, wish)
    sentences = [*_gains(done), *_prices(done, wish), *(_need_sentence(each, wish) for each in needed)]
    return {
        "floor": floor,
        "cases": [_told(each, done) for each in done],
        "agents_needed": needed,
        "sentences": sentences,
        "picture": str(wish.picture) if wish.picture is not None else None,
    }


def _floor(shell: Shell, wish: Wish) -> tuple[Scenario, str]:
    """The scenario for a team of one, and the floor in words."""
    if wish.campaign_id is not None:
        history = fetch(shell, wish.campaign_id, time.time() - wish.days * DAY_S, wish.days)
        scenario = replace(history.typical(TEAM_OF_ONE), duration_s=wish.hours * 3600)
        answered = float(len([a for a in history.attempts if a["answered_at"] is not None])) / len(history.attempts)
        calls = f"{len(history.attempts)} calls of {wish.campaign_id} in {wish.days} days"
        return scenario, f"From {calls}: {answered * 100:.1f} % picked up, as long as they rang, talked and wrapped up."
    timeout_s = max(25.0, 2 * wish.ring_s)
    scenario = Scenario(
        name="given",
        agents=TEAM_OF_ONE,
        terms=Terms(ring_timeout_s=timeout_s),
        duration_s=wish.hours * 3600,
        answered=wish.answered_pct / 100,
        machines=wish.machines_pct / 100,
        ring=Truncated(Gamma(wish.ring_s, 0.45), timeout_s),
        talk=LogNormal(wish.talk_s, 1.0),
        wrap_up=Gamma(max(wish.wrap_up_s, 1e-3), 0.6),
        detection=Detection(machines_taken_for_persons=1.0),
    )
    words = f"{wish.answered_pct:g} % picked up after {wish.ring_s:g} s, {wish.machines_pct:g} % of them machines that"
    return scenario, f"{words} agents hear; talks of {wish.talk_s:g} s, wrap-up {wish.wrap_up_s:g} s; {wish.hours:g} h."


def _with(base: Scenario, agents: int, limit_pct: float) -> Scenario:
    bounds = replace(base.terms, abandonment_limit=limit_pct / 100, window_s=base.duration_s)
    return replace(base, agents=int(agents), terms=bounds)


def _told(each: Done, done: list[Done]) -> dict[str, Any]:
    policy, agents, limit = each.key
    beside = _find(done, "progressive", agents, limit)
    gain = None if beside is None else each.figures.occupancy - beside.figures.occupancy
    named = {"policy": policy, "agents": agents, "limit_pct": limit * 100, "gain_over_progressive": gain}
    return {**named, **each.figures.to_json()}


def _find(done: list[Done], policy: str, agents: int, limit: float) -> Done | None:
    return next((each for each in done if each.key == (policy, agents, limit)), None)


def _gains(done: list[Done]) -> list[str]:
    """What each policy gains over progressive, in agents."""
    told = []
    for each in done:
        policy, agents, limit = each.key
        beside = _find(done, "progressive", agents, limit)
        if beside is None or policy == "progressive" or beside.connected_per_h == 0:
            continue
        ratio = each.connected_per_h / beside.connected_per_h
        told.append(
            f"{agents} agents with {policy} at {limit * 100:g} % do the work of {agents * ratio:.1f} with progressive:"
            f" {each.connected_per_h:.1f} connections an hour instead of {beside.connected_per_h:.1f}."
        )
    return told


def _prices(done: list[Done], wish: Wish) -> list[str]:
    """What each stricter limit costs against the loosest."""
    loosest = max(wish.limit_pct) / 100
    told = []
    for each in done:
        policy, agents, limit = each.key
        beside = _find(done, policy, agents, loosest)
        if beside is None or limit == loosest or policy == "progressive":
            continue
        points = (beside.figures.occupancy - each.figures.occupancy) * 100
        fewer = 1.0 - each.connected_per_h / beside.connected_per_h if beside.connected_per_h else 0.0
        told.append(
            f"{limit * 100:g} % instead of {loosest * 100:g} % costs {agents} agents with {policy} {points:.1f} points"
            f" of occupancy and {fewer * 100:.1f} % of their connections, the work of {agents * fewer:.1f} agents."
        )
    return told


def _needed(base: Scenario, wish: Wish, on_day: OnDay) -> list[dict[str, Any]]:
    wanted = wish.connected_per_h or 0.0
    busy_s = _mean(base.talk) + _mean(base.wrap_up)
    found = []
    for limit_pct in wish.limit_pct:
        for policy in wish.policies:

            def case(agents: int, policy: str = policy, limit_pct: float = limit_pct) -> Case:
                return Case(policy, _with(base, agents, limit_pct), wish.seeds)

            agents, figures = agents_needed(case, wanted, busy_s, on_day)
            found.append({"policy": policy, "limit_pct": limit_pct, "agents": agents, **figures.to_json()})
    return found


def _mean(distribution: Any) -> float:  # noqa: ANN401 - any distribution of pacing
    if isinstance(distribution, Empirical):
        return sum(distribution.values) / len(distribution.values)
    return float(getattr(distribution, "mean", getattr(distribution, "value", 0.0)))


def _need_sentence(need: dict[str, Any], wish: Wish) -> str:
    return (
        f"For {wish.connected_per_h:g} connections an hour at {need['limit_pct']:g} %, {need['policy']} needs"
        f" {need['agents']} agents, busy {need['occupancy'] * 100:.1f} % of their time."
    )


def _draw(done: list[Done], wish: Wish) -> None:
    from dialer.whatif.picture import Point, draw

    points = [Point(*each.key, each.figures.abandonment, each.figures.occupancy) for each in done]
    if wish.picture is not None:
        draw(points, wish.picture)
