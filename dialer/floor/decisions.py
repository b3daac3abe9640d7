"""How many calls now: pacing's answer within what else binds, and what is kept of it.

At most ``ROWS_BURST`` rows at once and ``ROWS_PER_S`` a second in the long run are recorded for a campaign, 43,260 a
day. A floor that decides to dial less often than that has every such decision on record; on a larger one rows are
left out, and the next row says in ``unrecorded`` how many were.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import pacing
from dialer.floor.book import Book
from dialer.floor.calls import cancel
from dialer.floor.campaign import Campaign
from dialer.floor.campaigns import keep_to_law, the_campaign
from dialer.floor.commands import RecordDecision
from dialer.floor.words import CampaignState
from dialer.rules.abandonment import Ledger, Level, live_answers
from pacing.preview import Preview
from pacing.progressive import uncovered_agents

ROWS_BURST: Final = 60.0
ROWS_PER_S: Final = 0.5
ALL_CALLS: Final = 1_000_000  # no bound
# These steer by the law themselves; the others know no limit and are held back when it is reached.
LAWFUL: Final = frozenset({"auto", "predictive", "progressive", "preview"})


@dataclass(frozen=True, slots=True)
class Room:
    """What binds outside pacing: at most ``calls`` more now, for this ``reason`` (see ``reasons.py``)."""

    calls: int = ALL_CALLS
    reason: str = ""


def decide(book: Book, campaign_id: str, room: Room) -> pacing.Decision:
    """How many calls this campaign should dial now. Calls to be cancelled are cancelled."""
    campaign = the_campaign(book, campaign_id)
    keep_to_law(book, campaign)
    hold = _why_not(book, campaign)
    if hold:
        decision = pacing.Decision(0, (), 0.0, hold, {})
    else:
        decision = _within_law(campaign, campaign.tally.ledger(book.now), campaign.pacer.decide(book.now))
        decision = _at_most(decision, lines_left(book, campaign), "trunk_full")
        decision = _at_most(decision, book.trunks.room(campaign.settings.trunk, book.now), "trunk_failing")
        decision = _at_most(decision, room.calls, room.reason)
    for attempt_id in decision.cancel:
        cancel(book, attempt_id)
    campaign.decision, campaign.decided_at = decision, book.now
    return decision


@dataclass(frozen=True, slots=True)
class Free:
    """Who may be kept for callbacks now, the longest ready first, and how many of them at most."""

    agents: tuple[str, ...] = ()
    most: int = 0


def free_agents(book: Book, campaign_id: str) -> Free:
    """For whom callbacks may be dialed now; in a preview campaign only for those who asked for a call.

    Where calls are dialed one to one, an agent on whom a ringing call counts is not taken away from it. Pacing that
    dials ahead bears it by its budget: were it to wait there until no call rings, no callback would ever be dialed.
    """
    campaign = the_campaign(book, campaign_id)
    ledger = campaign.tally.ledger(book.now)
    if _why_not(book, campaign) or ledger.stopped:
        return Free()
    ready: Iterable[str] = campaign.ready
    if isinstance(campaign.pacer, Preview):
        ready = (agent_id for agent_id in ready if agent_id in campaign.pacer.asked)
    agents = tuple(ready)
    most = min(len(agents), lines_left(book, campaign), book.trunks.room(campaign.settings.trunk, book.now))
    if campaign.pacer.one_to_one or campaign.on_hook or ledger.level >= Level.ONE_TO_ONE:
        most = min(most, uncovered_agents(campaign.pacer.floor_now()))
    return Free(agents, max(0, most))


def lines_left(book: Book, campaign: Campaign) -> int:
    """How many calls more the campaign's own bound allows, callbacks counted: pacing does not know of those."""
    most = campaign.settings.max_lines
    if most is None:
        return ALL_CALLS
    return most - sum(call.attempt.campaign_id == campaign.settings.campaign_id for call in book.calls.values())


def _why_not(book: Book, campaign: Campaign) -> str:
    if campaign.state is not CampaignState.RUNNING:
        return str(campaign.state)
    if book.draining:
        return "draining"
    if not book.link_up:
        return "no_link"
    return "" if book.route_up else "no_route"


def _within_law(campaign: Campaign, ledger: Ledger, decision: pacing.Decision) -> pacing.Decision:
    """Not more than the worst window allows: from the hard threshold on, and while few have answered, one to one."""
    decision = replace(decision, inputs={**law_inputs(ledger), **decision.inputs})
    covered = max(0, uncovered_agents(campaign.pacer.floor))
    if ledger.stopped:
        return _at_most(decision, 0, "law")
    if campaign.on_hook:
        return _at_most(decision, covered, "on_hook")
    heedless = campaign.settings.policy not in LAWFUL
    if ledger.level >= Level.ONE_TO_ONE or (heedless and ledger.budget_calls == 0):
        return _at_most(decision, covered, "law")
    return decision


def law_inputs(ledger: Ledger) -> dict[str, float]:
    """What the law makes of the window that decides; its name is in the names of the numbers."""
    worst, policy = ledger.worst, ledger.policy
    answered = live_answers(worst.counts, count_fp=policy.count_fp)
    return {
        "law_level": int(ledger.level),
        "law_budget": ledger.budget_calls,
        "law_from": policy.limit if ledger.stopped else policy.hard,
        "law_least_answered": policy.min_live_answers,
        "law_stopped": int(ledger.stopped),
        f"{worst.window}_answered": answered,
        f"{worst.window}_abandoned": round(worst.rate * answered, 6),
    }


def _at_most(decision: pacing.Decision, calls: int, reason: str) -> pacing.Decision:
    return decision if decision.dial <= calls else replace(decision, dial=max(0, calls), reason=reason)


def decided(book: Book, campaign_id: str, decision: pacing.Decision) -> None:
    """What was really dialed, and what bound it at last; recorded when it dialed or its reason is new."""
    campaign = the_campaign(book, campaign_id)
    campaign.decision = decision
    if decision.dial == 0 and decision.reason == campaign.recorded_reason:
        return
    waited_s = book.now - campaign.recorded_at
    campaign.rows_left = min(ROWS_BURST, campaign.rows_left + waited_s * ROWS_PER_S)
    campaign.recorded_at = book.now
    if campaign.rows_left < 1.0:
        campaign.unrecorded += 1
        return
    inputs: dict[str, float | int | str] = {**decision.inputs, "policy": campaign.settings.policy}
    if campaign.unrecorded:
        inputs["unrecorded"] = campaign.unrecorded
    campaign.rows_left -= 1.0
    campaign.recorded_reason, campaign.unrecorded = decision.reason, 0
    at = campaign.decided_at
    book.emit(RecordDecision(campaign_id, at, decision.dial, decision.reason, decision.risk, inputs))
