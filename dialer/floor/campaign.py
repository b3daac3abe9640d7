"""One campaign as the floor holds it in memory: its pacer, its ready agents, its waiting calls."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import pacing
from dialer.floor.call import Call
from dialer.floor.events import CampaignSettings
from dialer.floor.words import CampaignState
from dialer.rules.tally import Tally

NOT_ASKED: Final = pacing.Decision(0, (), 0.0, "", {})
LEARNING: Final = frozenset({"auto", "predictive"})  # policies whose memory is worth keeping


@dataclass(slots=True)
class Campaign:
    """``ready`` and ``waiting`` are ordered: the longest-ready agent and the longest-waiting person come first."""

    settings: CampaignSettings
    pacer: pacing.Pacer
    tally: Tally
    day: date  # of the pacer's window
    state: CampaignState = CampaignState.STOPPED
    ready: dict[str, None] = field(default_factory=dict)  # agent ids
    waiting: dict[str, Call] = field(default_factory=dict)  # answered, their dialplan waits for us
    on_hook: dict[str, None] = field(default_factory=dict)  # agents at work who are rung for each call
    memory: bytes | None = None  # what a pacer that learns knew when it was last put away
    decision: pacing.Decision = NOT_ASKED
    decided_at: float = 0.0
    # what of the decisions is on record; see decisions.py
    recorded_reason: str = ""
    recorded_at: float = 0.0
    rows_left: float = 0.0
    unrecorded: int = 0

    def observe(self, at: float, kind: str, call: str | None = None, agent: str | None = None) -> None:
        """Tell the pacer what a real floor would see."""
        self.pacer.observe(pacing.Event(at=at, kind=kind, call=call, agent=agent))


def bounds(settings: CampaignSettings) -> pacing.Terms:
    """The bounds of a campaign in the pacer's words, the law's window left out."""
    target, cancel_after_s = settings.abandonment_target, settings.cancel_after_s
    return pacing.Terms(
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


@dataclass(frozen=True, slots=True)
class Moment:
    """``now``, and the local time of the day's last calls."""

    now: float
    day_end: str


def terms(settings: CampaignSettings, tally: Tally, moment: Moment, opened_at: float | None = None) -> pacing.Terms:
    """The bounds with the law's aim; the window is the day, with what it has held so far.

    ``opened_at``: when the window was opened, if it is open already.
    """
    now = moment.now
    answered, abandoned = tally.live(now)
    return replace(
        bounds(settings),
        abandonment_limit=tally.ledger(now).aim,
        window_s=max(1.0, tally.calls_end(now, moment.day_end) - (now if opened_at is None else opened_at)),
        answered_before=answered,
        abandoned_before=abandoned,
    )


def make_pacer(settings: CampaignSettings, tally: Tally, moment: Moment, memory: bytes | None = None) -> pacing.Pacer:
    """A pacer of the campaign's policy with its window open. Raises PacingError for a damaged ``memory``."""
    options: dict[str, Any] = {"ratio": settings.ratio} if settings.policy == "ratio" else {}
    pacer = pacing.create(settings.policy, memory=memory, **options)
    pacer.open_window(terms(settings, tally, moment), at=moment.now)
    return pacer
