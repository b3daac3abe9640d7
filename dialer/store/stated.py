"""What a lead's own row states of a person: basis, consent, requests."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from dialer.rules import UNKNOWN, Consent, Unknown, locate
from dialer.rules.caseform import read_case
from dialer.rules.errors import CaseError, UnknownNameError
from dialer.rules.zones import zone

SAID: Final = frozenset(
    {
        *("person_id", "audience", "basis"),
        *("consent_at", "consent_expires_at", "consent_principal", "consent_object", "consent_proof"),
        *("consent_withdrawn_at", "consent_slots", "consent_channel"),
    }
)
"""The fields that say what the law asks of a person."""


class Stated:
    """A lead's fields as facts. What cannot be read is unknown, and unknown blocks where a rule needs it."""

    def __init__(self, fields: Mapping[str, str], number: str) -> None:
        self._fields = fields
        self.number = number
        self._consent: Consent | Unknown | None = UNKNOWN

    def text(self, name: str) -> str | None:
        """A field's text, None when it is empty."""
        return self._fields.get(name) or None

    def word(self, name: str, known: Sequence[str], otherwise: str) -> str | Unknown:
        """A field's word if it is a known one; ``otherwise`` when it is empty."""
        value = self._fields.get(name, "").lower() or otherwise
        return value if value in known else UNKNOWN

    def time(self, name: str) -> datetime | Unknown:
        """A time; one without an offset is by the person's own clock, a date alone is its first moment."""
        text = self._fields.get(name, "")
        try:
            found = datetime.fromisoformat(text) if text[4:5] == "-" else datetime.strptime(text[:10], "%d/%m/%Y")  # noqa: DTZ007
        except ValueError:
            return UNKNOWN
        if found.tzinfo is None:
            zones = locate(self.number, self._fields.get("postcode")).zones
            if not zones:
                return UNKNOWN
            found = found.replace(tzinfo=zone(zones[0]))
        return found.astimezone(UTC)

    def consent(self) -> Consent | None:
        """The row's own consent, None when no column says one."""
        if self._consent is UNKNOWN:
            self._consent = self._read_consent()
        return self._consent if isinstance(self._consent, Consent) else None

    def _read_consent(self) -> Consent | None:
        given = self._fields.get
        if not any(given(name) for name in ("consent_at", "consent_proof", "consent_withdrawn_at")):
            return None
        return Consent(
            collected_at=self.time("consent_at"),
            expires_at=self.time("consent_expires_at") if given("consent_expires_at") else None,
            principal=given("consent_principal") or UNKNOWN,
            object=given("consent_object") or UNKNOWN,
            proof=given("consent_proof") or None,
            withdrawn_at=self.time("consent_withdrawn_at") if given("consent_withdrawn_at") else None,
            slots=self._slots(),
        )

    def entry(self) -> tuple[str | None, str] | None:
        """The row's own consent for the register: its principal, if it names one, and the consent as JSON."""
        consent = self.consent()
        if consent is None:
            return None
        stated: dict[str, Any] = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in consent._asdict().items()
            if value is not UNKNOWN
        }
        stated["slots"] = [{"at": slot.at.isoformat(), "evidence": slot.evidence} for slot in consent.slots]
        if channel := self.text("consent_channel"):
            stated["channel"] = channel
        text = json.dumps(stated, ensure_ascii=False, sort_keys=True)
        return self.text("consent_principal"), text

    def _slots(self) -> tuple[Any, ...]:
        text = self._fields.get("consent_slots", "")
        if not text:
            return ()
        try:
            case = read_case({"at": "2000-01-01T00:00:00+00:00", "consent": {"slots": json.loads(text)}})
        except (ValueError, CaseError, UnknownNameError):
            return ()  # a slot only ever allows more
        return case.consent.slots if isinstance(case.consent, Consent) else ()
