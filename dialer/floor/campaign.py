"""One campaign as the floor holds it in memory: its pacer, its ready agents, its waiting calls."""

from dataclasses import dataclass, field, replace

import pacing
from dialer.floor.call import Call
from dialer.floor.events import CampaignSettings, WindowOpened
from dialer.floor.words import CampaignState


@dataclass(slots=True)
class Campaign:
    """``ready`` and ``waiting`` are ordered: the longest-ready agent and the longest-waiting person come first."""

    settings: CampaignSettings
    pacer: pacing.Pacer
    state: CampaignState = CampaignState.STOPPED
    ready: dict[str, None] = field(default_factory=dict)  # agent ids
    waiting: dict[str, Call] = field(default_factory=dict)  # answered, their dialplan waits for us
    last_reason: str = ""
    window: WindowOpened | None = None

    def observe(self, at: float, kind: str, call: str | None = None, agent: str | None = None) -> None:
        """Tell the pacer what a real floor would see."""
        self.pacer.observe(pacing.Event(at=at, kind=kind, call=call, agent=agent))


def terms(settings: CampaignSettings, window: WindowOpened | None = None) -> pacing.Terms:
    """The bounds of a campaign, and what its legal window holds so far, in the pacer's words."""
    target, cancel_after_s = settings.abandonment_target, settings.cancel_after_s
    bounds = pacing.Terms(
        abandonment_limit=settings.abandonment_limit if target is None else min(target, settings.abandonment_limit),
        connect_deadline_s=settings.connect_deadline_s,
        ring_timeout_s=settings.ring_timeout_s,
        may_cancel=cancel_after_s is not None,
        min_ring_s=cancel_after_s or 0.0,
        max_lines=settings.max_lines,
        max_calls_per_s=settings.max_calls_per_s,
        max_ratio=settings.max_ratio,
        min_agents_for_predictive=settings.min_agents_for_predictive,
    )
    if window is None:
        return bounds
    return replace(
        bounds,
        window_s=window.window_s,
        answered_before=window.answered_before,
        abandoned_before=window.abandoned_before,
    )
