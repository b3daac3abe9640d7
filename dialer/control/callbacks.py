"""Commands on callbacks: promises to call somebody back."""

from collections.abc import Callable
from typing import Any, TypeVar

from dialer.control import requests as rq
from dialer.control.campaigns import enter_state
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject
from dialer.floor.words import CampaignState
from dialer.leads.when import read_when
from dialer.rules.zones import zone
from dialer.store import callbacks
from dialer.store.callbacks import Promise, Subject
from dialer.store.connection import Unit

T = TypeVar("T")
CALLBACK = "callback"  # the disposition


async def add(services: Services, call: Call) -> JsonObject:
    """Promise to call a lead back; refused where the law forbids that time."""
    wish = rq.read(rq.CallbackAdd, call.params)
    return await _promise(
        services, lambda db: callbacks.subject_of(db, wish.lead_id, wish.number), wish, call.peer.user
    )


async def promise_in(services: Services, attempt_id: str, wish: rq.CallbackWish, agent_id: str | None) -> JsonObject:
    """Promise to call back whom an agent spoke with; by that agent, unless the wish says otherwise."""
    mine = wish if wish.anyone or wish.callback_agent else wish.model_copy(update={"callback_agent": agent_id})
    by = agent_id or "disposition"
    return await _promise(services, lambda db: callbacks.subject_in(db, attempt_id), mine, by, attempt_id)


async def _promise(
    services: Services, find: Unit[Subject], wish: rq.CallbackWish, who: str, promised_in: str | None = None
) -> JsonObject:
    if wish.callback_at is None:
        raise BadRequestError("When the person is to be called back is not said.")
    if wish.anyone and wish.callback_agent is not None:
        raise BadRequestError("A callback is either an agent's own or anybody's.")
    subject, now = await services.store.read(find), services.now()
    promise = Promise(
        subject=subject,
        at=read_when(wish.callback_at, zone(subject.zone), now),
        agent_id=wish.callback_agent,
        promised_by=who,
        note=wish.note,
        evidence=wish.evidence,
        promised_in=promised_in,
    )
    callback_id = await services.store.write(lambda db: callbacks.promise(db, promise, now))
    await _go_on(services, subject.campaign_id)
    return await _told(services, callback_id)


async def _go_on(services: Services, campaign_id: str) -> None:
    """A campaign that was finished, for every lead was, has one to call again."""
    async with services.changing:
        campaign = await services.store.campaign(campaign_id)
        if campaign.state is CampaignState.FINISHED:
            await enter_state(services, campaign, CampaignState.RUNNING, "a callback was promised")


async def list_all(services: Services, call: Call) -> JsonObject:
    """Callbacks by time: those that wait, or all; of one campaign, one agent, or only the overdue ones."""
    wish = rq.read(rq.CallbackFilter, call.params)
    if wish.campaign_id is not None:
        await services.store.campaign(wish.campaign_id)
    now = services.now()
    found = await services.store.read(
        lambda db: callbacks.listed(db, now, wish.campaign_id, wish.agent_id, ended=wish.ended)
    )
    return {"callbacks": [each for each in found if each["overdue"] or not wish.overdue]}


async def move(services: Services, call: Call) -> JsonObject:
    """Promise another time."""
    wish, who = rq.read(rq.CallbackMove, call.params), call.peer.user
    now = services.now()
    row = await services.store.read(lambda db: callbacks.waiting_one(db, wish.callback_id))
    at = read_when(wish.at, zone(row["zone"]), now)
    return await _change(
        services, wish.callback_id, lambda db: callbacks.move(db, wish.callback_id, at, wish.evidence, who, now)
    )


async def assign(services: Services, call: Call) -> JsonObject:
    """Give a callback to another agent, or to anybody."""
    wish, who, now = rq.read(rq.CallbackAssign, call.params), call.peer.user, services.now()
    return await _change(
        services, wish.callback_id, lambda db: callbacks.assign(db, wish.callback_id, wish.agent_id, who, now)
    )


async def cancel(services: Services, call: Call) -> JsonObject:
    """Take a promise back."""
    wish, who, now = rq.read(rq.CallbackCancel, call.params), call.peer.user, services.now()
    return await _change(
        services, wish.callback_id, lambda db: callbacks.cancel(db, wish.callback_id, wish.reason, who, now)
    )


async def _change(services: Services, callback_id: int, unit: Callable[[Any], None]) -> JsonObject:
    await services.store.write(unit)
    return await _told(services, callback_id)


async def _told(services: Services, callback_id: int) -> JsonObject:
    """A callback, with the state of its campaign: a promise is kept only while it runs."""
    now = services.now()
    found = await services.store.read(lambda db: callbacks.one(db, callback_id, now))
    campaign = await services.store.campaign(found["campaign_id"])
    return {"callback": found, "campaign_state": campaign.state}
