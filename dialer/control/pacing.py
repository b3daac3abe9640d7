"""Commands on pacing: why so many calls, and the course of a recorded day for replays."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from dialer.control import requests as rq
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import JsonObject, NotFoundError
from dialer.floor.reasons import LANGUAGES, sentence
from dialer.store import pacing as records
from pacing import Decision

AGENTS_A_PART: Final = 20


async def explain(services: Services, call: Call) -> JsonObject:
    """The last decision of one campaign or of all: the floor's own now, or the one on record at a moment."""
    wish = rq.read(rq.PacingExplain, call.params)
    if wish.campaign_id is not None:
        known = [await services.store.campaign(wish.campaign_id)]
    else:
        known = [*await services.store.campaigns()]
    found = []
    for campaign in known:
        campaign_id = campaign.settings.campaign_id
        decision = _present(services, campaign_id) if wish.at is None else None
        if decision is None:
            at = services.now() if wish.at is None else wish.at
            decision = await services.store.read(partial(records.decision, campaign_id=campaign_id, at=at))
        if decision is not None:
            found.append({"campaign_id": campaign_id, **told(decision)})
    if not found:
        hint = "Decisions are kept from the first call on."
        raise NotFoundError("There is no pacing decision at that time.", hint=hint)
    return {"decisions": found}


def _present(services: Services, campaign_id: str) -> Mapping[str, Any] | None:
    if not services.live:
        return None
    for campaign in services.snapshot().campaigns:
        paced = campaign.pacing
        if campaign.campaign_id == campaign_id and paced is not None and paced.reason:
            shown = asdict(paced)
            return {
                "at": paced.decided_at,
                **{name: shown[name] for name in ("dial", "reason", "risk")},
                "inputs": {"policy": paced.policy, **paced.inputs},
            }
    return None


def told(decision: Mapping[str, Any]) -> dict[str, Any]:
    """A decision with its sentence in every language, and how many more abandons the law allowed then."""
    inputs = dict(decision["inputs"])
    made = Decision(decision["dial"], (), decision["risk"], decision["reason"], inputs)
    return {
        "at": decision["at"],
        "dial": made.dial,
        "reason": made.reason,
        "risk": made.risk,
        "budget_left": inputs.get("law_budget", inputs.get("budget_left")),
        "inputs": inputs,
        "sentences": {language: sentence(made, language) for language in LANGUAGES},
    }


async def history(services: Services, call: Call) -> JsonObject:
    """The course of a stretch of time: ended attempts and agents' states in parts, then the campaign's settings."""
    wish = rq.read(rq.PacingHistory, call.params)
    campaign = await services.store.campaign(wish.campaign_id)
    stretch = records.Stretch(wish.campaign_id, wish.since, wish.until)
    after = (wish.since, "")
    count = 0
    while page := await services.store.read(partial(records.attempts_page, stretch=stretch, after=after)):
        after = (page[-1]["reserved_at"], page[-1]["id"])
        count += len(page)
        await call.send({"attempts": page})
    states = await services.store.read(partial(records.team_states, stretch=stretch))
    for start in range(0, len(team := [*states.items()]), AGENTS_A_PART):
        await call.send({"states": dict(team[start : start + AGENTS_A_PART])})
    return {"settings": asdict(campaign.settings), "attempts": count}
