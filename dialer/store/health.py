"""What is looked at before a store is used."""

import sqlite3
import threading
import time
from dataclasses import dataclass

from dialer.store.errors import StoreDamaged

# Measured: 2 s a GB from memory, more from a disk, and a whole floor waits for it. So the start looks at the tables
# that decide whether somebody is called, in this order, as long as this allows, and says what it left out.
CHECK_S = 5.0
_TABLES = (
    *("campaigns", "agents", "lists", "imports", "attempts", "agent_sessions", "attempt_steps", "leads", "numbers"),
    *("callbacks", "callback_changes", "campaign_changes", "agent_states", "decisions", "pacing_memory"),
    *("pickup_rates", "blocked_leads", "suppressions", "consents", "other_attempts", "attempt_verdicts"),
    *("import_profiles", "erasures", "records_stripped"),
    *("alert_silences", "alerts", "command_audit"),
    *("screening_lists", "screened_numbers"),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """Which tables were looked at whole, and which were left out for want of time."""

    tables: tuple[str, ...]
    left_out: tuple[str, ...]
    seconds: float


def check(db: sqlite3.Connection, within_s: float = CHECK_S) -> Checked:
    """Look for damage and broken references for at most ``within_s`` seconds. StoreDamaged when there is any."""
    started = time.monotonic()
    done: list[str] = []
    for table in _TABLES:
        left_s = within_s - (time.monotonic() - started)
        if left_s <= 0 or not _check_table(db, table, left_s):
            break
        done.append(table)
    return Checked(tuple(done), _TABLES[len(done) :], time.monotonic() - started)


def _check_table(db: sqlite3.Connection, table: str, within_s: float) -> bool:
    # The progress handler is not asked while one tree is walked; an interrupt is noticed there.
    alarm = threading.Timer(within_s, db.interrupt)
    alarm.daemon = True
    alarm.start()
    try:
        faults = [row[0] for row in db.execute(f"PRAGMA quick_check({table})") if row[0] != "ok"]
        faults += [
            f"row {row[1]} of {table} has no {row[2]}" for row in db.execute(f"PRAGMA foreign_key_check({table})")
        ]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    finally:
        alarm.cancel()
        alarm.join()
    if faults:
        raise StoreDamaged(f"The store is damaged: {'; '.join(faults[:3])}.", hint="Restore the last backup.")
    return True
