"""Importing a file of leads: read in a process of its own, compared, loaded in pieces, shown at once."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from dialer.leads.errors import FileRefused
from dialer.leads.preparing import Prepared, Request, Segment
from dialer.leads.reading import expect_no_fault, started
from dialer.store.loading import Loading, Tally, rehearsal
from dialer.store.store import Store

# Longer than the slowest disk takes for one batch of rows; a process that is silent for so long hangs.
SILENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file. ``columns`` maps roles (phone, phone2, source_id, last_name, ...) to column names.

    ``region``: the country of numbers written without one. ``refused``: where to write refused rows; None for nowhere.
    ``priority``: leads of a higher one are called first. ``preset``: under whose rules the callable ones are counted.
    ``by``: who imports it, for the consent register.
    """

    campaign_id: str
    list_name: str
    region: str = "FR"
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    refused: Path | None = None
    priority: int = 0
    dry_run: bool = False
    preset: str = "generic"
    by: str = "unknown"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a file: ``read`` = ``new`` + ``updated`` + ``duplicates`` + ``refused``.

    ``consents``: how many are new in the register.
    """

    read: int
    new: int
    updated: int
    duplicates: int
    refused: int
    bad_numbers: int
    consents: int
    encoding: str
    separator: str
    columns: Mapping[str, str]
    refused_file: Path | None
    dry_run: bool
    quality: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: the last line loaded, and bytes of the file, ``done`` of ``total``."""

    line: int
    done: int
    total: int


Progress = Callable[[ImportProgress], None]


async def import_leads(
    store: Store, path: Path, options: ImportOptions, progress: Progress = lambda _: None
) -> ImportReport:
    """Import a file into a list of a campaign, all or nothing; the list is made when it is new.

    Safe beside a daemon that dials: reservations wait for a few milliseconds at most. FileRefused when the file cannot
    be imported, NotFound for an unknown campaign, AlreadyExists while another import runs.
    """
    with tempfile.TemporaryDirectory(prefix=store.folder_prefix, dir=store.path.parent) as name:
        folder = Path(name)
        if not options.dry_run:
            return await _import(store, path, options, folder, progress, home=store.path)
        async with rehearsal(store, folder, options.campaign_id, options.list_name) as copy:
            return await _import(copy, path, options, folder, progress, home=store.path)


async def check_file(store: Store, path: Path, options: ImportOptions, progress: Progress = lambda _: None) -> Prepared:
    """What a file is worth, without importing it. FileRefused when it cannot be imported."""
    with tempfile.TemporaryDirectory(prefix=store.folder_prefix, dir=store.path.parent) as name:
        request = replace(_request(path, options, Path(name)), store=str(store.path), now=store.clock(), staging=False)
        async with _reading_process(request) as steps:
            async for step in steps:
                if isinstance(step, Prepared):
                    return step
                progress(ImportProgress(step.last_line, step.done, step.total))
    raise FileRefused(f"The process that read {path} ended without a word.", hint="See the journal.")


async def _import(
    store: Store, path: Path, options: ImportOptions, folder: Path, progress: Progress, *, home: Path
) -> ImportReport:
    """``home``: the store whose other lists the file is compared with."""
    list_id = await store.ensure_list(options.campaign_id, options.list_name)
    loading = Loading(store, list_id, options.priority)
    await loading.begin(path.name)
    try:
        request = replace(_request(path, options, folder), store=str(home), now=store.clock())
        prepared = await _prepare_and_load(request, loading, progress)
        await loading.update()
        await loading.register_consents(f"{path.name}, list {options.list_name} of {options.campaign_id}, {options.by}")
        report = _report(prepared, loading, options)
        tally = Tally(report.read, report.new, report.updated, report.duplicates, report.refused)
        await loading.finish(tally, prepared.fields, prepared.quality)
    except BaseException:
        await asyncio.shield(loading.abandon())
        raise
    return report


async def _prepare_and_load(request: Request, loading: Loading, progress: Progress) -> Prepared:
    async with _reading_process(request) as steps:
        async for step in steps:
            if isinstance(step, Prepared):
                return step
            # The process reads on while this segment is loaded.
            await loading.load(Path(step.staged), step.last_line)
            progress(ImportProgress(step.last_line, step.done, step.total))
    raise FileRefused(f"The process that read {request.file} ended without a word.", hint="See the journal.")


def _request(path: Path, options: ImportOptions, folder: Path) -> Request:
    return Request(
        campaign_id=options.campaign_id,
        list_name=options.list_name,
        preset=options.preset,
        file=str(path),
        folder=str(folder),
        region=options.region,
        columns=dict(options.columns),
        encoding=options.encoding,
        separator=options.separator,
        refused=None if options.refused is None else str(options.refused),
    )


@asynccontextmanager
async def _reading_process(request: Request) -> AsyncIterator[AsyncIterator[Segment | Prepared]]:
    async with started("dialer.leads.preparing") as process:
        yield _steps(process, request)


async def _steps(process: asyncio.subprocess.Process, request: Request) -> AsyncIterator[Segment | Prepared]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process was started without pipes")
    process.stdin.write(json.dumps(asdict(request)).encode())
    process.stdin.close()
    while line := await _line(process.stdout, request):
        message = expect_no_fault(json.loads(line))
        yield Segment(**message["Segment"]) if "Segment" in message else Prepared(**message["Prepared"])


async def _line(stdout: asyncio.StreamReader, request: Request) -> bytes:
    try:
        async with asyncio.timeout(SILENCE_S):
            return await stdout.readline()
    except TimeoutError as error:
        raise FileRefused(f"Reading {request.file} took no step in {SILENCE_S:.0f} s and was stopped.") from error


def _report(prepared: Prepared, loading: Loading, options: ImportOptions) -> ImportReport:
    return ImportReport(
        read=prepared.read,
        new=loading.new,
        updated=loading.updated,
        duplicates=prepared.staged - loading.new - loading.updated,
        refused=prepared.refused,
        bad_numbers=prepared.bad_numbers,
        consents=loading.consents,
        encoding=prepared.encoding,
        separator=prepared.separator,
        columns=prepared.columns,
        refused_file=options.refused if prepared.refused else None,
        dry_run=options.dry_run,
        quality=prepared.quality,
    )
