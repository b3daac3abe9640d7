"""Commands on what is held on a person: show, erase, retention."""

import structlog

from dialer.control import person_requests, persons
from dialer.control import requests as rq
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import JsonObject, NotFoundError
from dialer.store import compacting, erasing, personal, retention

log = structlog.get_logger(__name__)


async def show(services: Services, call: Call) -> JsonObject:
    """All that the store holds on whoever has a number."""
    wish = rq.read(person_requests.PersonRef, call.params)
    number = persons.e164(wish.number, wish.region)
    held = await services.store.read(lambda db: personal.held_on(db, number))
    log.info("person_shown", number=number, by=call.peer.user)
    return held


async def erase(services: Services, call: Call) -> JsonObject:
    """Erase whoever has a number, in one unit of work, and put them on the do-not-call list for everybody."""
    wish = rq.read(person_requests.PersonErase, call.params)
    number, now = persons.e164(wish.number, wish.region), services.now()
    if wish.compact:
        await services.store.read(compacting.expect_quiet)
    held = await services.store.read(lambda db: personal.held_on(db, number))
    if personal.is_empty(held):
        raise NotFoundError("Nothing is held on this number.", hint="`dialer person show` shows what is known.")
    await services.store.flush()
    removed = await services.store.write(lambda db: erasing.erase(db, number, now, f"erased by {call.peer.user}"))
    log.info("person_erased", number=number, by=call.peer.user, removed=removed)
    compacted = await compacting.compact(services.store) if wish.compact else False
    return {"removed": removed, "wal_cleared": await compacting.clear_wal(services.store), "compacted": compacted}


async def retain(services: Services, call: Call) -> JsonObject:
    """Take out what presets say is kept no longer; with ``dry_run`` only count it."""
    wish, now = rq.read(person_requests.RetentionRun, call.params), services.now()
    if wish.dry_run:
        return {"dry_run": True, "removed": await services.store.read(lambda db: retention.due(db, now))}
    removed = await retention.run(services.store, now)
    await compacting.clear_wal(services.store)
    return {"dry_run": False, "removed": removed}
