"""Importing files: what is kept, counted, refused, and what a failure leaves behind."""

import asyncio
import csv
import json
import sqlite3
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.floor.events import CampaignSettings
from dialer.leads import importing, preparing
from dialer.leads.errors import FileRefused
from dialer.leads.importing import ImportOptions, ImportProgress, ImportReport, import_leads
from dialer.leads.preparing import Prepared, Request, Segment, prepare
from dialer.leads.sources import MAX_FIELD
from dialer.store import Store
from dialer.store.errors import AlreadyExists, NotFound
from dialer.store.law import LawSettings
from dialer.store.loading import Loading
from tests.unit.store.helpers import NOW, add_leads, number, opened, rows

OPTIONS = ImportOptions("acme", "fichier")
ON_MONDAY = datetime(2027, 1, 18, 11, 0, tzinfo=ZoneInfo("Europe/Paris")).timestamp()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "dialer.db") as store:
        yield store


@pytest.fixture
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def reading(request: Request) -> AsyncIterator[AsyncIterator[Segment | Prepared]]:
        async def steps() -> AsyncIterator[Segment | Prepared]:
            for step in prepare(request):
                yield step

        yield steps()

    monkeypatch.setattr(importing, "_reading_process", reading)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def file_bytes(path: Path) -> bytes:
    return path.read_bytes()


def sums(report: ImportReport) -> tuple[int, int, int, int]:
    assert report.read == report.new + report.updated + report.duplicates + report.refused
    return report.read, report.new, report.duplicates, report.refused


async def nothing_kept(store: Store) -> bool:
    tables = ("leads", "numbers", "imports")
    counts = [await rows(store, f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608
    return counts == [[(0,)]] * 3 and not list(store.path.parent.glob(".*"))


async def test_a_file_becomes_leads_in_its_order(store: Store, tmp_path: Path) -> None:
    file = write(
        tmp_path / "f.csv", "réf;Nom;Téléphone;Mobile\nA;Léa;0199000001;0612345678\nB;Zoé;0199000002;\n", "cp1252"
    )
    told: list[ImportProgress] = []

    report = await import_leads(store, file, OPTIONS, told.append)

    assert sums(report) == (2, 2, 0, 0)
    assert (report.encoding, report.separator) == ("cp1252", ";")
    attempts = await store.reserve("acme", 10, NOW)
    assert [attempt.number for attempt in attempts] == ["+33199000001", "+33199000002"]
    lead = await store.lead(attempts[0].lead_id)
    assert (lead.source_id, lead.fields, lead.numbers) == ("A", {"last_name": "Léa"}, ("+33199000001", "+33612345678"))
    assert told == [ImportProgress(3, len(file_bytes(file)), len(file_bytes(file)))]


async def test_whose_legal_day_ends_first_comes_first_among_new_leads(store: Store, tmp_path: Path) -> None:
    # Martinique, Paris, Réunion, Paris, Mayotte: hours of the law end there at midnight, 19:00, 16:00 and 17:00 UTC.
    numbers = ["0596123456", "0142000001", "0262123456", "0142000002", "0269612345"]
    file = write(tmp_path / "f.csv", "\n".join(["tel", *numbers]) + "\n")

    await import_leads(store, file, OPTIONS)

    found = await rows(
        store, "SELECT n.e164, l.next_at FROM leads AS l JOIN numbers AS n ON n.lead_id = l.id ORDER BY 2, 1"
    )
    assert [row[0][:6] for row in found] == ["+26226", "+26226", "+33142", "+33142", "+59659"]
    assert found[0][0] == "+262262123456", "Réunion before Mayotte"
    assert all(row[1] < 86_400 for row in found), "all are due"


async def test_a_second_import_adds_nothing(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "tel\n0199000001\n0199000002\n")
    await import_leads(store, file, OPTIONS)

    report = await import_leads(store, file, OPTIONS)

    assert sums(report) == (2, 0, 2, 0)
    assert len(await rows(store, "SELECT 1 FROM leads")) == 2
    assert (await store.lists("acme"))[0].leads == 2


@pytest.mark.usefixtures("_in_process")
@pytest.mark.parametrize("piece", [1, 2, 100])
async def test_duplicates_are_those_of_source_or_of_every_number(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr("dialer.store.pieces._SMALLEST", piece)
    monkeypatch.setattr("dialer.store.pieces._LARGEST", piece)
    lines = [
        "id,tel,mobile",
        "A,0199000001,0612345670",
        "A,0199000009,",  # the source id was there
        "B,0199000001,",  # all its numbers belong to A
        "C,0199000001,0612345678",  # one number is its own
        "B,0199000003,",  # the source id was there, though nothing came of it
        "D,0199000009,",  # the number of a duplicate is nobody's
        "E,0612345670,",  # its number is A's second
    ]
    report = await import_leads(store, write(tmp_path / "f.csv", "\n".join(lines)), OPTIONS)

    assert sums(report) == (7, 3, 4, 0)
    every = "SELECT source_id, e164, position = next_position FROM leads JOIN numbers ON lead_id = id"
    assert await rows(store, f"{every} ORDER BY id, position") == [
        ("A", "+33199000001", 1),
        ("A", "+33612345670", 0),
        ("C", "+33612345678", 1),
        ("D", "+33199000009", 1),
    ]


@pytest.mark.usefixtures("_in_process")
async def test_the_size_of_a_piece_changes_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{n % 7},01990000{n % 11:02},06123456{n % 5:02}" for n in range(60)]
    file = write(tmp_path / "f.csv", "\n".join(["id,tel,mobile", *lines]))
    whole = await import_leads(store, file, OPTIONS)
    monkeypatch.setattr("dialer.store.pieces._SMALLEST", 1)
    monkeypatch.setattr("dialer.store.pieces._LARGEST", 1)
    monkeypatch.setattr(preparing, "SEGMENT", 7)

    by_line = await import_leads(store, file, ImportOptions("acme", "other"))

    assert replace(by_line, quality={**by_line.quality, "known": 0, "known_people": 0}) == whole
    assert by_line.quality["known"] == 40, "rows whose number the first list has"


@pytest.mark.usefixtures("_in_process")
async def test_a_dry_run_counts_the_same_and_keeps_nothing(store: Store, tmp_path: Path) -> None:
    first = write(tmp_path / "f.csv", "id,tel\nA,0199000001\n")
    await import_leads(store, first, OPTIONS)
    second = write(tmp_path / "g.csv", "id,tel\nA,0199000009\nB,0199000001\nC,0199000002\nD,12\n")
    before = await rows(store, "SELECT * FROM leads, numbers, imports")

    rehearsed = await import_leads(store, second, ImportOptions("acme", "fichier", dry_run=True))

    assert sums(rehearsed) == (4, 1, 1, 1)
    assert await rows(store, "SELECT * FROM leads, numbers, imports") == before
    assert sums(await import_leads(store, second, OPTIONS)) == (4, 1, 1, 1)


@pytest.mark.usefixtures("_in_process")
async def test_a_dry_run_into_a_new_list_makes_none(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "tel\n0199000001\n")

    assert (await import_leads(store, file, ImportOptions("acme", "new", dry_run=True))).new == 1
    assert await store.lists("acme") == ()
    assert await nothing_kept(store)


@pytest.mark.usefixtures("_in_process")
async def test_refused_rows_are_written_with_line_and_reason(store: Store, tmp_path: Path) -> None:
    text = 'tel;note\n0199000001;ok\n12;"a ""bad"";\none"\n;\n\n0199000002\n'
    refused = tmp_path / "refused.csv"
    options = ImportOptions("acme", "fichier", refused=refused)

    report = await import_leads(store, write(tmp_path / "f.csv", text), options)

    assert sums(report) == (3, 1, 0, 2)
    assert report.refused_file == refused
    with refused.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.reader(file, delimiter=";"))
    assert found[0] == ["line", "reason", "tel", "note"]
    assert (found[1][0], found[1][2:]) == ("3", ["12", 'a "bad";\none'])
    assert found[2] == ["7", "The row has 1 columns where the header has 2.", "0199000002"]
    assert refused.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("_in_process")
async def test_no_file_of_refusals_without_a_refusal(store: Store, tmp_path: Path) -> None:
    options = ImportOptions("acme", "fichier", refused=tmp_path / "refused.csv")

    report = await import_leads(store, write(tmp_path / "f.csv", "tel\n0199000001\n"), options)

    assert report.refused_file is None
    assert not (tmp_path / "refused.csv").exists()


FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "The file is empty"),
    "binary": (b"tel\n0199000001\n\x00\x01", "Line 3: There is a NUL byte"),
    "no phone column": (b"nom;ville\nZoe;Paris\n", "Line 1: No column looks like a phone number"),
    "a huge field": (
        b"tel,note\n0199000001,a\n0199000002," + b"x" * 1_000_000 + b"\n",
        "Line 3: A field is longer",
    ),
    "a quote left open": (b'tel,note\n0199000001,"never\n0199000002,ends\n', "Line 2: The row cannot be read"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("process", ["its own", "this one"])
async def test_a_faulty_file_is_refused_with_its_line_and_leaves_nothing(
    store: Store, tmp_path: Path, fault: str, process: str, request: pytest.FixtureRequest
) -> None:
    if process == "this one":
        request.getfixturevalue("_in_process")
    content, message = FAULTS[fault]
    file = tmp_path / "f.csv"
    file.write_bytes(content)

    with pytest.raises(FileRefused, match=message):
        await import_leads(store, file, OPTIONS)

    assert await nothing_kept(store)
    assert csv.field_size_limit() != MAX_FIELD


async def test_a_file_that_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"absent\.csv cannot be used: No such file"):
        await import_leads(store, tmp_path / "absent.csv", OPTIONS)


async def test_an_unknown_campaign_is_refused(store: Store, tmp_path: Path) -> None:
    for dry_run in (False, True):
        with pytest.raises(NotFound):
            await import_leads(store, tmp_path / "f.csv", ImportOptions("nobody", "list", dry_run=dry_run))


async def test_one_import_at_a_time(store: Store, tmp_path: Path) -> None:
    list_id = await store.ensure_list("acme", "fichier")
    await Loading(store, list_id).begin("first.csv")

    with pytest.raises(AlreadyExists, match=r"import of first\.csv is under way"):
        await import_leads(store, write(tmp_path / "f.csv", "tel\n0199000001\n"), OPTIONS)


@pytest.mark.usefixtures("_in_process")
async def test_leads_are_seen_only_when_the_import_is_done(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "f.csv", "tel\n" + "".join(f"019900{n:04}\n" for n in range(1_000)))
    monkeypatch.setattr(preparing, "SEGMENT", 100)
    seen: list[asyncio.Task[Any]] = []

    await import_leads(store, file, OPTIONS, lambda _: seen.append(asyncio.create_task(store.reserve("acme", 1, NOW))))

    early = await asyncio.gather(*seen[:-1])
    assert len(early) == 9
    assert not any(early)
    assert len(await store.reserve("acme", 1_000, NOW)) >= 999


@pytest.mark.usefixtures("_in_process")
async def test_a_cancelled_import_leaves_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "f.csv", "tel\n" + "".join(f"019900{n:04}\n" for n in range(1_000)))
    monkeypatch.setattr(preparing, "SEGMENT", 100)
    task: asyncio.Task[ImportReport] | None = None

    def cancel(_: ImportProgress) -> None:
        if task is not None:
            task.cancel()

    task = asyncio.create_task(import_leads(store, file, OPTIONS, cancel))
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await nothing_kept(store)
    assert (await import_leads(store, file, OPTIONS)).new == 1_000


@pytest.mark.usefixtures("_in_process")
async def test_what_a_crash_left_is_not_seen_and_is_removed_by_the_next_import(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    async with opened(path) as store:
        await add_leads(store, [[number(n)] for n in range(500)], list_name="fichier")
        await store.write(lambda db: db.execute("UPDATE imports SET state = 'loading'"))

    async with opened(path) as store:
        assert await store.reserve("acme", 10, NOW) == ()
        assert (await store.lists("acme"))[0].leads == 0
        report = await import_leads(store, write(tmp_path / "f.csv", f"tel\n{number(1)}\n"), OPTIONS)

        assert sums(report) == (1, 1, 0, 0)
        assert await rows(store, "SELECT count(*) FROM numbers") == [(1,)]
        assert await rows(store, "SELECT state, count(*) FROM imports") == [("ready", 1)]


@pytest.mark.usefixtures("_in_process")
async def test_reservations_are_not_starved_while_a_file_is_loaded(store: Store, tmp_path: Path) -> None:
    await add_leads(store, [[number(n)] for n in range(2_000)], list_name="older")
    file = write(tmp_path / "f.csv", "tel\n" + "".join(f"0142{n:06}\n" for n in range(20_000)))
    waits: list[float] = []

    async def dial() -> None:
        while True:
            began = time.perf_counter()
            await store.reserve("acme", 2, NOW)
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0)

    dialing = asyncio.create_task(dial())
    await import_leads(store, file, OPTIONS)
    dialing.cancel()

    # A piece is bounded, so reservations come between: on an idle machine there are hundreds.
    assert len(waits) > 20


any_file = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=200).map(lambda text: f"tel\n{text}".encode("utf-8", "replace")),
    st.lists(
        st.tuples(
            st.sampled_from(["", "A", "B", "C", '"', "\r"]),
            st.sampled_from(["", "12", "0199000001", "0199000002", "06 12 34 56 78", "+33199000001", '"0199000003"']),
            st.sampled_from(["", "é", "x;y", '"q"', "0612345678"]),
        ),
        max_size=12,
    ).map(lambda found: ("id;tel;portable\n" + "\n".join(";".join(row) for row in found)).encode()),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_file)
def test_any_bytes_add_up_or_leave_nothing(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    file = folder / "f.csv"
    file.write_bytes(content)
    asyncio.run(_import_twice(folder / "dialer.db", file))


async def _import_twice(path: Path, file: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _in_process.__wrapped__(patch)  # type: ignore[attr-defined]
        async with opened(path) as store:
            try:
                first = await import_leads(store, file, OPTIONS)
            except FileRefused:
                assert await nothing_kept(store)
                return
            assert sums(first)[1] == (await store.lists("acme"))[0].leads
            again = await import_leads(store, file, OPTIONS)
            assert sums(again) == (first.read, 0, first.new + first.duplicates, first.refused)
            assert (await store.lists("acme"))[0].leads == first.new
            await store.read(_every_lead_can_be_dialed)


def _every_lead_can_be_dialed(db: sqlite3.Connection) -> None:
    without = db.execute(
        "SELECT count(*) FROM leads WHERE NOT EXISTS"
        " (SELECT 1 FROM numbers WHERE lead_id = leads.id AND position = leads.next_position)"
    )
    assert without.fetchone()[0] == 0


# --- again --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_in_process")
async def test_a_second_import_updates_and_forgets_nothing(store: Store, tmp_path: Path) -> None:
    head = "id,tel,mobile,nom\n"
    await import_leads(store, write(tmp_path / "f.csv", head + "A,0199000001,,Un\nB,0199000002,,Deux\n"), OPTIONS)
    (attempt,) = await store.reserve("acme", 1, NOW)
    changed = write(tmp_path / "g.csv", head + "A,0199000011,0639980001,Une\nB,0199000002,,Deux\nA,0199000099,,Autre\n")

    first = await import_leads(store, changed, OPTIONS)
    second = await import_leads(store, changed, OPTIONS)

    assert (first.new, first.updated, first.duplicates) == (0, 1, 2)
    assert (second.new, second.updated, second.duplicates) == (0, 0, 3)
    lead = await store.lead(attempt.lead_id)
    assert (lead.fields["last_name"], lead.numbers) == ("Une", ("+33199000011", "+33639980001"))
    assert await rows(store, "SELECT state, number FROM leads JOIN attempts ON lead_id = leads.id") == [
        ("reserved", "+33199000001")
    ]


@pytest.mark.usefixtures("_in_process")
async def test_leads_that_the_law_blocked_are_judged_again_when_their_file_brings_what_they_lacked(
    store: Store, tmp_path: Path
) -> None:
    head = "id,tel,consent_at,consent_proof,consent_principal,consent_object,code postal\n"
    law = LawSettings("fr", sector="furniture", basis="consent")
    settings = CampaignSettings("fr", "trunk", "+33162000000", max_attempts=20)
    await store.create_campaign(settings, principal="Acme", law=law)
    options = replace(OPTIONS, campaign_id="fr")
    bare = write(tmp_path / "f.csv", head + "A,0199000001,,,,,75001\nB,0199000002,,,,,75001\n")
    await import_leads(store, bare, options)
    assert await store.reserve("fr", 2, ON_MONDAY) == ()
    assert await rows(store, "SELECT finished FROM imports") == [(2,)]

    given = "2026-12-01T09:00:00+01:00,web-17,Acme,furniture"
    report = await import_leads(store, write(tmp_path / "g.csv", f"{head}A,0199000001,{given},75001\n"), options)

    assert report.updated == 1
    assert [attempt.number for attempt in await store.reserve("fr", 2, ON_MONDAY)] == ["+33199000001"]
    assert await rows(store, "SELECT lead_id FROM blocked_leads") == [(2,)]
    assert await rows(store, "SELECT finished FROM imports WHERE id = 1") == [(1,)]


@pytest.mark.usefixtures("_in_process")
async def test_a_number_of_another_lead_stays_there(store: Store, tmp_path: Path) -> None:
    await import_leads(store, write(tmp_path / "f.csv", "id,tel\nA,0199000001\nB,0199000002\n"), OPTIONS)

    report = await import_leads(store, write(tmp_path / "g.csv", "id,tel\nA,0199000002\n"), OPTIONS)

    assert (report.updated, report.duplicates) == (0, 1)
    assert await rows(store, "SELECT lead_id, e164 FROM numbers") == [(1, "+33199000001"), (2, "+33199000002")]


@pytest.mark.usefixtures("_in_process")
async def test_the_worth_of_a_file_is_counted_and_kept(store: Store, tmp_path: Path) -> None:
    await add_leads(store, [[number(1)]], list_name="earlier")
    lines = [
        *("id,tel,mobile", f"A,0199000001,{number(2)}", f"B,{number(1)},", "C,12,", "D,0199000001,"),
        *(f"E,0199000007,{number(2)}", "A,0199000003,", "F,,"),
    ]

    report = await import_leads(store, write(tmp_path / "f.csv", "\n".join(lines)), OPTIONS)

    quality = report.quality
    assert (quality["read"], quality["valid"]) == (7, 5)
    assert quality["invalid"] == {"too_short": 1, "There is no phone number.": 1}
    assert (quality["in_file"], quality["shared_numbers"], quality["several_numbers"]) == (2, 1, 2)
    assert quality["known"] == 1
    assert quality["by_kind"] == {"landline": 4, "mobile": 3}
    assert (quality["legal_hours_30_days"], quality["without_consent"], quality["callable_30_days"]) == (5, 5, 0)
    kept = await rows(store, "SELECT quality FROM imports ORDER BY id DESC LIMIT 1")
    assert json.loads(kept[0][0]) == quality


# --- workbooks ----------------------------------------------------------------------------------------------------


def workbook(path: Path, table: list[list[str]]) -> Path:
    """The smallest workbook that there is: a cell that begins with = is a formula, with # a number."""

    def cell(text: str) -> str:
        if text.startswith("="):
            return f"<c><f>{text[1:]}</f><v>7</v></c>"
        if text.startswith("#"):
            return f"<c><v>{text[1:]}</v></c>"
        return f'<c t="inlineStr"><is><t>{text}</t></is></c>'

    space = "http://schemas.openxmlformats.org"
    related = f"{space}/officeDocument/2006/relationships"
    main = f"{space}/spreadsheetml/2006/main"
    lines = "".join(f"<row>{''.join(map(cell, line))}</row>" for line in table)

    def relation(kind: str, target: str) -> str:
        one = f'<Relationship Id="r1" Type="{related}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{space}/package/2006/relationships">{one}</Relationships>'

    sheets = '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types"/>',
        "_rels/.rels": relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{related}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": relation("worksheet", "worksheets/s.xml"),
        "xl/worksheets/s.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


@pytest.mark.usefixtures("_in_process")
async def test_a_workbook_is_read_by_its_values(store: Store, tmp_path: Path) -> None:
    table = [["Réf", "Nom", "Tel"], ["#1", "Léa", "#199000001"], ["#2", "=HYPERLINK(1)", "0199000002"], ["", "", ""]]

    report = await import_leads(store, workbook(tmp_path / "f.xlsx", table), OPTIONS)

    assert sums(report) == (2, 2, 0, 0)
    found = [(await store.lead(lead_id)).fields["last_name"] for lead_id in (1, 2)]
    assert found == ["Léa", "7"]
    assert await rows(store, "SELECT source_id, e164 FROM leads JOIN numbers ON lead_id = id") == [
        ("1", "+33199000001"),
        ("2", "+33199000002"),
    ]


async def test_what_is_no_workbook_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="no workbook"):
        await import_leads(store, write(tmp_path / "f.xlsx", "tel\n0199000001\n"), OPTIONS)

    assert await nothing_kept(store)
