"""The only room that speaks SQL: what must outlive the process.

One task owns the writing connection and commits units of work in groups; readers cannot write. ``open_store`` is for
the one process that writes, ``open_reader`` for any other.
"""

from dialer.store.campaigns import Agent, Campaign, LeadList
from dialer.store.opening import open_reader, open_store
from dialer.store.reading import Counts, LeadRecord, Life, OutcomeRow, Period, Step
from dialer.store.store import Reader, Store

__all__ = [
    "Agent",
    "Campaign",
    "Counts",
    "LeadList",
    "LeadRecord",
    "Life",
    "OutcomeRow",
    "Period",
    "Reader",
    "Step",
    "Store",
    "open_reader",
    "open_store",
]
