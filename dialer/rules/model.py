"""The words of a verdict: what is asked (`Case`) and what is answered (`Verdict`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, Literal


class Unknown(Enum):
    """The one value of a key that nobody stated; it is not ``None``, which states that there is none."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

Mode = Literal["predictive", "progressive", "power", "preview", "manual"]
Status = Literal["allow", "postpone", "block"]

AUTOMATED_MODES: Final = frozenset({"predictive", "progressive", "power"})
"""Modes that are an automated call system for Arcep (2022-1583, 7.1.3): no human command for each call."""
RESERVED_MODES: Final = frozenset({"preview", "manual"})
"""Modes in which an agent waits for this very call."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A precise date and time at which the person agreed to be called, and where the proof is."""

    at: datetime
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """One row of the consent register. Times carry an offset."""

    collected_at: datetime | None | Unknown = UNKNOWN
    expires_at: datetime | None | Unknown = UNKNOWN
    principal: str | None | Unknown = UNKNOWN
    object: str | None | Unknown = UNKNOWN
    proof: str | None | Unknown = UNKNOWN
    withdrawn_at: datetime | None | Unknown = UNKNOWN
    slots: tuple[Slot, ...] = ()
    written: bool | Unknown = UNKNOWN
    automated_dialing: bool | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True)
class Case:
    """One question: may this number be called at this instant? Every field but ``at`` may be unknown.

    ``at`` and every other time carry an offset. ``number`` and ``caller_id`` are E.164. ``attempts`` are all earlier
    attempts by this principal to this person. The last block is asked by single presets only and is not in the
    documented interface: there, an absent key means that whoever asks answers for it.
    """

    at: datetime
    number: str | None | Unknown = UNKNOWN
    postcode: str | None | Unknown = UNKNOWN
    principal: str | None | Unknown = UNKNOWN
    audience: str | None | Unknown = UNKNOWN
    sector: str | None | Unknown = UNKNOWN
    mode: str | None | Unknown = UNKNOWN
    caller_id: str | None | Unknown = UNKNOWN
    ring_timeout_s: float | None | Unknown = UNKNOWN
    basis: str | None | Unknown = UNKNOWN
    consent: Consent | None | Unknown = UNKNOWN
    requested_at: datetime | None | Unknown = UNKNOWN
    attempts: tuple[datetime, ...] | None | Unknown = UNKNOWN
    last_abandoned_at: datetime | None | Unknown = UNKNOWN
    agent_reserved: bool | None | Unknown = UNKNOWN
    suppressed: bool | None | Unknown = UNKNOWN
    screened_at: Mapping[str, date] | None | Unknown = UNKNOWN
    listed_in: frozenset[str] | None | Unknown = UNKNOWN
    caller_ids: frozenset[str] | None | Unknown = UNKNOWN
    in_flight: bool | None | Unknown = UNKNOWN
    last_machine_at: datetime | None | Unknown = UNKNOWN
    clock_offset_s: float | None | Unknown = UNKNOWN
    request_object: str | None | Unknown = UNKNOWN
    prerecorded: bool | None | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule said. ``until`` carries the person's own offset and is set for a postponement only."""

    rule: str
    verdict: Status
    until: datetime | None
    source: str
    inputs: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the reason as JSON would have it."""
        return {
            "rule": self.rule,
            "verdict": self.verdict,
            "until": self.until.isoformat() if self.until else None,
            "source": self.source,
            "inputs": self.inputs,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allow, postpone until ``until``, or block; ``rule`` decided; ``reasons`` has every rule asked, decider first.

    ``rule`` is ``None`` for a plain allow. ``preset`` and ``version`` are what an attempt's record keeps.
    """

    verdict: Status
    until: datetime | None
    rule: str | None
    reasons: tuple[Reason, ...]
    preset: str
    version: str

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON would have it (the interface of ``dialer rules explain``)."""
        return {
            "verdict": self.verdict,
            "until": self.until.isoformat() if self.until else None,
            "rule": self.rule,
            "reasons": [reason.as_dict() for reason in self.reasons],
            "preset": self.preset,
            "version": self.version,
        }
