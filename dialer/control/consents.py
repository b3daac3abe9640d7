"""Commands on the consent register."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from dialer.control import law_requests as rq
from dialer.control.persons import e164, name, source
from dialer.control.requests import read
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject
from dialer.log import mask
from dialer.store import consents, dnc
from dialer.store.consents import Entry, Origin, Span

COLUMNS: Final = (
    *("entry_id", "who", "principal", "object", "channel", "proof", "collected_at", "expires_at", "withdrawn_at"),
    *("slots", "written", "automated_dialing", "recorded_at", "source", "keep_until"),
)


async def add(services: Services, call: Call) -> JsonObject:
    """Enter a consent with its proof."""
    wish = read(rq.ConsentAdd, call.params)
    principal, object_ = await _parties(services, wish)
    if datetime.fromisoformat(wish.collected_at).timestamp() > services.now():
        raise BadRequestError("collected_at is in the future.", hint="A consent is entered after it was given.")
    stated = wish.model_dump(include=_STATED, exclude_none=True)
    consent = {**stated, "principal": principal, "object": object_}
    consent["slots"] = [slot.model_dump() for slot in wish.slots]
    origin = Origin(services.now(), source(call, "command"))
    who = name(wish)
    new = await services.store.write(lambda db: consents.add(db, who, consent, origin))
    return {"who": who, "new": new, "principal": principal, "object": object_}


_STATED: Final = {"proof", "channel", "collected_at", "expires_at", "written", "automated_dialing"}


async def withdraw(services: Services, call: Call) -> JsonObject:
    """End every consent of a person with a principal, at once and for ever, by every number that is known."""
    wish = read(rq.ConsentWithdraw, call.params)
    principal = wish.principal
    if principal is None and wish.campaign_id is not None:
        principal = (await services.store.campaign(wish.campaign_id)).principal
    if not principal:
        raise BadRequestError("Whose consent is withdrawn is not said.", hint="Give --principal or --campaign.")
    said_at = wish.withdrawn_at or datetime.fromtimestamp(services.now(), UTC).isoformat(timespec="seconds")
    origin = Origin(services.now(), source(call, f"command, {wish.channel},"))
    who, key = name(wish), principal
    names = await services.store.write(lambda db: consents.withdraw(db, who, key, said_at, origin))
    return {"who": who, "principal": principal, "withdrawn_at": said_at, "names": names}


async def show(services: Services, call: Call) -> JsonObject:
    """Everything on record about a person: register, what lists say, wishes for no more calls."""
    wish = read(rq.ConsentShow, call.params)
    who = name(wish)
    entries = await services.store.read(lambda db: consents.show(db, who, wish.principal))
    lists = await services.store.read(lambda db: consents.of_lists(db, who, wish.principal))
    person = await services.store.read(lambda db: consents.person_named(db, who, wish.principal))
    names = dict.fromkeys((who, *person.names))
    wishes = [
        {"who": _shown(each, whole=wish.numbers), **found}
        for each in names
        for found in await services.store.read(lambda db, one=each: dnc.check(db, one))  # type: ignore[misc]
    ]
    told = [{**_told(entry), "who": _shown(entry.who, whole=wish.numbers)} for entry in entries]
    return {"who": _shown(who, whole=wish.numbers), "entries": told, "lists": lists, "wishes": wishes}


async def export(services: Services, call: Call) -> JsonObject:
    """The register as rows: the columns first, then rows in parts, then how many there were."""
    wish = read(rq.ConsentExport, call.params)
    await call.send({"columns": [*COLUMNS], "lead_columns": []})
    if wish.number is not None:
        who = e164(wish.number, wish.region)
        entries = await services.store.read(lambda db: consents.show(db, who, wish.principal))
        within = [entry for entry in entries if wish.since <= entry.recorded_at < wish.until]
        await call.send({"rows": [{"values": _flat(entry)} for entry in within]})
        return {"count": len(within)}
    span, after, count = Span(wish.principal, wish.since, wish.until), 0, 0
    while page := await services.store.read(lambda db: consents.page(db, span, after)):  # noqa: B023 - read at once
        await call.send({"rows": [{"values": _flat(entry)} for entry in page]})
        after, count = page[-1].entry_id, count + len(page)
    return {"count": count}


async def _parties(services: Services, wish: rq.ConsentAdd) -> tuple[str, str]:
    principal, object_ = wish.principal, wish.object
    if wish.campaign_id is not None:
        campaign = await services.store.campaign(wish.campaign_id)
        principal, object_ = principal or campaign.principal, object_ or campaign.law.sector
    if not principal or not object_:
        what = "principal" if not principal else "object"
        hint = f"Give --{what}, or --campaign of a campaign that has {'one' if what == 'principal' else 'a sector'}."
        raise BadRequestError(f"A consent is for a principal and an object, and its {what} is not said.", hint=hint)
    return principal, object_


def _told(entry: Entry) -> dict[str, Any]:
    return asdict(entry)


def _flat(entry: Entry) -> dict[str, Any]:
    """An entry as one row of an export; times are ISO 8601."""
    stated = entry.consent
    values = {**stated, **{key: value for key, value in asdict(entry).items() if key != "consent"}}
    values["recorded_at"] = datetime.fromtimestamp(entry.recorded_at, UTC).isoformat(timespec="seconds")
    slots = (f"{slot['at']}={slot.get('evidence') or ''}" for slot in stated.get("slots") or ())
    values["slots"] = " ".join(slots)
    return {column: values.get(column) for column in COLUMNS}


def _shown(name: str, *, whole: bool) -> str:
    return mask(name) if name.startswith("+") and not whole else name
