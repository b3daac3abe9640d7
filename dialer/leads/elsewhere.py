"""Files of calls that others made for a principal, into a staging file: ``python -m dialer.leads.elsewhere``.

Another centre's calls, or those of the dialer that was used before: VICIdial's call exports and Asterisk's CDR are
recognised by their headers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from dialer.leads.columns import Layout, layout, simple
from dialer.leads.errors import BadTime, FileRefused
from dialer.leads.numbers import Refusal, parse
from dialer.leads.reading import answering, in_a_process
from dialer.leads.refusals import Refusals, explaining, header_of
from dialer.leads.rows import misfitting, with_code
from dialer.leads.sources import Record, opened
from dialer.leads.when import read_past
from dialer.rules.zones import zone
from dialer.store.law import principal_key
from dialer.store.staging import StagedAttempts

BATCH: Final = 2_000
# The first name that a header has wins. The number of a row that has several is the one that was called.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "phone": ("phone_number_dialed", "number_dialed", "dialed_number", "numero_appele", "numero_compose", "dst"),
    "at": (
        *("called_at", "call_date", "calldate", "call_datetime", "date_heure_appel", "date_heure", "date_appel"),
        *("appele_le", "date_de_l_appel", "datetime", "timestamp", "event_time", "start", "start_epoch", "at", "date"),
    ),
    "time": ("call_time", "heure_appel", "heure_de_l_appel", "heure", "time"),
    "principal": ("principal", "donneur_d_ordre", "donneur_ordre", "mandant"),
}
_Attempt = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Request:
    """What to read and where to put it; times without an offset are by the clock of ``zone``.

    ``principal``: of rows that name none. Paths as text, so that it travels as JSON.
    """

    file: str
    staged: str
    now: float
    principal: str = ""
    zone: str = "Europe/Paris"
    region: str = "FR"
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: ``read`` = ``attempts`` + ``duplicates`` + ``refused``; ``principals``: rows by principal."""

    read: int
    attempts: int
    duplicates: int
    refused: int
    columns: Mapping[str, str]
    principals: Mapping[str, int]


async def stage(request: Request) -> Found:
    """Read a file in a process of its own. FileRefused when it cannot be read, or lacks a column."""
    return Found(**await in_a_process("dialer.leads.elsewhere", request.file, asdict(request)))


def read(request: Request) -> Found:
    """Read the file whole into ``staged``; rows that cannot be attempts go to ``refused``."""
    path = Path(request.file)
    with explaining(path), ExitStack() as files:
        source = files.enter_context(opened(path, request.encoding, request.separator))
        refusals = files.enter_context(Refusals(request.refused, source.separator))
        reader = _Reader(request, header_of(source.records))
        refusals.header = reader.layout.header
        staging = files.enter_context(StagedAttempts(Path(request.staged)))
        rows = 0
        while batch := list(islice(source.records, BATCH)):
            rows += len(batch)
            staging.add(list(_good(reader, batch, refusals)))
    return Found(
        read=rows,
        attempts=staging.count,
        duplicates=rows - refusals.count - staging.count,
        refused=refusals.count,
        columns={role: column for role, column in reader.layout.describe().items() if role in reader.used},
        principals=dict(reader.principals.most_common()),
    )


def _good(reader: "_Reader", batch: Sequence[Record], refusals: Refusals) -> Iterator[_Attempt]:
    for line, cells in batch:
        found = reader.read(cells)
        if isinstance(found, str):
            refusals.add(line, found, cells)
        else:
            yield found


class _Reader:
    """Rows to attempts. FileRefused when no column holds a time, or nobody is named as the principal."""

    def __init__(self, request: Request, header: Sequence[str]) -> None:
        self._request = request
        self._home = zone(request.zone)
        self.layout: Layout = layout(header, {**_guessed(header), **request.columns})
        at = dict(self.layout.fields)
        self._at, self._time, self._principal = at.get("at"), at.get("time"), at.get("principal")
        self.used = {"phone", "phone_code", "at", "time", "principal"}
        self.principals: Counter[str] = Counter()
        if self._at is None:
            raise FileRefused(
                f"No column looks like the time of a call among: {', '.join(header)[:300]}.",
                hint="Name it, as in `--map at=NAME`.",
                line=1,
            )
        if self._principal is None and not request.principal:
            raise FileRefused("No column names the principal.", hint="Give --principal, or `--map principal=NAME`.")

    def read(self, cells: Sequence[str]) -> _Attempt | str:
        """The attempt of a row, or the reason why it is none."""
        if misfit := misfitting(cells, len(self.layout.header)):
            return misfit
        raw, code_at = cells[self.layout.phones[0]].strip(), self.layout.phone_code
        if not raw:
            return "There is no phone number."
        number = parse(raw if code_at is None else with_code(raw, cells[code_at]), self._request.region)
        if isinstance(number, Refusal):
            return number.reason
        named = "" if self._principal is None else cells[self._principal].strip()
        principal = principal_key(named or self._request.principal)
        if not principal:
            return "No principal is named."
        try:
            at = read_past(self._written(cells), self._home, self._request.now)
        except BadTime as error:
            return str(error.args[0])
        self.principals[principal] += 1
        return number.e164, principal, at

    def _written(self, cells: Sequence[str]) -> str:
        text = "" if self._at is None else cells[self._at].strip()
        clock = "" if self._time is None else cells[self._time].strip()
        # A workbook's day comes with a midnight that nobody wrote.
        return f"{text.removesuffix('T00:00:00')} {clock}" if clock else text


def _guessed(header: Sequence[str]) -> dict[str, str]:
    names = {simple(name): " ".join(name.split()) for name in reversed(header)}
    found = {role: next((names[name] for name in known if name in names), None) for role, known in _NAMES.items()}
    return {role: column for role, column in found.items() if column is not None}


def _answer(request: dict[str, Any]) -> Mapping[str, Any]:
    return asdict(read(Request(**request)))


if __name__ == "__main__":
    answering(_answer)
