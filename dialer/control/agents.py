"""Commands on agents, and what the AGI programs on agents' phones ask."""

from dataclasses import replace
from typing import Any

from dialer.control import requests as rq
from dialer.control.callbacks import CALLBACK, promise_in
from dialer.control.pin_guard import PinGuard
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject, NotFoundError, RefusedError
from dialer.floor import events as ev
from dialer.store.campaigns import Agent


class WrongPinError(RefusedError):
    """Id and PIN do not belong together; which of the two is wrong is not told."""

    code = "wrong_pin"


class LockedOutError(RefusedError):
    """Too many wrong PINs for this agent; logins are refused for a while."""

    code = "locked_out"


async def add(services: Services, call: Call) -> JsonObject:
    """A new agent, offline."""
    wish = rq.read(rq.AgentAdd, call.params)
    settings = ev.AgentSettings(wish.agent_id, wish.campaign_id, wish.phone, wish.line_mode)
    agent = Agent(settings, wish.name)
    await services.store.create_agent(agent, wish.pin)
    services.submit(ev.AgentChanged(at=services.now(), settings=settings))
    return {"agent": _told(agent, {})}


async def change(services: Services, call: Call) -> JsonObject:
    """Other settings or another PIN."""
    wish = rq.read(rq.AgentSet, call.params)
    agent = await _find(services, wish.agent_id)
    was = agent.settings
    settings = replace(
        was,
        campaign_id=wish.campaign_id or was.campaign_id,
        phone=wish.phone or was.phone,
        line_mode=wish.line_mode or was.line_mode,
    )
    agent = Agent(settings, agent.name if wish.name is None else wish.name)
    if settings != was:
        # The floor first: it refuses to move an agent who is in a call.
        services.submit(ev.AgentChanged(at=services.now(), settings=settings))
    await services.store.change_agent(agent)
    if wish.pin is not None:
        await services.store.set_pin(wish.agent_id, wish.pin)
    return {"agent": _told(agent, _states(services))}


async def list_all(services: Services, call: Call) -> JsonObject:
    """Every agent, or those of one campaign, with their present state when a daemon runs."""
    wish = rq.read(rq.CampaignFilter, call.params)
    if wish.campaign_id is not None:
        await services.store.campaign(wish.campaign_id)
    states = _states(services)
    return {"agents": [_told(agent, states) for agent in await services.store.agents(wish.campaign_id)]}


async def ring(services: Services, call: Call) -> JsonObject:
    """The dialer rings the agent's phone."""
    wish = rq.read(rq.AgentRef, call.params)
    return _submit(services, ev.AgentCallRequested(at=services.now(), agent_id=wish.agent_id))


async def pause(services: Services, call: Call) -> JsonObject:
    """Pause with a reason: at once when idle, after the call when in one."""
    wish = rq.read(rq.AgentPause, call.params)
    event = ev.AgentPauseRequested(at=services.now(), agent_id=wish.agent_id, reason=wish.reason)
    return _submit(services, event)


async def ready(services: Services, call: Call) -> JsonObject:
    """End the pause or the wrap-up."""
    wish = rq.read(rq.AgentRef, call.params)
    return _submit(services, ev.AgentReadyRequested(at=services.now(), agent_id=wish.agent_id))


async def logout(services: Services, call: Call) -> JsonObject:
    """Take the agent off the line: at once when idle, after the call when in one."""
    wish = rq.read(rq.AgentRef, call.params)
    return _submit(services, ev.AgentLogoutRequested(at=services.now(), agent_id=wish.agent_id))


async def login(services: Services, guard: PinGuard, call: Call) -> JsonObject:
    """An agent typed id and PIN: when they are right the phone is that agent's line."""
    wish = rq.read(rq.AgentLogin, call.params)
    if guard.locked(wish.agent_id, services.now()):
        raise LockedOutError("Too many wrong PINs.", hint="Wait, or have a supervisor set another PIN.")
    if not await services.store.verify_pin(wish.agent_id, wish.pin):
        guard.failed(wish.agent_id, services.now())
        raise WrongPinError("Agent id or PIN is wrong.")
    guard.passed(wish.agent_id)
    arrived = ev.AgentArrived(
        at=services.now(), agent_id=wish.agent_id, channel_id=wish.channel_id, channel=wish.channel
    )
    return _submit(services, arrived)


async def next_call(services: Services, call: Call) -> JsonObject:
    """A ready agent of a preview campaign asks for the next call."""
    wish = rq.read(rq.AgentRef, call.params)
    return _submit(services, ev.CallWanted(at=services.now(), agent_id=wish.agent_id))


async def dispose(services: Services, call: Call) -> JsonObject:
    """The agent says what came of the last call, by word or by key."""
    wish = rq.read(rq.AgentDisposition, call.params)
    if (wish.disposition is None) == (wish.key is None):
        raise BadRequestError("Give either a disposition or a key.")
    what = wish.disposition or await _meaning(services, wish.agent_id, str(wish.key))
    promised: JsonObject = {}
    if wish.callback_at is not None:
        expect_callback(what)
        promised = await promise_in(services, _last_attempt(services, wish.agent_id), wish, wish.agent_id)
    submitted = _submit(services, ev.Disposed(at=services.now(), agent_id=wish.agent_id, disposition=what))
    return {**submitted, "disposition": what, **promised}


def expect_callback(disposition: str) -> None:
    """Only the disposition ``callback`` takes a time."""
    if disposition != CALLBACK:
        raise BadRequestError(f"The disposition {disposition} takes no time to call back: {CALLBACK} does.")


def _last_attempt(services: Services, agent_id: str) -> str:
    known = {agent.agent_id: agent.last_attempt_id for agent in services.snapshot().agents}
    if (attempt_id := known.get(agent_id)) is None:
        raise RefusedError(f"Agent {agent_id} has had no call to promise a callback in.")
    return attempt_id


async def _meaning(services: Services, agent_id: str, key: str) -> str:
    agent = await _find(services, agent_id)
    campaign = await services.store.campaign(agent.settings.campaign_id)
    what = dict(campaign.settings.dispositions).get(key)
    if what is None:
        raise NotFoundError(f"Key {key} stands for no disposition in campaign {campaign.settings.campaign_id}.")
    return what


async def _find(services: Services, agent_id: str) -> Agent:
    for agent in await services.store.agents():
        if agent.settings.agent_id == agent_id:
            return agent
    raise NotFoundError(f"There is no agent {agent_id}.", hint="`dialer agents list` shows them.")


def _submit(services: Services, event: Any) -> JsonObject:  # noqa: ANN401 - any event with an agent_id
    services.submit(event)
    state = _states(services).get(event.agent_id, {"state": None})
    return {"agent_id": event.agent_id, "state": state["state"]}


def _states(services: Services) -> dict[str, dict[str, Any]]:
    if not services.live:
        return {}
    agents = services.snapshot().agents
    return {a.agent_id: {"state": a.state, "since": a.since, "reason": a.reason} for a in agents}


def _told(agent: Agent, states: dict[str, dict[str, Any]]) -> dict[str, Any]:
    settings = agent.settings
    return {
        "agent_id": settings.agent_id,
        "name": agent.name,
        "campaign_id": settings.campaign_id,
        "phone": settings.phone,
        "line_mode": settings.line_mode,
        **states.get(settings.agent_id, {"state": None, "since": None, "reason": ""}),
    }
