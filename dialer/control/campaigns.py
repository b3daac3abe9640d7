"""Commands on campaigns."""

import json
from dataclasses import asdict, replace
from typing import Any, Final

from dialer.config import Config
from dialer.control import requests as rq
from dialer.control.abandonment import standing
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.status import told_ledger
from dialer.control.today import start_of_day
from dialer.control.wire import BadRequestError, JsonObject, RefusedError
from dialer.floor.events import CampaignChanged, CampaignSettings, LawTold
from dialer.floor.transitions import CAMPAIGN, check
from dialer.floor.words import CampaignState
from dialer.rules.abandonment import policy_of
from dialer.store.abandonment import abandon_law
from dialer.store.campaigns import Campaign, LeadList
from dialer.store.law import LawSettings, campaign_refusals, preset_of

# The contract's, under the law's (regulation, section 8); the preset's rules say how many in which time.
MAX_ATTEMPTS: Final = 20
_STATES_OF_PEOPLE = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.STOPPED)


async def create(services: Services, call: Call) -> JsonObject:
    """A new, stopped campaign; what is not said comes from [dialing] and [agents]."""
    wish = rq.read(rq.CampaignCreate, call.params)
    settings = _apply(_defaults(services.loaded.config, wish.campaign_id), wish)
    _expect_complete(settings)
    law = _apply_law(LawSettings(preset=services.loaded.config.law.preset), wish)
    _expect_no_loosening(wish, law)
    _expect_rung_long_enough(settings, law)
    campaign = await services.store.create_campaign(settings, wish.name, wish.principal, law)
    services.submit(CampaignChanged(at=services.now(), settings=settings, state=campaign.state))
    services.submit(_law_told(services, settings.campaign_id, law))
    return {"campaign": _told(campaign)}


async def change(services: Services, call: Call) -> JsonObject:
    """Other settings, from the next call on."""
    wish = rq.read(rq.CampaignSet, call.params)
    async with services.changing:
        campaign = await services.store.campaign(wish.campaign_id)
        settings = _apply(campaign.settings, wish)
        law = _apply_law(campaign.law, wish)
        _expect_no_loosening(wish, law)
        _expect_rung_long_enough(settings, law)
        await services.store.change_campaign(settings)
        if law != campaign.law:
            await services.store.change_law(wish.campaign_id, law)
        services.submit(CampaignChanged(at=services.now(), settings=settings, state=campaign.state))
        services.submit(_law_told(services, wish.campaign_id, law))
    return {"campaign": _told(replace(campaign, settings=settings, law=law))}


async def move(services: Services, call: Call) -> JsonObject:
    """Start, pause or stop; a repeated move tells the floor again. Without a daemon the state is kept for the next."""
    wish = rq.read(rq.CampaignMove, call.params)
    if wish.state not in _STATES_OF_PEOPLE:
        raise BadRequestError(f"A campaign is not made {wish.state} by hand.")
    reason = f"by {call.peer.user}" + (f": {wish.reason}" if wish.reason else "")
    async with services.changing:
        campaign = await services.store.campaign(wish.campaign_id)
        if campaign.state is not wish.state:
            check(CAMPAIGN, f"Campaign {wish.campaign_id}", campaign.state, wish.state)
            if wish.state is CampaignState.RUNNING:
                _expect_rung_long_enough(campaign.settings, campaign.law)
                await _expect_lawful(services, campaign)
        await enter_state(services, campaign, wish.state, reason)
    return {"campaign_id": wish.campaign_id, "was": campaign.state, "state": wish.state, "live": services.live}


async def enter_state(services: Services, campaign: Campaign, state: CampaignState, reason: str) -> None:
    """Put a campaign in a state that it may enter or has; hold ``services.changing``."""
    settings = campaign.settings
    # On record before the floor acts on it: a daemon killed now comes back in the state that was asked for.
    if campaign.state is not state:
        await services.store.set_campaign_state(settings.campaign_id, state, reason)
    services.submit(CampaignChanged(at=services.now(), settings=settings, state=state, reason=reason))


async def list_all(services: Services, call: Call) -> JsonObject:
    """Every campaign with its counts of today."""
    rq.read(rq.Nothing, call.params)
    return {"campaigns": [await _counted(services, campaign) for campaign in await services.store.campaigns()]}


async def show(services: Services, call: Call) -> JsonObject:
    """One campaign: settings, lists, agents, counts of today."""
    wish = rq.read(rq.CampaignRef, call.params)
    campaign = await services.store.campaign(wish.campaign_id)
    lists = await services.store.lists(wish.campaign_id)
    agents = await services.store.agents(wish.campaign_id)
    return {
        "campaign": await _counted(services, campaign),
        "lists": [told_list(each) for each in lists],
        "agents": [agent.settings.agent_id for agent in agents],
    }


def told_list(each: LeadList) -> dict[str, Any]:
    """A list with its share of finished leads (exploitation rate)."""
    rate = each.finished / each.leads if each.leads else None
    return {**asdict(each), "exploitation_rate": rate}


async def _counted(services: Services, campaign: Campaign) -> dict[str, Any]:
    campaign_id = campaign.settings.campaign_id
    counts = await services.store.counts(campaign_id, start_of_day(services.now()))
    ledger = await standing(services, campaign_id)
    return {**_told(campaign), "today": asdict(counts), "abandonment": told_ledger(ledger)}


def _told(campaign: Campaign) -> dict[str, Any]:
    settings = asdict(campaign.settings)
    for name in ("abandonment_limit", "abandonment_target"):
        share = settings.pop(name)
        settings[f"{name}_pct"] = None if share is None else round(share * 100, 6)
    settings["dispositions"] = dict(campaign.settings.dispositions)
    named = {"name": campaign.name, "principal": campaign.principal, "created_at": campaign.created_at}
    law = {**asdict(campaign.law), "tighten": json.loads(campaign.law.tighten)}
    return {"campaign_id": settings.pop("campaign_id"), "state": campaign.state, **named, **settings, **law}


def _defaults(config: Config, campaign_id: str) -> CampaignSettings:
    dialing = config.dialing
    return CampaignSettings(
        campaign_id=campaign_id,
        trunk=dialing.trunk,
        caller_id=dialing.caller_id,
        ring_timeout_s=dialing.ring_timeout_s,
        connect_deadline_s=dialing.connect_deadline_s,
        wrap_up_s=config.agents.wrap_up_s,
        abandonment_limit=dialing.abandonment_limit_pct / 100,
        policy=dialing.policy,
        language=dialing.language,
        message=dialing.message,
        max_attempts=MAX_ATTEMPTS,
    )


def _apply(settings: CampaignSettings, wish: rq.CampaignValues) -> CampaignSettings:
    values = wish.model_dump(include=set(rq.CampaignValues.model_fields), exclude_none=True)
    values |= dict.fromkeys(values.pop("unset", ()))
    for name in ("abandonment_limit", "abandonment_target"):
        if f"{name}_pct" in values:
            percentage = values.pop(f"{name}_pct")
            values[name] = None if percentage is None else percentage / 100
    if "dispositions" in values:
        values["dispositions"] = tuple(sorted(values["dispositions"].items()))
    changed = replace(settings, **values)
    _expect_target_below_limit(changed)
    return changed


def _apply_law(law: LawSettings, wish: rq.LawValues) -> LawSettings:
    values = wish.model_dump(include=set(rq.LawValues.model_fields), exclude_none=True)
    if "tighten" in values:
        values["tighten"] = json.dumps(values["tighten"], sort_keys=True)
    changed = replace(law, **values)
    preset_of(changed.preset, changed.tighten)  # refuses what would loosen, with the rule's name
    return changed


async def _expect_lawful(services: Services, campaign: Campaign) -> None:
    """What the law refuses whoever is called, is refused before anybody is."""
    law = await services.store.law(campaign.settings.campaign_id)
    refusals = campaign_refusals(law, services.now())
    if refusals:
        rule, source, why = refusals[0]
        hint = f"See `dialer rules explain` and {source}; change it with `dialer campaign set`."
        raise RefusedError(f"The rule {rule} forbids this campaign: {why}.", hint=hint)


def _law_told(services: Services, campaign_id: str, law: LawSettings) -> LawTold:
    return LawTold(at=services.now(), campaign_id=campaign_id, law=abandon_law(law))


def _expect_no_loosening(wish: rq.CampaignValues, law: LawSettings) -> None:
    """What the preset allows of abandoned calls may be tightened; a wish for more is refused by the rule's name."""
    preset = preset_of(law.preset, law.tighten)
    limit, wanted = policy_of(preset).limit, wish.abandonment_limit_pct
    if wanted is not None and wanted / 100 > limit:
        rule = preset.of_kind("abandon")[0]
        hint = f"Give at most {limit * 100:g}; the source is: {rule.source}."
        raise RefusedError(f"The rule {rule.name} allows at most {limit * 100:g} % abandoned calls.", hint=hint)


def _expect_rung_long_enough(settings: CampaignSettings, law: LawSettings) -> None:
    """No call may be given up before it has rung as long as the preset asks."""
    after_s = settings.cancel_after_s
    for rule in preset_of(law.preset, law.tighten).of_kind("min_ring"):
        if after_s is not None and after_s < rule["min_s"]:
            hint = f"Give --cancel-after-s {rule['min_s']:g} or more; the source is: {rule.source}."
            text = f"The rule {rule.name} forbids giving a call up after {after_s:g} s of ringing."
            raise RefusedError(text, hint=hint)


def _expect_target_below_limit(settings: CampaignSettings) -> None:
    target, limit = settings.abandonment_target, settings.abandonment_limit
    if target is not None and target > limit:
        hint = f"Give at most {limit * 100:g}, or raise --abandonment-limit-pct if the law allows it."
        raise BadRequestError(f"The target of {target * 100:g} % abandoned is above the limit.", hint=hint)


def _expect_complete(settings: CampaignSettings) -> None:
    if not settings.trunk:
        raise BadRequestError("The campaign has no trunk.", hint="Give --trunk, or set [dialing] trunk in the config.")
    if not settings.caller_id:
        hint = "Give --caller-id +33..., or set [dialing] caller_id in the config."
        raise BadRequestError("The campaign has no number to show to the people it calls.", hint=hint)
