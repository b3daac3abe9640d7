"""Encodings and separators."""

from pathlib import Path

import pytest

from dialer.leads.errors import FileRefused
from dialer.leads.sniffing import encoding_of, separator_of

TEXT = "téléphone;prénom\n0612345678;Zoé\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("cp1252"), "cp1252"),
        ("nom\n\x93l'\x80\x94".encode("latin-1"), "cp1252"),
        (TEXT.encode("latin-1") + b"\x81", "latin-1"),
        (b"", "utf-8"),
        (b"x" * (1 << 20) + "é".encode(), "utf-8"),
        (b"x" * ((1 << 20) - 1) + "é".encode(), "utf-8"),
    ],
)
def test_an_encoding_is_recognised(tmp_path: Path, content: bytes, encoding: str) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)

    assert encoding_of(path) == encoding


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"\x7fELF\x00\x01", 1), (b"tel\n06\n\x00\n", 3), (b"PK\x03\x04\n\n\n\x00", 4)],
)
def test_binary_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)

    with pytest.raises(FileRefused, match=f"Line {line}: There is a NUL byte"):
        encoding_of(path)


def test_a_mark_that_lies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"\xef\xbb\xbfabc\xff\xff")

    with pytest.raises(FileRefused, match="begins as utf-8-sig"):
        encoding_of(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_separator_is_recognised(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f'tel{separator}"nom, prénom; titre"{separator}ville\n', encoding="utf-8")

    assert separator_of(path, "utf-8") == separator
