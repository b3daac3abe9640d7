"""Every way a number is written becomes E.164, or a refusal with its reason."""

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dialer.leads.numbers import Number, Refusal, parse


@pytest.mark.parametrize(
    ("raw", "e164", "kind", "territory"),
    [
        ("0142000000", "+33142000000", "landline", "FR"),
        ("01 42 00 00 00", "+33142000000", "landline", "FR"),
        ("01.42.00.00.00", "+33142000000", "landline", "FR"),
        ("01-42-00-00-00", "+33142000000", "landline", "FR"),
        ("01/42/00/00/00", "+33142000000", "landline", "FR"),
        ("\u00a001\u202f42 00 00 00\t", "+33142000000", "landline", "FR"),
        ("+33142000000", "+33142000000", "landline", "FR"),
        ("+33 1 42 00 00 00", "+33142000000", "landline", "FR"),
        ("+33 (0)1 42 00 00 00", "+33142000000", "landline", "FR"),
        ("+33 01 42 00 00 00", "+33142000000", "landline", "FR"),
        ("0033142000000", "+33142000000", "landline", "FR"),
        ("0033 (0)1 42 00 00 00", "+33142000000", "landline", "FR"),
        ("33142000000", "+33142000000", "landline", "FR"),
        ("142000000", "+33142000000", "landline", "FR"),
        ("142000000.0", "+33142000000", "landline", "FR"),
        ("'0142000000", "+33142000000", "landline", "FR"),
        ("\uff10\uff11\uff14\uff12\uff10\uff10\uff10\uff10\uff10\uff10", "+33142000000", "landline", "FR"),
        ("06 12 34 56 78", "+33612345678", "mobile", "FR"),
        ("07 81 23 45 67", "+33781234567", "mobile", "FR"),
        ("09 72 00 00 00", "+33972000000", "voip", "FR"),
        ("0162 00 00 00", "+33162000000", "landline", "FR"),
        ("0568000000", "+33568000000", "landline", "FR"),
        ("0262 12 34 56", "+262262123456", "landline", "RE"),
        ("+33262123456", "+262262123456", "landline", "RE"),
        ("+262 262 12 34 56", "+262262123456", "landline", "RE"),
        ("00262692123456", "+262692123456", "mobile", "RE"),
        ("0692123456", "+262692123456", "mobile", "RE"),
        ("0693123456", "+262693123456", "mobile", "RE"),
        ("0269612345", "+262269612345", "landline", "YT"),
        ("0639123456", "+262639123456", "mobile", "YT"),
        ("0590 12 34 56", "+590590123456", "landline", "GP"),
        ("0690123456", "+590690123456", "mobile", "GP"),
        ("0691123456", "+590691123456", "mobile", "GP"),
        ("0594123456", "+594594123456", "landline", "GF"),
        ("0694123456", "+594694123456", "mobile", "GF"),
        ("0596123456", "+596596123456", "landline", "MQ"),
        ("0696123456", "+596696123456", "mobile", "MQ"),
        ("0697123456", "+596697123456", "mobile", "MQ"),
        ("0508 41 12 34", "+508411234", "landline", "PM"),
        ("+508 41 12 34", "+508411234", "landline", "PM"),
        ("09475 12345", "+590947512345", "voip", "GP"),
        ("09478 12345", "+262947812345", "voip", "YT"),
        ("05989 12345", "+596598912345", "landline", "MQ"),
        ("02689 12345", "+262268912345", "landline", "YT"),
        ("0800 12 34 56", "+33800123456", "toll_free", "FR"),
        ("01 99 00 12 34", "+33199001234", "landline", "FR"),
        ("06 39 98 12 34", "+33639981234", "mobile", "FR"),
        ("+33639981234", "+33639981234", "mobile", "FR"),
        ("+212 5 22 12 34 56", "+212522123456", "landline", "MA"),
        ("+44 20 7946 0000", "+442079460000", "landline", "GB"),
        ("+44 7700 900123", "+447700900123", "other", "GB"),
        ("0044 (0)20 7946 0000", "+442079460000", "landline", "GB"),
        ("+1 (305) 555-2345", "+13055552345", "landline_or_mobile", "US"),
        ("+1 212 555 0123", "+12125550123", "landline_or_mobile", "US"),
        ("+1 416 555 2345", "+14165552345", "landline_or_mobile", "CA"),
        ("+687 27 12 34", "+687271234", "landline", "NC"),
    ],
)
def test_what_people_write_in_france(raw: str, e164: str, kind: str, territory: str) -> None:
    """National forms are French; international ones are those of their country."""
    assert parse(raw) == Number(e164, kind, territory)


@pytest.mark.parametrize(
    ("raw", "region", "e164"),
    [
        ("0612345678", "MA", "+212612345678"),
        ("05 22 12 34 56", "MA", "+212522123456"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("(305) 555-2345", "US", "+13055552345"),
        ("305.555.2345", "US", "+13055552345"),
        ("044 668 18 00", "CH", "+41446681800"),
        ("+33 1 42 00 00 00", "MA", "+33142000000"),
        ("00 33 1 42 00 00 00", "MA", "+33142000000"),
        ("+33142000000", None, "+33142000000"),
    ],
)
def test_national_forms_are_those_of_the_region(raw: str, region: str | None, e164: str) -> None:
    """The region is where the file is from; an international form needs none."""
    found = parse(raw, region)
    assert isinstance(found, Number)
    assert found.e164 == e164


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("abc", "letters"),
        ("call me", "letters"),
        ("1.42E+08", "scientific"),
        ("+33 1 42", "too_short"),
        ("01 42 00 00", "too_short"),
        ("01 42 00 00 00 00 00", "too_long"),
        ("0142000000 / 0612345678", "too_long"),
        ("+999 123456789", "no_country"),
        ("0899 12 34 56", "premium"),
        ("0700 12 34 56", "machine_number"),
        ("0012345678", "invalid"),
        ("+12015550199 ext. 5", "extension"),
        ("+44 9098 790000", "premium"),
        ("-", "invalid"),
    ],
)
def test_a_refusal_has_its_reason(raw: str, reason: str) -> None:
    """The reason is stable; the detail is a sentence for the file of refused rows."""
    found = parse(raw)
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert found.detail.endswith(".")


def test_a_national_form_without_a_region_is_refused() -> None:
    """A number of nowhere cannot be called."""
    assert isinstance(parse("0142000000", None), Refusal)


@pytest.mark.parametrize(
    ("raw", "zones"),
    [
        ("0612345678", ("Europe/Paris",)),
        ("0692123456", ("Indian/Reunion",)),
        ("0639123456", ("Indian/Mayotte",)),
        ("0596123456", ("America/Martinique",)),
        ("0508411234", ("America/Miquelon",)),
        ("+212612345678", ("Africa/Casablanca",)),
        ("+447911123456", ("Europe/Guernsey",)),
        ("+12125551234", ("America/New_York",)),
    ],
)
def test_the_zones_of_a_number(raw: str, zones: tuple[str, ...]) -> None:
    """phonenumbers calls Morocco ``Atlantic/Canary``: the country's own zone counts."""
    found = parse(raw)
    assert isinstance(found, Number)
    assert found.zones == zones


FORMS = ["0{}", "+33{}", "0033{}", "+33 (0){}", "+330{}", "{}", "33{}"]
OVERSEAS = {"RE": 262, "YT": 262, "GP": 590, "GF": 594, "MQ": 596}


@given(st.integers(100_000_000, 999_999_999).map(str), st.sampled_from(FORMS), st.sampled_from(["", " ", ".", "-"]))
@settings(max_examples=600, deadline=None, derandomize=True)
def test_the_fast_path_agrees_with_phonenumbers_on_the_mainland(digits: str, form: str, separator: str) -> None:
    """Whatever phonenumbers takes for a valid mainland number is the same number here."""
    parsed = phonenumbers.parse(f"+33{digits}")
    assume(phonenumbers.is_valid_number(parsed))
    assume(digits[:3] not in {"262", "269"} and digits[0] != "8")
    spaced = separator.join([digits[:1], *[digits[i : i + 2] for i in range(1, 9, 2)]])
    found = parse(form.format(spaced))
    assert isinstance(found, Number), digits
    if found.territory == "FR":
        assert found.e164 == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        mobile = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
        assert (found.kind == "mobile") == mobile


@given(st.sampled_from(sorted(OVERSEAS)), st.integers(0, 999_999).map("{:06}".format), st.data())
@settings(max_examples=600, deadline=None, derandomize=True)
def test_overseas_numbers_agree_with_phonenumbers(region: str, rest: str, data: st.DataObject) -> None:
    """The national form of an overseas department is its own country code's, as phonenumbers reads it there."""
    prefixes = {"RE": ["262", "692", "693"], "YT": ["269", "639"], "GP": ["590", "690", "691"], "GF": ["594", "694"]}
    prefix = data.draw(st.sampled_from(prefixes.get(region, ["596", "696", "697"])))
    national = f"0{prefix}{rest}"
    parsed = phonenumbers.parse(national, region)
    assume(phonenumbers.is_valid_number_for_region(parsed, region))
    found = parse(national)
    assert isinstance(found, Number)
    assert found.e164 == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    assert found.territory == region


@given(st.text(max_size=30), st.sampled_from(["FR", "MA", "US", None]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_text_is_a_number_or_a_refusal(raw: str, region: str | None) -> None:
    """Nothing in a file stops an import, and what is accepted is E.164 in plain digits."""
    found = parse(raw, region)
    if isinstance(found, Number):
        assert found.e164[0] == "+"
        assert found.e164[1:].isascii()
        assert found.e164[1:].isdecimal()
        assert 8 <= len(found.e164) <= 16
