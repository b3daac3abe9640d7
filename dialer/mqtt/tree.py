"""The topics, and what stands in their messages. Numbers of people never do, shown numbers only masked."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from dialer.alerts.board import Alert, Change
from dialer.alerts.facts import Facts, TrunkFigures
from dialer.alerts.words import KINDS, SYSTEM, Language, Severity
from dialer.config_telling import Mqtt
from dialer.control.status import AgentStatus, CampaignStatus
from dialer.floor.trunks import TrunkView
from dialer.floor.words import AgentState, AttemptState
from dialer.rules.abandonment import WINDOWS, Ledger

SCHEMA: Final = 1
ONLINE: Final = "online"
OFFLINE: Final = "offline"
OPEN_STATES: Final = tuple(state for state in AttemptState if state is not AttemptState.ENDED)

Value = str | int | float | bool | None
State = Mapping[str, Value]


def iso(at: float | None) -> str | None:
    """Seconds since the epoch as UTC to the millisecond: 2026-11-22T10:05:00.000Z."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(message: State, at: float) -> bytes:
    """One flat JSON object, with its schema and its time."""
    told = {"schema": SCHEMA, "ts": iso(at), **message}
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def root(settings: Mqtt, instance: str) -> str:
    """What every topic begins with, slash included."""
    return f"{settings.prefix.strip('/')}/{instance}/"


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def states(facts: Facts, standing: Iterable[Alert]) -> dict[str, State | float]:
    """Everything that is retained, by topic below the root: a JSON object, or the number of a leaf.

    A value that only grows with time is told as the time at which it began, or every second would be news.
    """
    tree: dict[str, State | float] = {"pbx/state": _pbx(facts), "alerts/state": _alerts(facts, standing)}
    for campaign in facts.status.campaigns:
        state = _campaign(facts, campaign)
        tree[f"campaign/{campaign.campaign_id}/state"] = state
        for name, value in state.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                tree[f"campaign/{campaign.campaign_id}/{name}"] = value
    for agent in facts.status.agents:
        tree[f"agent/{agent.agent_id}/state"] = _agent(facts, agent)
    failing = {alert.subject for alert in standing if alert.kind == "trunk_failing"}
    seen = {trunk.trunk_id: trunk for trunk in facts.status.trunks}
    avoided = {trunk: TrunkFigures() for trunk, view in seen.items() if view.avoided_since is not None}
    for trunk, figures in {**avoided, **facts.trunks}.items():
        view = seen.get(trunk, TrunkView(trunk))
        tree[f"trunk/{trunk}/state"] = _trunk(facts, view, figures, failing=trunk in failing)
    return tree


def _campaign(facts: Facts, campaign: CampaignStatus) -> State:
    figures, today, pacing, ledger = facts.figures(campaign), campaign.today, campaign.pacing, campaign.abandonment
    team = Counter(agent.state for agent in facts.status.agents if agent.campaign_id == campaign.campaign_id)
    pace_s = figures.attempts / figures.span_s if figures.attempts else None
    callable_now = figures.leads_callable
    run_out = None if pace_s is None or callable_now is None else facts.at + callable_now / pace_s
    return {
        "instance": facts.status.instance,
        "campaign_id": campaign.campaign_id,
        "state": str(campaign.state),
        "reason": campaign.reason,
        "agents": team.total(),
        **{f"agents_{state}": team[state] for state in AgentState},
        "calls": sum(campaign.calls.values()),
        **{f"calls_{state}": campaign.calls.get(state, 0) for state in OPEN_STATES},
        "policy": pacing.policy if pacing else None,
        "dial_ratio": _rounded(pacing.calls_per_agent, 2) if pacing else None,
        "dial_reason": pacing.reason if pacing else None,
        "attempts_today": today.attempts,
        "connected_today": today.connected,
        "abandoned_today": today.abandoned,
        "pick_up_rate": _rounded(today.pick_up_rate),
        "pick_up_rate_recent": _rounded(figures.persons / figures.attempts if figures.attempts else None),
        "abandonment_limit": _rounded(campaign.abandonment_limit),
        "abandonment_level": ledger.level.name.lower() if ledger else None,
        "budget_left": ledger.budget_calls if ledger else None,
        **_windows(ledger),
        "occupancy": _rounded(campaign.occupancy, 3),
        "mean_wait_s": _rounded(figures.mean_wait_s, 3),
        "mean_idle_s": _rounded(figures.mean_idle_s, 1),
        "leads_left": campaign.leads_left,
        "leads_callable": callable_now,
        # To the minute: a forecast that is new each second is no news.
        "leads_run_out_at": iso(None if run_out is None else run_out // 60 * 60),
    }


def _windows(ledger: Ledger | None) -> State:
    """Rate and budget left of every window, of those that the law does not hold the campaign to as well."""
    told: dict[str, Value] = {}
    for window in WINDOWS:
        standing = next((each for each in ledger.standings if each.window == window), None) if ledger else None
        told[f"abandonment_{window}"] = _rounded(standing.rate) if standing else None
        told[f"budget_left_{window}"] = standing.budget_calls if standing else None
    return told


def _agent(facts: Facts, agent: AgentStatus) -> State:
    return {
        "instance": facts.status.instance,
        "agent_id": agent.agent_id,
        "campaign_id": agent.campaign_id,
        "state": str(agent.state),
        "since": iso(agent.since),
        "reason": agent.reason,
        "attempt_id": agent.attempt_id,
    }


def _trunk(facts: Facts, view: TrunkView, figures: TrunkFigures, *, failing: bool) -> State:
    return {
        "instance": facts.status.instance,
        "trunk_id": view.trunk_id,
        "state": "avoided" if view.avoided_since is not None else "failing" if failing else "ok",
        "avoided_since": iso(view.avoided_since),
        "instead": view.instead or None,
        "calls": figures.calls,
        "congested": figures.congested,
        "failed": figures.failed,
        "failure_rate": _rounded(figures.failure_rate),
        "post_dial_delay_p90_s": _rounded(figures.post_dial_delay_p90_s, 2),
    }


def _pbx(facts: Facts) -> State:
    link = facts.status.link
    return {
        "instance": facts.status.instance,
        "state": "up" if link.up else "down",
        "since": iso(link.since),
        "why": link.why,
        "asterisk": link.asterisk,
        "fastagi": "up" if facts.machine.route_up else "down",
        "draining": facts.status.draining,
    }


def _alerts(facts: Facts, standing: Iterable[Alert]) -> State:
    told = [alert for alert in standing if not alert.silenced]
    counts = Counter(alert.severity for alert in told)
    worst = told[0] if told else None
    return {
        "instance": facts.status.instance,
        "standing": len(told),
        **{str(severity): counts[severity] for severity in Severity},
        "worst": worst.kind if worst else None,
        "worst_alert_id": worst.alert_id if worst else None,
    }


def alert_topic(alert: Alert) -> str:
    """Below the root."""
    return f"alert/{alert.scope}/{alert.kind}"


def alert_message(change: Change, instance: str, language: Language) -> State:
    """An alert as it is told; ``alert_id`` is the same from its raising to its resolution."""
    alert = change.alert
    cause, hint = alert.text(language)
    return {
        "instance": instance,
        "alert_id": alert.alert_id,
        "kind": alert.kind,
        "state": change.state,
        "severity": str(alert.severity),
        "campaign_id": None if alert.scope == SYSTEM else alert.scope,
        "subject": alert.subject,
        "since": iso(alert.since),
        "resolved_at": iso(alert.resolved_at),
        "value": _rounded(alert.value, 3),
        "threshold": _rounded(alert.threshold, 3),
        "unit": KINDS[alert.kind].unit,
        "cause": cause,
        "hint": hint,
        "acknowledged_by": alert.acknowledged_by,
    }
