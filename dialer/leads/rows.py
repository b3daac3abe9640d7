"""One row of a file becomes one lead, or a reason why not."""

import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from operator import itemgetter

from dialer.leads.columns import Layout
from dialer.leads.numbers import Refusal, parse
from dialer.store.staging import StagedNumber, StagedRow

MAX_SOURCE_ID = 200
_Number = tuple[str, str, str, str]  # E.164, kind, territory, as written


class RowReader:
    """Reads the rows of one layout. Numbers without a country code are those of ``region``.

    ``rows`` and ``more_numbers`` collect the leads read; ``bad_numbers`` counts the texts that were no numbers, also in
    rows that have another.
    """

    def __init__(self, layout: Layout, region: str) -> None:
        self._layout = layout
        self._region = region
        self._width = len(layout.header)
        self._encode = _encoder(layout)
        self.rows: list[StagedRow] = []
        self.more_numbers: list[StagedNumber] = []
        self.bad_numbers = 0

    def has_field(self, *names: str) -> bool:
        """Whether one of these is among the fields that leads get."""
        return any(name in names for name, _ in self._layout.fields)

    def read(self, line: int, cells: Sequence[str]) -> str | None:
        """Collect the row, or return the reason for which it is no lead."""
        if len(cells) != self._width and (misfit := misfitting(cells, self._width)):
            return misfit
        at = self._layout.source_id
        source_id = "" if at is None else cells[at].strip()
        if len(source_id) > MAX_SOURCE_ID:
            return f"The source id is longer than {MAX_SOURCE_ID} characters."
        numbers, reason = self._numbers(cells)
        if not numbers:
            return reason
        first = numbers[0]
        self.rows.append((line, source_id or first[0], self._encode(cells), *first))
        if len(numbers) > 1:
            self.more_numbers += [(line, position, *number) for position, number in enumerate(numbers) if position]
        return None

    def _numbers(self, cells: Sequence[str]) -> tuple[list[_Number], str]:
        numbers: list[_Number] = []
        reason, code_at = "There is no phone number.", self._layout.phone_code
        for at in self._layout.phones:
            raw = cells[at].strip()
            if not raw:
                continue
            found = parse(raw if code_at is None else with_code(raw, cells[code_at]), self._region)
            if isinstance(found, Refusal):
                self.bad_numbers += 1
                reason = found.reason
            elif not numbers or all(found[0] != known[0] for known in numbers):
                numbers.append((*found, raw))
        return numbers, reason


def misfitting(cells: Sequence[str], width: int) -> str | None:
    """Why a row does not fit its header, if it does not; empty cells beyond it do no harm."""
    if len(cells) == width or (len(cells) > width and not any(cells[width:])):
        return None
    return f"The row has {len(cells)} columns where the header has {width}."


def with_code(raw: str, code: str) -> str:
    """A number as written, with the country code that another column holds."""
    if raw[0] == "+" or raw.startswith("00"):
        return raw
    code = code.strip().lstrip("+0")
    return f"+{code}{raw}" if code else raw


def _encoder(layout: Layout) -> Callable[[Sequence[str]], str]:
    # The same JSON as json.dumps gives, at a fifth of its time: the keys are the same in every row.
    if not layout.fields:
        return lambda _: "{}"
    keys = [json.dumps(name, ensure_ascii=False).replace("%", "%%") for name, _ in layout.fields]
    template = "{" + ",".join(f"{key}:%s" for key in keys) + "}"
    quoting = template.replace(":%s", ':"%s"')
    pick = _picker([at for _, at in layout.fields])

    def encode(cells: Sequence[str]) -> str:
        values = tuple(map(str.strip, pick(cells)))
        together = "|".join(values)
        if together.isprintable() and '"' not in together and "\\" not in together:
            return quoting % values
        return template % tuple(map(encode_basestring, values))

    return encode


def _picker(columns: list[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    if len(columns) == 1:
        return lambda cells: (cells[columns[0]],)
    return itemgetter(*columns)
