"""What the store's tests share: a clock at hand, a campaign, leads, outcomes."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dialer.floor.commands import RecordOutcome
from dialer.floor.events import CampaignSettings, NewAttempt
from dialer.floor.words import Result
from dialer.store import Store, open_store
from dialer.store.law import LawSettings

NOW = 1_800_000_000.0
LAB = LawSettings("lab")
FICTION = ("63998", "19900", "26191", "35301", "46571", "53649")


@asynccontextmanager
async def opened(path: Path, campaign_id: str = "acme") -> AsyncIterator[Store]:
    """A store with one campaign, made when it is not there."""
    async with open_store(path, create=True, clock=lambda: NOW) as store:
        if not await store.campaigns():
            await store.create_campaign(CampaignSettings(campaign_id, "trunk", "+33162000000"), law=LAB)
        yield store


async def add_leads(
    store: Store,
    leads: Sequence[Sequence[str]],
    *,
    campaign_id: str = "acme",
    list_name: str = "list",
    priority: int = 0,
    next_at: float = 0,
) -> list[int]:
    """Leads given as their numbers, in an import of their own; returns their ids."""
    list_id = await store.ensure_list(campaign_id, list_name)

    def write(db: sqlite3.Connection) -> list[int]:
        first = int(db.execute("SELECT coalesce(max(id), 0) + 1 FROM leads").fetchone()[0])
        ids = list(range(first, first + len(leads)))
        cursor = db.execute(
            "INSERT INTO imports (list_id, file, state, columns, started_at, first_lead_id, last_lead_id, leads)"
            " VALUES (?, 'f', 'ready', '[\"name\"]', 0, ?, ?, ?)",
            (list_id, first, ids[-1], len(leads)),
        )
        for lead_id, numbers in zip(ids, leads, strict=True):
            row = (lead_id, list_id, cursor.lastrowid, f"s{lead_id}", '{"name":"Zoé"}', priority, next_at)
            db.execute(
                "INSERT INTO leads (id, list_id, import_id, source_id, fields, priority, next_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            db.executemany(
                "INSERT INTO numbers VALUES (?, ?, ?, ?, 'mobile', 'FR', ?)",
                [(lead_id, at, list_id, number, number) for at, number in enumerate(numbers)],
            )
        return ids

    return await store.write(write)


def number(index: int) -> str:
    """A number of a series, of those that are kept for fiction and that the preset lab lets call."""
    return f"+33{FICTION[index // 10_000 % len(FICTION)]}{index % 10_000:04}"


def ended(attempt: NewAttempt, result: Result = Result.NO_ANSWER, **changes: Any) -> RecordOutcome:  # noqa: ANN401
    """The outcome of an attempt."""
    values: dict[str, Any] = {
        "answered_by": None,
        "abandoned": False,
        "agent_id": None,
        "cause": 16,
        "ringing_at": None,
        "answered_at": None,
        "connected_at": None,
        "ended_at": attempt.reserved_at + 20,
        "disposition": None,
        "dialed": True,
        "opted_out": False,
    }
    return RecordOutcome(
        attempt_id=attempt.attempt_id,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        number=attempt.number,
        reserved_at=attempt.reserved_at,
        result=result,
        **{**values, **changes},
    )


async def rows(store: Store, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Whatever a query finds."""
    return await store.read(lambda db: [tuple(row) for row in db.execute(sql, values)])
