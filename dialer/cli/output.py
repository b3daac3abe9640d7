"""What a command says: JSON for programs, tables for people, colours only on a terminal."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import click

Row = Sequence[object]


def is_terminal() -> bool:
    """Whether standard output is a terminal that a person looks at."""
    return sys.stdout.isatty()


def print_json(value: object) -> None:
    """One JSON document on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """A table: drawn by rich on a terminal, else columns of plain text two spaces apart."""
    cells = [[_cell(value) for value in row] for row in rows]
    if is_terminal():
        _print_rich(columns, cells)
        return
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    for line in [list(columns), *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_fields(fields: Mapping[str, object]) -> None:
    """Name and value, one pair a line."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        click.echo(f"{name.ljust(width)}  {_cell(value)}")


def clock_time(at: float | None) -> str:
    """Seconds since the epoch as local date and time; a dash for what never happened."""
    return "-" if at is None else datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def percent(ratio: float | None) -> str:
    """A ratio from 0 to 1 for people; a dash where there is nothing to divide by."""
    return "-" if ratio is None else f"{ratio * 100:.1f} %"


def duration(seconds: float) -> str:
    """``75`` as ``1:15``, ``3725`` as ``1:02:05``."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _cell(value: object) -> str:
    return "-" if value is None or value == "" else str(value)


def _print_rich(columns: Sequence[str], cells: Iterable[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column)
    for line in cells:
        table.add_row(*(Text(cell) for cell in line))  # Text: a name with brackets is no markup
    Console().print(table)
