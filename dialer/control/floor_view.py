"""Commands that look: status, explanations, exports, the doctor."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from dialer.control import pacing
from dialer.control import requests as rq
from dialer.control.agents import expect_callback
from dialer.control.callbacks import promise_in
from dialer.control.doctor import Check, check_machine
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import JsonObject, RefusedError
from dialer.errors import DialerError
from dialer.floor.commands import RecordOutcome
from dialer.floor.events import OutcomeCorrected
from dialer.rules.abandonment import NOTHING
from dialer.store.abandonment import counts_of
from dialer.store.opening import open_reader
from dialer.store.reading import OUTCOME_COLUMNS, Life, OutcomeRow, Period

ROWS_A_PART: Final = 200  # of an export: a few milliseconds of the daemon's time between two looks at the floor


async def status(services: Services, call: Call) -> JsonObject:
    """The floor now."""
    rq.read(rq.Nothing, call.params)
    return services.snapshot().to_json()


async def status_watch(services: Services, call: Call) -> JsonObject:
    """The floor again and again, until the watcher goes away."""
    wish = rq.read(rq.StatusWatch, call.params)
    while True:
        await call.send(services.snapshot().to_json())
        await asyncio.sleep(wish.interval_s)


async def explain(services: Services, call: Call) -> JsonObject:
    """The whole life of one attempt, with its lead and the pacing decision before it."""
    wish = rq.read(rq.Explain, call.params)
    life = await services.store.explain(wish.attempt_id)
    lead = await services.store.lead(life.attempt["lead_id"])
    return {
        "attempt": life.attempt,
        "lead": {"lead_id": lead.lead_id, "list": lead.list_name, "source_id": lead.source_id},
        "decision": _told_decision(life),
        "steps": [asdict(step) for step in life.steps],
    }


def _told_decision(life: Life) -> dict[str, Any] | None:
    """The decision on record before the call; ``exact``: it is the very one that dialed it, else one a little older."""
    if life.decision is None:
        return None
    return {**pacing.told(life.decision), "exact": life.decision["at"] == life.attempt["reserved_at"]}


async def outcomes_export(services: Services, call: Call) -> JsonObject:
    """The columns first, then rows in parts, then how many there were."""
    wish = rq.read(rq.OutcomesExport, call.params)
    lead_columns = await services.store.lead_columns(wish.campaign_id)
    await call.send({"columns": [*OUTCOME_COLUMNS], "lead_columns": [*lead_columns]})
    rows: list[dict[str, Any]] = []
    count = 0
    async for outcome in services.store.outcomes(Period(wish.campaign_id, wish.since, wish.until)):
        rows.append(_told(outcome))
        count += 1
        if len(rows) == ROWS_A_PART:
            await call.send({"rows": rows})
            rows = []
    if rows:
        await call.send({"rows": rows})
    return {"count": count}


def _told(outcome: OutcomeRow) -> dict[str, Any]:
    return {"values": dict(outcome.values), "fields": dict(outcome.fields)}


async def disposition_set(services: Services, call: Call) -> JsonObject:
    """Correct the disposition of an ended attempt."""
    wish = rq.read(rq.DispositionSet, call.params)
    attempt = dict((await services.store.explain(wish.attempt_id)).attempt)
    if attempt["ended_at"] is None:
        hint = "Wait for its end, or give it for the agent: dialer disposition set --agent ID WHAT"
        raise RefusedError(f"Attempt {wish.attempt_id} has not ended.", hint=hint)
    was = attempt["disposition"]
    promised: JsonObject = {}
    if wish.callback_at is not None:
        expect_callback(wish.disposition)
        promised = await promise_in(services, wish.attempt_id, wish, attempt["agent_id"])
    attempt |= {"attempt_id": attempt["id"], "disposition": wish.disposition}
    record = RecordOutcome(**{field.name: attempt[field.name] for field in fields(RecordOutcome)})
    services.store.record([record])
    await services.store.flush()
    await _correct_ledger(services, attempt)
    return {"attempt_id": wish.attempt_id, "was": was, "disposition": wish.disposition, **promised}


async def _correct_ledger(services: Services, before: Mapping[str, Any]) -> None:
    """A machine is no live answer: what the attempt counts as now, by the record, the floor counts too."""
    now = (await services.store.explain(before["attempt_id"])).attempt
    change = counts_of(now) - counts_of(before)
    if change == NOTHING:
        return
    services.submit(
        OutcomeCorrected(
            at=services.now(),
            campaign_id=now["campaign_id"],
            attempt_id=now["id"],
            disposition=now["disposition"],
            answered_at=now["answered_at"],
            change=change,
        )
    )


async def doctor(services: Services, call: Call) -> JsonObject:
    """Every check; the file system's in a thread, for a sick disk must not stop the floor."""
    from dialer.pbx.doctor import check_pbx

    rq.read(rq.Nothing, call.params)
    machine = await asyncio.to_thread(lambda: list(check_machine(services.loaded)))
    store, trunks = await _check_store(services)
    checks = [*machine, store, *await check_pbx(services.loaded, trunks)]
    by = "the daemon" if services.live else "this command (no daemon runs)"
    return {"by": by, "checks": [check.to_json() for check in checks]}


async def _check_store(services: Services) -> tuple[Check, set[str]]:
    """Whether the store can be used, and the trunks that its campaigns need, those that stand in for others too."""
    dialing = services.loaded.config.dialing
    trunks = {dialing.trunk, *dialing.backup_trunks.values()} - {""}
    path = services.loaded.config.store_path
    try:
        if services.live:
            campaigns, healthy = await services.store.campaigns(), services.store.healthy
        else:
            async with open_reader(path) as reader:
                campaigns, healthy = await reader.campaigns(), True
    except DialerError as error:
        return Check("store", ok=False, seen=str(error.args[0]), fix=error.hint or ""), trunks
    fix = "" if healthy else f"look at the disk of {path}; dialing goes on by itself when it can be written"
    seen = str(path) if healthy else f"{path} cannot be written"
    return Check("store", ok=healthy, seen=seen, fix=fix), trunks | {each.settings.trunk for each in campaigns}
