"""Commands that explain the calling law with the facts of the store, and prove that it was kept."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from dialer.control import law_requests as rq
from dialer.control.persons import e164
from dialer.control.requests import read
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject
from dialer.log import mask
from dialer.rules import load_preset
from dialer.rules.caseform import case_json
from dialer.store import asking, auditing
from dialer.store.asking import Told
from dialer.store.auditing import Breach, Span
from dialer.store.facts import Moment
from dialer.store.opening import open_reader

_BEGIN: Final = (float("-inf"), "")


async def explain(services: Services, call: Call) -> JsonObject:
    """Whether a lead, or a number under a campaign's law, may be called, with the question and the lead's state."""
    wish = read(rq.RulesExplain, call.params)
    moment = Moment(datetime.fromisoformat(wish.at).timestamp() if wish.at else services.now())
    number = e164(wish.number, wish.region) if wish.number else None

    def ask(db: Any) -> Told:  # noqa: ANN401 - a connection, and only the store speaks SQL
        if wish.lead_id is not None:
            return asking.ask_lead(db, wish.lead_id, moment)
        return asking.ask_number(db, wish.campaign_id or "", number or "", moment)

    told = await services.store.read(ask)
    lead = {"id": told.lead_id, "state": told.state, "next_at": told.next_at, "next_reason": told.next_reason}
    return {
        **json.loads(told.verdict.as_json()),
        "campaign_id": told.campaign_id,
        "lead": lead if told.lead_id is not None else None,
        "case": json.loads(case_json(told.case)),
    }


async def audit(services: Services, call: Call) -> JsonObject:
    """Every attempt of a period judged again: breaches in parts as they are found, then the counts."""
    wish = read(rq.Audit, call.params)
    if wish.since >= wish.until:
        raise BadRequestError("The period ends before it begins.", hint="--to with a day includes that day.")
    span = Span(wish.campaign_id, wish.since, wish.until)
    law = await services.store.law(wish.campaign_id)
    attempts, broken, erased, last = 0, 0, 0, _BEGIN
    versions: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    # A reader of its own: those who choose the next leads do not wait behind it.
    async with open_reader(services.store.path) as reader:
        while True:
            started = time.monotonic()
            found = await reader.read(lambda db: auditing.examine(db, law, span, last))  # noqa: B023 - read at once
            if found is None:
                break
            last, attempts, erased = found.last, attempts + found.attempts, erased + found.erased
            versions.update(found.versions)
            rules.update(breach.rule for breach in found.breaches)
            broken += len({breach.attempt_id for breach in found.breaches})
            await call.send({"attempts": attempts, "breaches": [_told(breach) for breach in found.breaches]})
            if services.live:  # half of the time for those who dial
                await asyncio.sleep(time.monotonic() - started)
    return {
        "campaign_id": wish.campaign_id,
        "principal": law.principal,
        "since": wish.since,
        "until": wish.until,
        "attempts": attempts,
        "lawful": attempts - broken - erased,
        "unlawful": broken,
        "erased": erased,
        "breaches_by_rule": dict(rules.most_common()),
        "judged_then_by": dict(versions.most_common()),
        "judged_now_by": f"{law.preset.name} {load_preset(law.preset.name).version}",
    }


def _told(breach: Breach) -> dict[str, Any]:
    return {**asdict(breach), "number": mask(breach.number)}
