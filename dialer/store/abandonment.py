"""What the record holds of abandoned calls: the counts of each local date that a window may reach."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dialer.floor.words import AnsweredBy
from dialer.rules.abandonment import NOTHING, Counts, Ledger, answered_call, policy_of
from dialer.rules.tally import AbandonLaw, Tally, first_needed, local_date, midnight
from dialer.store.campaigns import campaigns
from dialer.store.law import LawSettings, preset_of

# One seek of the index attempts_answered a day, which has every column that is counted.
_DAY = """
SELECT abandoned, connected_at IS NOT NULL AS connected, answered_by, count(*) AS calls
FROM attempts INDEXED BY attempts_answered
WHERE campaign_id = ? AND answered_at >= ? AND answered_at < ?
GROUP BY abandoned, connected, answered_by
"""
# From it the blocks of 30 days run, whatever happens to the campaign later.
_STARTED = "SELECT min(at) FROM campaign_changes WHERE campaign_id = ? AND state = 'running'"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A campaign's law and what its ended attempts count, by local date. ``started_at``: when it first ran."""

    law: AbandonLaw
    counted: Mapping[date, Counts]
    started_at: float | None


def abandon_law(settings: LawSettings) -> AbandonLaw:
    """The law of abandonment that a campaign's preset and its stricter settings make."""
    preset = preset_of(settings.preset, settings.tighten)
    return AbandonLaw(policy_of(preset), preset.zone)


def recorded(db: sqlite3.Connection, campaign_id: str, now: float) -> Recorded:
    """What is needed to know the campaign's standing at ``now``. NotFound when there is no such campaign."""
    (campaign,) = campaigns(db, campaign_id)
    law = abandon_law(campaign.law)
    started_at = db.execute(_STARTED, (campaign_id,)).fetchone()[0]
    today = local_date(now, law.zone)
    day = first_needed(today, today if started_at is None else local_date(started_at, law.zone))
    counted = {}
    while day <= today:
        counted[day] = _counts(db, campaign_id, midnight(day, law.zone), midnight(day + timedelta(days=1), law.zone))
        day += timedelta(days=1)
    return Recorded(law, {day: counts for day, counts in counted.items() if counts != NOTHING}, started_at)


def ledger_at(db: sqlite3.Connection, campaign_id: str, now: float) -> Ledger:
    """The campaign's standing at ``now`` by the record alone. NotFound when there is no such campaign."""
    (campaign,) = campaigns(db, campaign_id)
    found = recorded(db, campaign_id, now)
    tally = Tally(found.law, campaign.settings.abandonment_limit, campaign.settings.abandonment_target)
    tally.begin(found.counted, found.started_at)
    return tally.ledger(now)


def _counts(db: sqlite3.Connection, campaign_id: str, since: float, until: float) -> Counts:
    whole = NOTHING
    for row in db.execute(_DAY, (campaign_id, since, until)):
        whole += _counts_as(row).times(row["calls"])
    return whole


def counts_of(attempt: Mapping[str, Any]) -> Counts:
    """What one attempt on record counts as."""
    if attempt["answered_at"] is None:
        return NOTHING
    return _counts_as({**attempt, "connected": attempt["connected_at"] is not None})


def _counts_as(row: Mapping[str, Any] | sqlite3.Row) -> Counts:
    machine = row["answered_by"] == AnsweredBy.MACHINE
    return answered_call(connected=bool(row["connected"]), abandoned=bool(row["abandoned"]), machine=machine)
