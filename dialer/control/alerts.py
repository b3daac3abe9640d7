"""Commands on alerts: what stands, who takes it on, what is not told for a while."""

from dataclasses import asdict
from functools import partial
from typing import Any, Final

from dialer.alerts.board import ANYTHING, Alert, Silence
from dialer.alerts.kinds import KINDS
from dialer.alerts.words import SYSTEM
from dialer.control import requests as rq
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject
from dialer.store import alerts as records

MOST_LISTED: Final = 500


async def list_all(services: Services, call: Call) -> JsonObject:
    """The alerts that stand, or with ``since`` the latest ones on record, and the silences."""
    wish = rq.read(rq.AlertList, call.params)
    silences = await services.store.read(partial(records.silences, now=services.now()))
    if wish.since is not None:
        found = await services.store.read(partial(records.latest, since=wish.since, most=MOST_LISTED))
    elif services.live:
        found = services.alerts.board.standing
    else:
        found = await services.store.read(records.standing)
    return {
        "at": services.now(),
        "alerts": [_told(services, alert) for alert in found if alert.kind in KINDS],
        "silences": [asdict(silence) for silence in silences],
    }


def _told(services: Services, alert: Alert) -> dict[str, Any]:
    cause, hint = alert.text(services.loaded.config.alerts.language)
    return {**asdict(alert), "unit": KINDS[alert.kind].unit, "cause": cause, "hint": hint}


async def acknowledge(services: Services, call: Call) -> JsonObject:
    """Take an alert on: it stands until it is resolved, and everyone sees who looks after it."""
    wish = rq.read(rq.AlertAck, call.params)
    return {"alert": _told(services, services.alerts.acknowledge(wish.alert_id, call.peer.user))}


async def silence(services: Services, call: Call) -> JsonObject:
    """Do not tell alerts of a kind and scope for a while; zero seconds ends a silence."""
    wish = rq.read(rq.AlertSilence, call.params)
    if wish.kind not in (ANYTHING, *KINDS):
        raise BadRequestError(f"There is no alert {wish.kind}.", hint=f"The kinds are {', '.join(KINDS)}.")
    if wish.scope not in (ANYTHING, SYSTEM):
        await services.store.campaign(wish.scope)
    until = services.now() + wish.for_s
    quiet = Silence(wish.kind, wish.scope, until, call.peer.user, wish.why)
    await services.alerts.silence(quiet)
    return {"silence": asdict(quiet)}
