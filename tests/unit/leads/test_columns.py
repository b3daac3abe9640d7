"""Which column means what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.columns import layout, simple
from dialer.leads.errors import FileRefused

VICIDIAL = (
    *("lead_id", "entry_date", "modify_date", "status", "user", "vendor_lead_code", "source_id", "list_id"),
    *("gmt_offset_now", "called_since_last_reset", "phone_code", "phone_number", "title", "first_name"),
    *("middle_initial", "last_name", "address1", "address2", "address3", "city", "state", "province", "postal_code"),
    *("country_code", "gender", "date_of_birth", "alt_phone", "email", "security_phrase", "comments", "called_count"),
    *("last_local_call_time", "rank", "owner"),
)


def test_a_french_header_is_understood() -> None:
    header = [
        "N° fiche",
        "Civilité",
        "Nom",
        "Prénom",
        "Téléphone fixe",
        "Tél. portable",
        "CP",
        "Ville",
        "E-mail",
    ]

    found = layout(header, {}).describe()

    assert found == {
        "phone": "Téléphone fixe",
        "phone2": "Tél. portable",
        "title": "Civilité",
        "last_name": "Nom",
        "first_name": "Prénom",
        "postcode": "CP",
        "city": "Ville",
        "email": "E-mail",
        "N° fiche": "N° fiche",
    }


def test_an_english_header_is_understood() -> None:
    found = layout(["Customer ID", "First Name", "Surname", "Mobile", "Home Phone", "Zip Code"], {}).describe()

    assert found == {
        "phone": "Mobile",
        "phone2": "Home Phone",
        "source_id": "Customer ID",
        "first_name": "First Name",
        "last_name": "Surname",
        "postcode": "Zip Code",
    }


def test_an_export_of_vicidial_is_understood() -> None:
    found = layout(VICIDIAL, {}).describe()

    assert (found["phone"], found["phone2"]) == ("phone_number", "alt_phone")
    assert found["source_id"] == "vendor_lead_code"
    assert found["phone_code"] == "phone_code"
    assert found["postcode"] == "postal_code"
    assert (found["source_id 2"], found["lead_id"], found["rank"]) == ("source_id", "lead_id", "rank")


@pytest.mark.parametrize(
    "name",
    [
        *("Téléphone", "TEL", "tel1", "Tél 2", "N° de téléphone", "numéro", "Numero de telephone", "Portable", "GSM"),
        *("phone", "Phone Number", "mobile_phone", "Cell Phone", "tel_domicile", "Téléphone principal", "alt_phone"),
        "MSISDN",
    ],
)
def test_a_column_of_numbers_is_recognised(name: str) -> None:
    assert layout([name, "x"], {}).phones == (0,)


@pytest.mark.parametrize("name", ["fax", "phone_code", "telephoniste", "mobilier", "téléphone du voisin"])
def test_another_column_is_not_taken_for_numbers(name: str) -> None:
    with pytest.raises(FileRefused, match="No column looks like a phone number"):
        layout([name, "x"], {})


def test_a_bare_number_column_is_a_telephone_only_where_there_is_no_other() -> None:
    assert layout(["Numéro", "Rue", "Mobile"], {}).phones == (2,)


def test_what_is_said_goes_before_what_is_guessed() -> None:
    found = layout(["Tel", "Contact", "Ref", "Code"], {"phone": "Contact", "source_id": "Code"})

    assert (found.phones, found.source_id) == ((1,), 3)
    assert [name for name, _ in found.fields] == ["Tel", "Ref"]


def test_a_role_said_to_be_empty_is_in_no_column() -> None:
    found = layout(["phone", "phone_code", "id"], {"phone_code": "", "source_id": ""})

    assert found.phone_code is None
    assert found.source_id is None


def test_a_column_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(FileRefused, match=r"no column Telefone for phone\. Did you mean Telephone\?"):
        layout(["Telephone", "Nom"], {"phone": "Telefone"})


def test_empty_and_repeated_names_become_distinct() -> None:
    found = layout(["tel", "", "note x", "note x", ""], {})

    assert found.header == ("tel", "column 2", "note x", "note x 2", "column 5")


@given(st.lists(st.text(max_size=12), min_size=1, max_size=12))
def test_any_header_gives_distinct_fields_or_a_refusal(header: list[str]) -> None:
    try:
        found = layout(header, {})
    except FileRefused:
        return

    names = [name for name, _ in found.fields]
    used = {*found.phones, *(at for _, at in found.fields), found.source_id, found.phone_code} - {None}
    assert len(set(names)) == len(names)
    assert used == set(range(len(header)))


def test_case_accents_and_punctuation_do_not_matter() -> None:
    assert simple(" N° de TÉLÉPHONE ") == "n_de_telephone"
