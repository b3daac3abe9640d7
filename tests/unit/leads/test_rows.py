"""One row becomes one lead, or a reason."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.columns import layout
from dialer.leads.rows import RowReader

HEADER = ["ref", "tel", "mobile", "nom", "100 % sûr"]


def reader(header: list[str] = HEADER, **said: str) -> RowReader:
    return RowReader(layout(header, said), "FR")


@dataclass
class Lead:
    """A row as it was collected."""

    line: int
    source_id: str
    fields: dict[str, str]
    numbers: list[tuple[str, str]]


def read(cells: list[str], reading: RowReader | None = None) -> Lead | str:
    """The lead of a row with its numbers as (E.164, as written), or the reason why there is none."""
    reading = reading or reader()
    reason = reading.read(7, cells)
    if reason is not None:
        assert not reading.rows
        assert not reading.more_numbers
        return reason
    ((line, source_id, fields, *first),) = reading.rows
    assert [more[:2] for more in reading.more_numbers] == [(7, 1 + n) for n in range(len(reading.more_numbers))]
    more_numbers = [(more[2], more[5]) for more in reading.more_numbers]
    return Lead(line, source_id, json.loads(fields), [(first[0], first[3]), *more_numbers])


def lead(cells: list[str], reading: RowReader | None = None) -> Lead:
    found = read(cells, reading)
    assert isinstance(found, Lead)
    return found


def test_a_row_becomes_a_lead() -> None:
    assert lead(["A1", "01 42 00 00 00", "06.12.34.56.78", " Zoé ", 'a "quoted", one']) == Lead(
        7,
        "A1",
        {"last_name": "Zoé", "100 % sûr": 'a "quoted", one'},
        [("+33142000000", "01 42 00 00 00"), ("+33612345678", "06.12.34.56.78")],
    )


def test_a_lead_without_an_id_is_known_by_its_number() -> None:
    assert lead(["", "0142000000", "", "", ""]).source_id == "+33142000000"


def test_the_same_number_twice_is_one() -> None:
    assert len(lead(["", "0142000000", "+33 1 42 00 00 00", "", ""]).numbers) == 1


def test_a_bad_number_beside_a_good_one_is_left_out_and_counted() -> None:
    reading = reader()

    assert lead(["", "12", "0612345678", "", ""], reading).numbers == [("+33612345678", "0612345678")]
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
    assert read(cells) == reason


def test_separators_too_many_at_the_end_do_no_harm() -> None:
    assert lead(["A", "0142000000", "", "", "", "", ""]).source_id == "A"


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
    assert lead([code, raw], reader(["phone_code", "phone_number"])).numbers[0][0] == e164


@given(st.text(), st.text(), st.text(), st.text())
def test_any_field_is_kept_as_data(source_id: str, number: str, name: str, note: str) -> None:
    found = read([source_id, number, "0142000000", name, note])

    if isinstance(found, Lead):
        assert found.fields == {"last_name": name.strip(), "100 % sûr": note.strip()}
        assert all(e164[0] == "+" and e164[1:].isascii() and e164[1:].isdigit() for e164, _ in found.numbers)
    else:
        assert len(source_id) > 200


@pytest.mark.parametrize("evil", ["\r\nAction: Originate", "&PJSIP/2", ",1,evil", "/n", '"', "'", "${SHELL(id)}", "\0"])
def test_no_number_carries_anything_but_digits(evil: str) -> None:
    found = read(["", f"0142000000{evil}", f"{evil}0612345678", "", ""])

    assert isinstance(found, str) or all(e164[1:].isdigit() for e164, _ in found.numbers)
