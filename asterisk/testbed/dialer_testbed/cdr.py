"""The carrier's own record of every call that reached it: the independent witness."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

IN_PROGRESS = "IN PROGRESS"


@dataclass(frozen=True, slots=True)
class CdrRow:
    """One call. Times are seconds since 1970; ``answered_at`` and ``ended_at`` may be None."""

    number: str  # national form, or the phone's name
    attempt: str  # X-Dialer-Attempt, when the caller sent it
    caller: str
    dst: str
    uniqueid: str
    channel: str
    started_at: float
    answered_at: float | None
    ended_at: float | None
    disposition: str  # ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION, or IN PROGRESS


def read_cdr(path: Path) -> list[CdrRow]:
    """All finished calls, oldest end first; a line that is being written is left out."""
    if not path.exists():
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    return [_row(fields) for fields in csv.reader(whole.splitlines())]


def _row(fields: list[str]) -> CdrRow:
    number, attempt, caller, dst, uniqueid, channel, started, answered, ended, disposition = fields
    return CdrRow(
        number,
        attempt,
        caller,
        dst,
        uniqueid,
        channel,
        started_at=float(started),
        answered_at=_time(answered),
        ended_at=_time(ended),
        disposition=disposition,
    )


def _time(text: str) -> float | None:
    return float(text) or None if text else None
