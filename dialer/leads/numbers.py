"""Telephone numbers as people write them become E.164, or a refusal with its reason.

French numbers follow our own reading of the plan (Arcep): it knows the overseas departments, which share the national
form with the mainland but not its country code, and accepts the ranges reserved for fiction (01 99 00, 06 39 98, ...).
All other countries are read by phonenumbers. The usual French forms take a fast path that never reaches it.
"""

import re
import unicodedata
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, ValidationResult

from dialer.rules import locate


class Number(NamedTuple):
    """A number that can be dialed. ``territory`` is an ISO 3166 code (``RE`` for Réunion, not ``FR``)."""

    e164: str
    kind: str
    territory: str

    @property
    def zones(self) -> tuple[str, ...]:
        """Every time zone where the owner may be, by the number alone."""
        return locate(self.e164, None).zones


class Refusal(NamedTuple):
    """Why a text is no number to dial: a stable ``reason`` and a sentence for people."""

    reason: str
    detail: str


_NOISE: Final = str.maketrans("", "", " .-/()\t\u00a0\u202f\u2009\u2011")
_OVERSEAS: Final[dict[str, tuple[str, str, str]]] = {
    "262": ("+262", "landline", "RE"),
    "269": ("+262", "landline", "YT"),
    "590": ("+590", "landline", "GP"),
    "594": ("+594", "landline", "GF"),
    "596": ("+596", "landline", "MQ"),
    "639": ("+262", "mobile", "YT"),
    "690": ("+590", "mobile", "GP"),
    "691": ("+590", "mobile", "GP"),
    "692": ("+262", "mobile", "RE"),
    "693": ("+262", "mobile", "RE"),
    "694": ("+594", "mobile", "GF"),
    "696": ("+596", "mobile", "MQ"),
    "697": ("+596", "mobile", "MQ"),
}
_VERIFIED_OVERSEAS: Final[dict[str, tuple[str, str, str]]] = {
    "5987": ("+590", "landline", "GP"),
    "5988": ("+594", "landline", "GF"),
    "5989": ("+596", "landline", "MQ"),
    "2688": ("+262", "landline", "RE"),
    "2689": ("+262", "landline", "YT"),
    "9475": ("+590", "voip", "GP"),
    "9476": ("+594", "voip", "GF"),
    "9477": ("+596", "voip", "MQ"),
    "9478": ("+262", "voip", "YT"),
    "9479": ("+262", "voip", "RE"),
}
_FICTION: Final = ("63998",)  # 06 39 98: mainland fiction inside Mayotte's 0639
_UNSURE: Final = frozenset({"268", "508", "598", "639", "700", "947", "976"})


def _mainland_kind(prefix: str) -> str:
    return {"6": "mobile", "7": "mobile", "9": "voip"}.get(prefix[0], "landline")


_FAST: Final[dict[str, tuple[str, str, str]]] = {
    prefix: _OVERSEAS.get(prefix, ("+33", _mainland_kind(prefix), "FR"))
    for prefix in map(str, range(100, 1000))
    if prefix[0] != "8" and prefix not in _UNSURE
}


def parse(raw: str, region: str | None = "FR") -> Number | Refusal:
    """Return the number that ``raw`` writes; ``region`` (ISO 3166) is where a national form is from.

    The caller keeps ``raw``. Premium-rate numbers are refused: nobody's lead has one.
    """
    plain = raw.replace(" ", "")
    if region == "FR" and len(plain) == 10 and plain[0] == "0":
        significant: str | None = plain[1:]
    else:
        significant = _french_digits(raw.translate(_NOISE), region)
    if significant is None or not (significant.isdecimal() and significant.isascii() and len(significant) == 9):
        return _parse_other(raw, region)
    plan = _FAST.get(significant[:3])
    if plan is None:
        return _french(significant)
    code, kind, territory = plan
    return Number(code + significant, kind, territory)


def _french_digits(digits: str, region: str | None) -> str | None:
    """Return what follows the trunk prefix or country code of a French form."""
    if digits[:3] == "+33":
        return digits[4:] if digits[3:4] == "0" else digits[3:]
    if digits[:4] == "0033":
        return digits[5:] if digits[4:5] == "0" else digits[4:]
    if region != "FR":
        return None
    if digits[:1] == "0":
        return digits[1:]
    return digits if len(digits) == 9 else None  # a spreadsheet ate the zero


def _french(significant: str) -> Number | Refusal:
    """Read nine digits of the national plan that the fast path does not settle."""
    prefix = significant[:3]
    if significant.startswith(_FICTION):
        return Number(f"+33{significant}", "mobile", "FR")
    plan = _VERIFIED_OVERSEAS.get(significant[:4]) or _OVERSEAS.get(prefix)
    if plan is not None:
        return Number(plan[0] + significant, plan[1], plan[2])
    if prefix == "508":
        return Number(f"+508{significant[3:]}", "landline", "PM")
    if prefix == "976":
        return _overseas_voip(significant)
    if significant[0] == "8":
        return _special(significant)
    if prefix == "700":
        return Refusal("machine_number", "0700 numbers belong to machines.")
    if significant[0] == "0":
        return Refusal("invalid", "No French number starts with 00 after its trunk prefix.")
    return Number(f"+33{significant}", _mainland_kind(prefix), "FR")


def _overseas_voip(significant: str) -> Number:
    for region in ("RE", "YT", "GP", "GF", "MQ"):
        parsed = phonenumbers.parse(f"0{significant}", region)
        if phonenumbers.is_valid_number_for_region(parsed, region):
            return Number(_e164(parsed), "voip", region)
    return Number(f"+33{significant}", "voip", "FR")


def _special(significant: str) -> Number | Refusal:
    if significant.startswith(("800", "801", "802", "803", "804", "805")):
        return Number(f"+33{significant}", "toll_free", "FR")
    if significant.startswith(("806", "807", "808", "809")):
        return Number(f"+33{significant}", "shared_cost", "FR")
    return Refusal("premium", "This is a special-rate number.")


def _parse_other(raw: str, region: str | None) -> Number | Refusal:
    text = unicodedata.normalize("NFKC", raw).strip().strip("'\"").strip()
    if not text:
        return Refusal("empty", "There is no number.")
    unreadable = _unreadable(text)
    if unreadable is not None:
        return unreadable
    text = re.sub(r"^(\d+)\.0$", r"\1", text)  # a spreadsheet made it a decimal
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        return Refusal(*_PARSE_ERRORS.get(error.error_type, ("invalid", "This is no number.")))
    if parsed.extension:
        return Refusal("extension", "A dialer cannot dial an extension.")
    return _of_country(parsed)


def _unreadable(text: str) -> Refusal | None:
    if re.fullmatch(r"\d+(?:[.,]\d+)?[eE]\+?\d+", text):
        return Refusal("scientific", "A spreadsheet rounded this number: its digits are lost.")
    if re.search(r"[^\W\d_]{2,}", text) and not re.search(r"\b(ext|poste|x)\b", text, re.IGNORECASE):
        return Refusal("letters", "A number has no letters.")
    return None


def _of_country(parsed: PhoneNumber) -> Number | Refusal:
    code, significant = parsed.country_code, phonenumbers.national_significant_number(parsed)
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible != ValidationResult.IS_POSSIBLE:
        return Refusal(*_LENGTHS.get(possible, ("invalid", "This length is not possible.")))
    if code == 33:
        return _french(significant)
    if f"+{code}" in {"+262", "+590", "+594", "+596"}:
        return _overseas(f"+{code}", significant)
    return _foreign(parsed)


def _overseas(code: str, significant: str) -> Number | Refusal:
    plan = _VERIFIED_OVERSEAS.get(significant[:4]) or _OVERSEAS.get(significant[:3])
    if plan is not None and plan[0] == code:
        return Number(code + significant, plan[1], plan[2])
    parsed = phonenumbers.parse(code + significant)
    return _foreign(parsed)


def _foreign(parsed: PhoneNumber) -> Number | Refusal:
    e164 = _e164(parsed)
    region = phonenumbers.region_code_for_number(parsed)
    if not phonenumbers.is_valid_number(parsed):
        if not any(re.fullmatch(fiction, e164) for fiction in _FICTION_ABROAD):
            return Refusal("invalid", "No operator of that country has this range.")
        region = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    kind = _KINDS.get(phonenumbers.number_type(parsed), "other")
    if kind == "premium":
        return Refusal("premium", "This is a special-rate number.")
    return Number(e164, kind, region or "001")


_FICTION_ABROAD: Final = (
    r"\+1[2-9]\d\d55501\d\d",  # 555-0100 to 555-0199
    r"\+447700900\d{3}",  # Ofcom's numbers for drama
    r"\+44(1632960|2079460|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960)\d{3}",
    r"\+44(1414960|1514960|1614960|1914980|2890180|2920180|3069990|8081570)\d{3}",
)
_KINDS: Final[dict[int, str]] = {
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "landline_or_mobile",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.PREMIUM_RATE: "premium",
}
_PARSE_ERRORS: Final[dict[int, tuple[str, str]]] = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: ("no_country", "No country has this code."),
    phonenumbers.NumberParseException.NOT_A_NUMBER: ("invalid", "This is no number."),
    phonenumbers.NumberParseException.TOO_SHORT_NSN: ("too_short", "Digits are missing."),
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: ("too_short", "Digits are missing."),
    phonenumbers.NumberParseException.TOO_LONG: ("too_long", "There are too many digits."),
}
_LENGTHS: Final[dict[int, tuple[str, str]]] = {
    ValidationResult.TOO_SHORT: ("too_short", "Digits are missing."),
    ValidationResult.TOO_LONG: ("too_long", "There are too many digits."),
    ValidationResult.INVALID_LENGTH: ("invalid", "This length is not possible."),
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: ("too_short", "The area code is missing."),
}


def _e164(parsed: PhoneNumber) -> str:
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
