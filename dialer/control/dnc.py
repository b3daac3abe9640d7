"""Commands on the do-not-call list: wishes of people, and copies of public registers."""

import asyncio
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialer.control import law_requests as rq
from dialer.control.leads import expect_readable
from dialer.control.persons import e164, names, source, telling
from dialer.control.requests import read
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject
from dialer.log import mask
from dialer.store import dnc
from dialer.store.dnc import Wish

if TYPE_CHECKING:  # the number plans are large
    from dialer.leads.number_lists import NumberList


async def add(services: Services, call: Call) -> JsonObject:
    """Put numbers and persons on the list, at once and for ever."""
    wish = read(rq.DncAdd, call.params)
    known = names(wish.numbers, wish.person_ids, wish.region)
    if not known:
        raise BadRequestError("Nobody is named.", hint="Give numbers, or --person-id.")
    entry = Wish(wish.principal, services.now(), wish.reason, source(call, "command"))
    new = await services.store.write(lambda db: dnc.suppress(db, known, entry))
    return {"given": len(known), "new": new, "principal": wish.principal}


async def import_file(services: Services, call: Call) -> JsonObject:
    """A file of refusals, or a newer copy of a register; safe beside a daemon that dials."""
    from dialer.leads.number_lists import Request, stage

    wish = read(rq.DncImport, call.params)
    path = Path(wish.path)
    _expect_register(wish.copy_of)
    await asyncio.to_thread(expect_readable, path)
    store = services.store
    with tempfile.TemporaryDirectory(prefix=store.folder_prefix, dir=store.path.parent) as folder:
        staged = Path(folder) / "numbers.db"
        request = Request(str(path), str(staged), str(store.path), wish.region)
        found = await telling(call, "reading", stage(request))
        load = _load(services, wish, source(call, f"file {path.name}"), (staged, found))
        told = await telling(call, "loading", load)
    return {**asdict(found), **told}


async def _load(
    services: Services, wish: rq.DncImport, source: str, staged: "tuple[Path, NumberList]"
) -> dict[str, Any]:
    from dialer.store.registers import Register, add_wishes, replace_register

    file, found = staged
    if wish.copy_of is not None and wish.as_of is not None:
        register = Register(wish.copy_of, wish.as_of, services.now(), source)
        changed = await replace_register(services.store, register, file, found.numbers)
        return {"register": wish.copy_of, "as_of": wish.as_of, **changed}
    entry = Wish(wish.principal or "", services.now(), wish.reason, source)
    return {"principal": entry.principal, "added": await add_wishes(services.store, entry, file)}


def _expect_register(name: str | None) -> None:
    from dialer.store.registers import register_names

    if name is not None and name not in register_names():
        known = ", ".join(sorted(register_names()))
        raise BadRequestError(f"No preset asks a register {name}.", hint=f"They ask {known}.")


async def show(services: Services, call: Call) -> JsonObject:
    """How many are on the list, which registers are in use, and the last wishes; numbers masked unless asked."""
    wish = read(rq.DncList, call.params)
    found = await services.store.read(dnc.summary)
    latest = await services.store.read(lambda db: dnc.latest(db, wish.principal, wish.limit))
    for each in latest:
        if each["number"] is not None and not wish.numbers:
            each["number"] = mask(each["number"])
    return {**found, "latest": latest}


async def check(services: Services, call: Call) -> JsonObject:
    """Whether numbers are on the list, since when, why, and in which registers."""
    wish = read(rq.DncCheck, call.params)
    found = []
    for written in wish.numbers:
        number = e164(written, wish.region)
        entries = await services.store.read(lambda db, one=number: dnc.check(db, one))  # type: ignore[misc]
        found.append({"number": number, "listed": bool(entries), "entries": entries})
    return {"numbers": found}
