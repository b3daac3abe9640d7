"""Commands on lists of leads."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dialer.control import requests as rq
from dialer.control.campaigns import MAX_ATTEMPTS, told_list
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject
from dialer.store import profiles
from dialer.store.campaigns import set_weight

if TYPE_CHECKING:  # the number plans are large, and most commands do without them
    from dialer.leads.importing import ImportOptions, ImportProgress, ImportReport, Progress

T = TypeVar("T")
PROGRESS_EVERY_S: Final = 0.25
REFUSED_PART_CHARS: Final = 65_536


async def lists(services: Services, call: Call) -> JsonObject:
    """Lists of one campaign or all, in the order in which they are called."""
    wish = rq.read(rq.CampaignFilter, call.params)
    if wish.campaign_id is not None:
        known = [await services.store.campaign(wish.campaign_id)]
    else:
        known = [*await services.store.campaigns()]
    found = [await services.store.lists(campaign.settings.campaign_id) for campaign in known]
    return {"lists": [told_list(each) for campaign_lists in found for each in campaign_lists]}


async def weigh(services: Services, call: Call) -> JsonObject:
    """Give a list another share of its campaign's calls."""
    wish = rq.read(rq.ListWeight, call.params)
    await services.store.write(lambda db: set_weight(db, wish.campaign_id, wish.list, wish.weight))
    return {"lists": [told_list(each) for each in await services.store.lists(wish.campaign_id)]}


async def import_file(services: Services, call: Call) -> JsonObject:
    """Import a file, all or nothing: progress in parts, then the refused rows if wanted, then the counts."""
    from dialer.leads.importing import ImportOptions

    wish = rq.read(rq.LeadsImport, call.params)
    path = Path(wish.path)
    await asyncio.to_thread(expect_readable, path)
    # The daemon writes where it may, never where a request says; the rows go back to who asked.
    with tempfile.TemporaryDirectory(prefix="refused-", dir=services.store.path.parent) as folder:
        refused = Path(folder) / "refused.csv" if wish.want_refused else None
        options = ImportOptions(
            campaign_id=wish.campaign_id,
            list_name=wish.list,
            region=wish.region,
            columns=await _columns(services, wish.profile, wish.columns),
            preset=(await services.store.campaign(wish.campaign_id)).law.preset,
            encoding=wish.encoding,
            separator=wish.separator,
            refused=refused,
            priority=wish.priority,
            dry_run=wish.dry_run,
            by=call.peer.user,
        )
        report = await _import_telling(services, call, path, options)
        if report.refused_file is not None:
            await send_back(call, report.refused_file)
    if not wish.dry_run:
        await _keep_profile(services, wish.profile, report.columns)
    return _told(report)


async def check(services: Services, call: Call) -> JsonObject:
    """What a file is worth, and how long a team would need for it; nothing is imported."""
    from dialer.leads.importing import ImportOptions, check_file
    from dialer.leads.quality import Team, forecast
    from dialer.rules import load_preset

    wish = rq.read(rq.LeadsCheck, call.params)
    path = Path(wish.path)
    await asyncio.to_thread(expect_readable, path)
    campaign = None if wish.campaign_id is None else await services.store.campaign(wish.campaign_id)
    preset = wish.preset or (campaign.law.preset if campaign else "fr")
    options = ImportOptions(
        campaign_id=wish.campaign_id or "",
        list_name="",
        region=wish.region,
        columns=await _columns(services, wish.profile, wish.columns),
        encoding=wish.encoding,
        separator=wish.separator,
        preset=preset,
    )
    found = await _telling(call, lambda note: check_file(services.store, path, options, note))
    await _keep_profile(services, wish.profile, found.columns)
    agents = wish.agents
    if agents is None:
        agents = len(await services.store.agents(wish.campaign_id)) if campaign else 0
    team = Team(agents, wish.calls_per_agent_h, campaign.settings.max_attempts if campaign else MAX_ATTEMPTS)
    quality = found.quality
    outlook = forecast(load_preset(preset), quality["callable_30_days"], quality["hours_a_day"], team)
    told = {"encoding": found.encoding, "separator": found.separator, "columns": dict(found.columns)}
    return {**told, "bad_numbers": found.bad_numbers, **quality, "forecast": asdict(outlook)}


async def _columns(services: Services, profile: str | None, said: Mapping[str, str]) -> dict[str, str]:
    """What the profile says of a file's columns, where nothing else is said."""
    if profile is None:
        return dict(said)
    known = await services.store.read(lambda db: profiles.load(db, profile))
    return {**(known or {}), **said}


async def _keep_profile(services: Services, profile: str | None, columns: Mapping[str, str]) -> None:
    if profile is not None:
        now = services.now()
        await services.store.write(lambda db: profiles.save(db, profile, columns, now))


async def _import_telling(services: Services, call: Call, path: Path, options: "ImportOptions") -> "ImportReport":
    from dialer.leads.importing import import_leads

    return await _telling(call, lambda note: import_leads(services.store, path, options, note))


async def _telling(call: Call, start: "Callable[[Progress], Coroutine[Any, Any, T]]") -> T:
    """Read a file, and tell how far it is now and then. When the asker goes away, nothing is imported."""
    latest: list[ImportProgress] = []

    def note(progress: "ImportProgress") -> None:
        latest[:] = [progress]

    work = asyncio.create_task(start(note), name="import")
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=PROGRESS_EVERY_S)
            if latest:
                await call.send({"progress": asdict(latest.pop())})
        return work.result()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def expect_readable(path: Path) -> None:
    """BadRequestError when the process that runs the command cannot read a file."""
    try:
        with path.open("rb"):
            return
    except OSError as error:
        hint = f"A running daemon reads the file itself: copy it where its user can read it. ({error.strerror})"
        raise BadRequestError(f"{path} cannot be read.", hint=hint) from error


async def send_back(call: Call, file: Path) -> None:
    """Send a file of refused rows to who asked, in parts."""
    with file.open(encoding="utf-8", newline="") as rows:
        while text := await asyncio.to_thread(rows.read, REFUSED_PART_CHARS):
            await call.send({"refused_text": text})


def _told(report: "ImportReport") -> dict[str, Any]:
    told = asdict(report)
    del told["refused_file"]
    return told
