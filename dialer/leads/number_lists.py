"""Files of bare numbers (registers, refusals) read into a staging file: ``python -m dialer.leads.number_lists``.

A process of its own, as for leads: a register has millions of numbers, and in the daemon somebody is answering.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from dialer.leads.columns import layout
from dialer.leads.errors import FileRefused
from dialer.leads.numbers import Refusal, parse
from dialer.leads.reading import answering, in_a_process
from dialer.leads.refusals import explaining
from dialer.leads.sources import Record, opened
from dialer.store.seal import key_of, sealer
from dialer.store.staging import stage_seals


@dataclass(frozen=True, slots=True)
class Request:
    """Which file, of whose store's key, and where its sealed numbers go. Paths as text, so that it travels as JSON."""

    file: str
    staged: str
    store: str
    region: str = "FR"


@dataclass(frozen=True, slots=True)
class NumberList:
    """What was read: ``read`` = ``numbers`` + ``duplicates`` + ``refused``, the last by reason."""

    read: int
    numbers: int
    duplicates: int
    refused: dict[str, int]


async def stage(request: Request) -> NumberList:
    """Read a file in a process of its own. FileRefused when it cannot be read or holds no number."""
    return NumberList(**await in_a_process("dialer.leads.number_lists", request.file, asdict(request)))


def read(request: Request) -> NumberList:
    """Read the file whole into ``staged``: one row for each number, sealed, in the order of the seals."""
    path, seal = Path(request.file), sealer(key_of(Path(request.store), create=False))
    refused: Counter[str] = Counter()
    seals: list[bytes] = []
    with explaining(path), opened(path) as source:
        for cells in _numbers_only(source.records):
            found = [parse(cell, request.region) for cell in cells]
            good = [seal(number.e164) for number in found if not isinstance(number, Refusal)]
            seals += good
            if not good:
                refused[found[0].reason if found and isinstance(found[0], Refusal) else "empty"] += 1
    if not seals:
        raise FileRefused(f"{path} holds no telephone number.", hint="One number a line, or a column named phone.")
    distinct = sorted(set(seals))
    stage_seals(Path(request.staged), distinct)
    total = sum(refused.values())
    return NumberList(len(seals) + total, len(distinct), len(seals) - len(distinct), dict(refused.most_common()))


def _numbers_only(records: Iterator[Record]) -> Iterator[list[str]]:
    """The cells that hold numbers: of the columns that the header names, else of the first one."""
    first = next(records, None)
    if first is None:
        return
    columns, has_header = _columns(first[1])
    for _, cells in records if has_header else chain([first], records):
        yield [cells[at].strip() for at in columns if at < len(cells) and cells[at].strip()]


def _columns(cells: Sequence[str]) -> tuple[Sequence[int], bool]:
    if any(sum(map(str.isdigit, cell)) >= 5 for cell in cells):
        return [0], False
    return layout(cells, {}).phones, True


def main() -> None:
    """Answer one request: what was read, or the error, as a line of JSON."""
    answering(lambda request: asdict(read(Request(**request))))


if __name__ == "__main__":
    main()
