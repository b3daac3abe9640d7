"""Commands on calls that others made for a principal: another centre, or the dialer that was used before."""

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from dialer.control import law_requests as rq
from dialer.control.leads import expect_readable, send_back
from dialer.control.persons import source, telling
from dialer.control.requests import read
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import JsonObject
from dialer.store import elsewhere
from dialer.store.law import principal_key


async def import_file(services: Services, call: Call) -> JsonObject:
    """A file of calls into the record of the law; safe beside a daemon that dials. Refused rows first, if wanted."""
    from dialer.leads.elsewhere import Request, stage  # the number plans are large

    wish = read(rq.AttemptsImport, call.params)
    path, store = Path(wish.path), services.store
    await asyncio.to_thread(expect_readable, path)
    with tempfile.TemporaryDirectory(prefix=store.folder_prefix, dir=store.path.parent) as folder:
        staged, refused = Path(folder) / "attempts.db", Path(folder) / "refused.csv"
        request = Request(
            file=str(path),
            staged=str(staged),
            now=services.now(),
            principal=wish.principal,
            zone=wish.zone,
            region=wish.region,
            columns=wish.columns,
            encoding=wish.encoding,
            separator=wish.separator,
            refused=str(refused) if wish.want_refused else None,
        )
        found = await telling(call, "reading", stage(request))
        if refused.exists():
            await send_back(call, refused)
        if wish.dry_run:
            work = elsewhere.count_new(store, staged, found.attempts)
        else:
            at = datetime.fromtimestamp(services.now(), UTC).isoformat(timespec="microseconds")
            work = elsewhere.add_attempts(store, staged, found.attempts, source(call, f"file {path.name}, {at},"))
        new = await telling(call, "loading", work)
    strangers = await _without_campaign(services, found.principals)
    return {**asdict(found), "new": new, "dry_run": wish.dry_run, "without_campaign": strangers}


async def _without_campaign(services: Services, principals: Iterable[str]) -> list[str]:
    """Principals of whom no campaign is: a name that is spelled otherwise counts for nobody."""
    campaigns = await services.store.campaigns()
    ours = {principal_key(campaign.principal) for campaign in campaigns}
    return [principal for principal in principals if principal not in ours]


async def imported(services: Services, call: Call) -> JsonObject:
    """What is on record of others' calls, by principal and import."""
    wish = read(rq.AttemptsImported, call.params)
    key = None if wish.principal is None else principal_key(wish.principal)
    return {"imports": await services.store.read(lambda db: elsewhere.by_source(db, key))}
