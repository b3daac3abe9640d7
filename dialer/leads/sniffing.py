"""How a file of leads is written: its encoding and its separator."""

import codecs
import csv
from collections.abc import Sequence
from pathlib import Path

from dialer.leads.errors import FileRefused

SEPARATORS = (";", ",", "\t", "|")
_BLOCK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_LINE = 65_536


def encoding_of(path: Path) -> str:
    """utf-8(-sig), utf-16 or utf-32 by its mark, else windows-1252, else latin-1. Reads the whole file once.

    FileRefused when the file holds NUL bytes and is no UTF-16, for then it is not text.
    """
    with path.open("rb") as file:
        start = file.read(4)
    marked = next((name for bom, name in _BOMS if start.startswith(bom)), None)
    possible = [marked] if marked else ["utf-8", "cp1252", "latin-1"]
    for encoding in possible:
        if _decodes(path, encoding):
            return encoding
    raise FileRefused(f"The file begins as {marked} and does not go on so.", hint="Save it as CSV UTF-8.")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError:
                return False
            if "\0" in text:
                line = lines + text[: text.index("\0")].count("\n")
                raise FileRefused("There is a NUL byte: this is not a text file.", hint="Export it as CSV.", line=line)
            lines += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def separator_of(path: Path, encoding: str) -> str:
    """The separator that cuts the header into most columns; a semicolon where none cuts it."""
    with path.open(encoding=encoding, newline="") as file:
        header = file.readline(_SAMPLE_LINE)
    return max(SEPARATORS, key=lambda separator: len(_cells(header, separator)))


def _cells(line: str, separator: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []
