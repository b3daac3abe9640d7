"""One row becomes one lead, or a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.columns import layout
from dialer.leads.rows import RowReader
from dialer.store.staging import StagedRow

HEADER = ["ref", "tel", "mobile", "nom", "100 % sûr"]


def reader(header: list[str] = HEADER, **said: str) -> RowReader:
    return RowReader(layout(header, said), "FR")


def test_a_row_becomes_a_lead() -> None:
    row = reader().read(7, ["A1", "01 42 00 00 00", "06.12.34.56.78", " Zoé ", 'a "quoted", one'])

    assert isinstance(row, StagedRow)
    assert (row.line, row.source_id) == (7, "A1")
    assert json.loads(row.fields) == {"last_name": "Zoé", "100 % sûr": 'a "quoted", one'}
    assert [(n.e164, n.raw) for n in row.numbers] == [
        ("+33142000000", "01 42 00 00 00"),
        ("+33612345678", "06.12.34.56.78"),
    ]


def test_a_lead_without_an_id_is_known_by_its_number() -> None:
    row = reader().read(2, ["", "0142000000", "", "", ""])

    assert isinstance(row, StagedRow)
    assert row.source_id == "+33142000000"


def test_the_same_number_twice_is_one() -> None:
    row = reader().read(2, ["", "0142000000", "+33 1 42 00 00 00", "", ""])

    assert isinstance(row, StagedRow)
    assert len(row.numbers) == 1


def test_a_bad_number_beside_a_good_one_is_left_out_and_counted() -> None:
    reading = reader()

    row = reading.read(2, ["", "12", "0612345678", "", ""])

    assert isinstance(row, StagedRow)
    assert [n.e164 for n in row.numbers] == ["+33612345678"]
    assert reading.bad_numbers == 1


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["A", "", " ", "x", "y"], "There is no phone number."),
        (["A", "0142000000"], "The row has 2 columns where the header has 5."),
        (["A", "0142000000", "", "", "", "more"], "The row has 6 columns where the header has 5."),
        (["A" * 201, "0142000000", "", "", ""], "The source id is longer than 200 characters."),
    ],
)
def test_a_row_that_is_no_lead_says_why(cells: list[str], reason: str) -> None:
    assert reader().read(2, cells) == reason


def test_separators_too_many_at_the_end_do_no_harm() -> None:
    assert isinstance(reader().read(2, ["A", "0142000000", "", "", "", "", ""]), StagedRow)


@pytest.mark.parametrize(
    ("code", "raw", "e164"),
    [
        ("1", "2125550123", "+12125550123"),
        ("33", "612345678", "+33612345678"),
        ("0033", "0612345678", "+33612345678"),
        ("", "0612345678", "+33612345678"),
        ("1", "+33612345678", "+33612345678"),
    ],
)
def test_the_country_code_of_vicidial_is_used(code: str, raw: str, e164: str) -> None:
    row = reader(["phone_code", "phone_number"]).read(2, [code, raw])

    assert isinstance(row, StagedRow)
    assert row.numbers[0].e164 == e164


@given(st.lists(st.text(), min_size=5, max_size=5))
def test_any_field_is_kept_as_data_or_the_row_is_refused(cells: list[str]) -> None:
    row = reader().read(2, cells)

    if isinstance(row, StagedRow):
        assert json.loads(row.fields) == {"last_name": cells[3].strip(), "100 % sûr": cells[4].strip()}
        for number in row.numbers:
            assert number.e164[0] == "+"
            assert number.e164[1:].isascii()
            assert number.e164[1:].isdigit()


@pytest.mark.parametrize("evil", ["\r\nAction: Originate", "&PJSIP/2", ",1,evil", "/n", '"', "'", "${SHELL(id)}", "\0"])
def test_no_number_carries_anything_but_digits(evil: str) -> None:
    row = reader().read(2, ["", f"0142000000{evil}", f"{evil}0612345678", "", ""])

    numbers = row.numbers if isinstance(row, StagedRow) else ()
    assert all(number.e164[1:].isdigit() for number in numbers)
