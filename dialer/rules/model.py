"""The words of a question: what is known about a person and a call (`Case`).

Named tuples, not dataclasses: a frozen dataclass of this width takes a tenth of a whole verdict's time to make.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Final, Literal, NamedTuple


class Unknown(Enum):
    """The one value of a key that nobody stated; it is not ``None``, which states that there is none."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

Mode = Literal["predictive", "progressive", "power", "preview", "manual"]

AUTOMATED_MODES: Final = frozenset({"predictive", "progressive", "power"})
"""Modes that are an automated call system for Arcep (2022-1583, 7.1.3): no human command for each call."""
RESERVED_MODES: Final = frozenset({"preview", "manual"})
"""Modes in which an agent waits for this very call."""


class Slot(NamedTuple):
    """A precise date and time at which the person agreed to be called, and where the proof is."""

    at: datetime
    evidence: str | None


class Consent(NamedTuple):
    """One row of the consent register. Times carry an offset."""

    collected_at: datetime | Unknown | None = UNKNOWN
    expires_at: datetime | Unknown | None = UNKNOWN
    principal: str | Unknown | None = UNKNOWN
    object: str | Unknown | None = UNKNOWN
    proof: str | Unknown | None = UNKNOWN
    withdrawn_at: datetime | Unknown | None = UNKNOWN
    slots: tuple[Slot, ...] = ()
    written: bool | Unknown = UNKNOWN
    automated_dialing: bool | Unknown = UNKNOWN


class Case(NamedTuple):
    """One question: may this number be called at this instant? Every field but ``at`` may be unknown.

    ``at`` and every other time carry an offset. ``number`` and ``caller_id`` are E.164. ``attempts`` are all earlier
    attempts by this principal to this person. The last block is asked by single presets only and is not in the
    documented interface: there, an absent key means that whoever asks answers for it.
    """

    at: datetime
    number: str | Unknown | None = UNKNOWN
    postcode: str | Unknown | None = UNKNOWN
    principal: str | Unknown | None = UNKNOWN
    audience: str | Unknown | None = UNKNOWN
    sector: str | Unknown | None = UNKNOWN
    mode: str | Unknown | None = UNKNOWN
    caller_id: str | Unknown | None = UNKNOWN
    ring_timeout_s: float | Unknown | None = UNKNOWN
    basis: str | Unknown | None = UNKNOWN
    consent: Consent | Unknown | None = UNKNOWN
    requested_at: datetime | Unknown | None = UNKNOWN
    attempts: tuple[datetime, ...] | Unknown | None = UNKNOWN
    last_abandoned_at: datetime | Unknown | None = UNKNOWN
    agent_reserved: bool | Unknown | None = UNKNOWN
    suppressed: bool | Unknown | None = UNKNOWN
    screened_at: Mapping[str, date] | Unknown | None = UNKNOWN
    listed_in: frozenset[str] | Unknown | None = UNKNOWN
    caller_ids: frozenset[str] | Unknown | None = UNKNOWN
    in_flight: bool | Unknown | None = UNKNOWN
    last_machine_at: datetime | Unknown | None = UNKNOWN
    clock_offset_s: float | Unknown | None = UNKNOWN
    request_object: str | Unknown | None = UNKNOWN
    prerecorded: bool | Unknown | None = UNKNOWN
