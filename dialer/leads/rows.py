"""One row of a file becomes one lead, or a reason why not."""

import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring

from dialer.leads.columns import Layout
from dialer.leads.numbers import Number, Refusal, parse
from dialer.store.staging import StagedNumber, StagedRow

MAX_SOURCE_ID = 200


class RowReader:
    """Reads the rows of one layout. Numbers without a country code are those of ``region``.

    ``bad_numbers`` counts the numbers that were no numbers, also in rows that have another.
    """

    def __init__(self, layout: Layout, region: str) -> None:
        self._layout = layout
        self._region = region
        self._width = len(layout.header)
        self._encode = _encoder(layout)
        self.bad_numbers = 0

    def read(self, line: int, cells: Sequence[str]) -> StagedRow | str:
        """The row as it can become a lead, or the reason for which it is refused."""
        if len(cells) != self._width and (len(cells) < self._width or any(cells[self._width :])):
            return f"The row has {len(cells)} columns where the header has {self._width}."
        numbers = self._numbers(cells)
        if isinstance(numbers, str):
            return numbers
        source_id = self._source_id(cells) or numbers[0].e164
        if len(source_id) > MAX_SOURCE_ID:
            return f"The source id is longer than {MAX_SOURCE_ID} characters."
        return StagedRow(line, source_id, self._encode(cells), numbers)

    def _source_id(self, cells: Sequence[str]) -> str:
        return "" if self._layout.source_id is None else cells[self._layout.source_id].strip()

    def _numbers(self, cells: Sequence[str]) -> tuple[StagedNumber, ...] | str:
        numbers: dict[str, StagedNumber] = {}
        reason = "There is no phone number."
        for at in self._layout.phones:
            raw = cells[at].strip()
            if not raw:
                continue
            found = self._parse(raw, cells)
            if isinstance(found, Number):
                numbers.setdefault(found.e164, StagedNumber(*found, raw))
            else:
                self.bad_numbers += 1
                reason = found.reason
        return tuple(numbers.values()) or reason

    def _parse(self, raw: str, cells: Sequence[str]) -> Number | Refusal:
        if self._layout.phone_code is not None and raw[0] != "+" and not raw.startswith("00"):
            code = cells[self._layout.phone_code].strip().lstrip("+0")
            if code:
                return parse(f"+{code}{raw}", self._region)
        return parse(raw, self._region)


def _encoder(layout: Layout) -> Callable[[Sequence[str]], str]:
    # The same JSON as json.dumps gives, at a fifth of its time: the keys are the same in every row.
    if not layout.fields:
        return lambda _: "{}"
    keys = [json.dumps(name, ensure_ascii=False).replace("%", "%%") for name, _ in layout.fields]
    template = "{" + ",".join(f"{key}:%s" for key in keys) + "}"
    quoting = template.replace(":%s", ':"%s"')
    columns = [at for _, at in layout.fields]

    def encode(cells: Sequence[str]) -> str:
        values = tuple([cells[at].strip() for at in columns])
        together = "|".join(values)
        if together.isprintable() and '"' not in together and "\\" not in together:
            return quoting % values
        return template % tuple(map(encode_basestring, values))

    return encode
