"""Commands on abandoned calls: where each campaign stands in every window of the law."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from dialer.control import requests as rq
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.status import told_ledger
from dialer.control.wire import JsonObject
from dialer.rules.abandonment import Ledger
from dialer.rules.tally import midnight
from dialer.store import abandonment as records
from dialer.store.campaigns import Campaign
from dialer.store.law import preset_of


async def show(services: Services, call: Call) -> JsonObject:
    """One campaign's standing, or all: now, or at the end of a day by the record."""
    wish = rq.read(rq.Abandonment, call.params)
    if wish.campaign_id is not None:
        known = [await services.store.campaign(wish.campaign_id)]
    else:
        known = [*await services.store.campaigns()]
    day = None if wish.day is None else date.fromisoformat(wish.day)
    return {"campaigns": [await _told(services, campaign, day) for campaign in known]}


async def standing(services: Services, campaign_id: str) -> Ledger:
    """A campaign's standing now: the floor's own, which counts calls in progress too, or by the record without one."""
    if services.live:
        for campaign in services.snapshot().campaigns:
            if campaign.campaign_id == campaign_id and campaign.abandonment is not None:
                return campaign.abandonment
    return await _by_record(services, campaign_id, services.now())


async def _by_record(services: Services, campaign_id: str, now: float) -> Ledger:
    return await services.store.read(partial(records.ledger_at, campaign_id=campaign_id, now=now))


async def _told(services: Services, campaign: Campaign, day: date | None) -> dict[str, Any]:
    campaign_id, law = campaign.settings.campaign_id, campaign.law
    preset = preset_of(law.preset, law.tighten)
    if day is None:
        ledger = await standing(services, campaign_id)
    else:
        ledger = await _by_record(services, campaign_id, midnight(day + timedelta(days=1), preset.zone) - 1.0)
    sources = [rule.source for rule in preset.of_kind("abandon")]
    about = {"campaign_id": campaign_id, "preset": law.preset, "version": preset.version, "zone": preset.zone}
    return {**about, "sources": sources, **told_ledger(ledger)}
