"""Outcomes as CSV for spreadsheets and as JSON Lines for programs, a page in memory at a time.

A CSV cell that a spreadsheet would take for a formula gets an apostrophe before it, which also keeps telephone numbers
text. JSON Lines has every value as it is.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from dialer.store import OutcomeRow, Period, Reader

# Name, and what it holds; the order of the columns in a CSV. The lead's own fields follow, each as `lead.NAME`.
COLUMNS: Mapping[str, str] = {
    "attempt_id": "the attempt, also Asterisk's channel id (Uniqueid)",
    "campaign_id": "the campaign",
    "list": "the list of the lead",
    "lead_id": "the lead",
    "source_id": "the lead's id in the file it came from",
    "number": "the number dialed, E.164",
    "reserved_at": "when the attempt was decided",
    "ringing_at": "when the phone began to ring",
    "answered_at": "when it was picked up",
    "connected_at": "when agent and person were in one bridge",
    "ended_at": "when it ended",
    "result": "how it ended for the network",
    "answered_by": "who picked up: person, machine or unsure",
    "abandoned": "1 when a person answered and no agent came in time",
    "disposition": "what the agent said came of it",
    "cause": "Asterisk's hang-up cause, Q.850",
    "agent_id": "the agent",
    "opted_out": "1 when the person asked not to be called again",
}
_TIMES = frozenset(name for name in COLUMNS if name.endswith("_at"))
_FLAGS = frozenset({"abandoned", "opted_out"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_FLUSH_ROWS = 500


async def as_csv(store: Reader, period: Period, zone: tzinfo = UTC) -> AsyncIterator[str]:
    """Outcomes of a period as pieces of CSV text; times are ISO 8601 in ``zone`` with its offset.

    Write it as utf-8-sig, for Excel to read accents.
    """
    fields = await store.lead_columns(period.campaign_id)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, *(f"lead.{disarmed(name)}" for name in fields)])
    waiting = 0
    async for outcome in store.outcomes(period):
        values = [_plain(name, outcome.values[name], zone) for name in COLUMNS]
        writer.writerow([disarmed(value) for value in (*values, *(outcome.fields.get(name, "") for name in fields))])
        waiting += 1
        if waiting == _FLUSH_ROWS:
            yield _taken(text)
            waiting = 0
    yield _taken(text)


async def as_json_lines(store: Reader, period: Period, zone: tzinfo = UTC) -> AsyncIterator[str]:
    """Outcomes of a period, one JSON object a line; the lead's fields are an object under ``lead``."""
    async for outcome in store.outcomes(period):
        yield json.dumps(_object(outcome, zone), ensure_ascii=False) + "\n"


def disarmed(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _object(outcome: OutcomeRow, zone: tzinfo) -> dict[str, Any]:
    values = {name: _plain(name, outcome.values[name], zone) for name in COLUMNS}
    flags = {name: bool(values[name]) for name in _FLAGS}
    return {**values, **flags, "lead": dict(outcome.fields)}


def _plain(name: str, value: Any, zone: tzinfo) -> Any:  # noqa: ANN401 - whatever the column holds
    if value is None or name not in _TIMES:
        return value
    return datetime.fromtimestamp(value, zone).isoformat(timespec="milliseconds")


def _taken(text: io.StringIO) -> str:
    piece = text.getvalue()
    text.seek(0)
    text.truncate()
    return piece
