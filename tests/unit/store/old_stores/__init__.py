"""Stores as former versions left them, one SQL dump a schema: what an update must bring up to date without a loss.

``python -m tests.unit.store.old_stores N`` writes the dump of schema N as this version's first N migrations and the
rows below make it. A dump that is there is history: it is never written again, even if the migrations should change.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from dialer.store import schema
from dialer.store.seal import add_seal

FOLDER: Final = Path(__file__).parent
KEY: Final = b"k" * 32  # of the store, for what is sealed
MADE_AT: Final = 1_790_000_000.0

# A day's work: a campaign, its list, five leads (worked, recalled, never tried, reserved in a power cut), an agent.
_ROWS: Final = {
    1: """
INSERT INTO campaigns (id, name, principal, state, trunk, caller_id, ring_timeout_s, connect_deadline_s, wrap_up_s,
    abandonment_limit, policy, language, message, dispositions, created_at)
VALUES ('summer', 'Été 2026', 'Soleil SA', 'running', 'carrier', '+33162000000', 25, 2, 20, 0.03, 'progressive', 'fr',
    'dialer/safe-harbour', '[["1","sale"]]', 1789000000);
INSERT INTO campaign_changes VALUES (1, 'summer', 1789000100, 'running', 'by alice');
INSERT INTO lists VALUES (1, 'summer', 'people.csv', 1789000000);
INSERT INTO imports (id, list_id, file, state, columns, started_at, ready_at, first_lead_id, last_lead_id, read, leads,
    finished) VALUES (1, 1, 'people.csv', 'ready', '["name"]', 1789000000, 1789000001, 1, 5, 5, 5, 2);
INSERT INTO leads VALUES (1, 1, 1, 's1', '{"name":"Zoé"}', 'finished', 0, 0, 0, 1);
INSERT INTO leads VALUES (2, 1, 1, 's2', '{"name":"Léo"}', 'finished', 0, 0, 0, 1);
INSERT INTO leads VALUES (3, 1, 1, 's3', '{"name":"Ana"}', 'due', 0, 1789900000, 0, 1);
INSERT INTO leads VALUES (4, 1, 1, 's4', '{"name":"Max"}', 'due', 5, 0, 0, 0);
INSERT INTO leads VALUES (5, 1, 1, 's5', '{"name":"Eva"}', 'reserved', 0, 0, 0, 0);
INSERT INTO numbers VALUES (1, 0, 1, '+33199000001', 'fixed', 'FR', '01 99 00 00 01');
INSERT INTO numbers VALUES (2, 0, 1, '+33199000002', 'fixed', 'FR', '01 99 00 00 02');
INSERT INTO numbers VALUES (3, 0, 1, '+33639980003', 'mobile', 'FR', '0639980003');
INSERT INTO numbers VALUES (4, 0, 1, '+33639980004', 'mobile', 'FR', '0639980004');
INSERT INTO numbers VALUES (5, 0, 1, '+33639980005', 'mobile', 'FR', '0639980005');
INSERT INTO agents VALUES ('101', 'Alice', 'summer', 'agent-101', 'on_line', '$argon2id$v=19$none', 1789000000);
INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, ringing_at, answered_at, connected_at, ended_at,
    result, answered_by, disposition, cause, agent_id, dialed)
VALUES ('a1', 'summer', 1, '+33199000001', 1789100000, 1789100001, 1789100009, 1789100009.05, 1789100100, 'answered',
    'person', 'sale', 16, '101', 1);
INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, ringing_at, answered_at, ended_at, result,
    answered_by, abandoned, cause, dialed, opted_out)
VALUES ('a2', 'summer', 2, '+33199000002', 1789100000, 1789100001, 1789100012, 1789100020, 'answered', 'person', 1, 16,
    1, 1);
INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, ended_at, result, cause, dialed)
VALUES ('a3', 'summer', 3, '+33639980003', 1789100000, 1789100010, 'busy', 17, 1);
INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at)
VALUES ('a5', 'summer', 5, '+33639980005', 1789999999);
INSERT INTO attempt_steps VALUES (1, 'a1', 1789100009.05, 'connected', 'bridged', '101');
INSERT INTO agent_sessions VALUES (1, '101', 1789099000, NULL);
INSERT INTO agent_states VALUES (1, '101', 1789100101, 'paused', 'lunch', NULL, NULL);
INSERT INTO decisions VALUES (1, 'summer', 1789100000, 3, 'progressive', 0.0, '{"ready":3}');
""",
    2: "INSERT INTO pacing_memory VALUES ('summer', 1789100000, 'auto', X'00');",
    3: """
UPDATE leads SET next_reason = 'busy' WHERE id = 3;
INSERT INTO pickup_rates VALUES ('soleil sa', 'FR', 'mobile', 2, 1, 40, 12);
""",
    4: """
UPDATE campaigns SET preset = 'lab';
INSERT INTO suppressions VALUES (1, seal('+33199000002'), 'soleil sa', 1789100012, 'keypad', 'attempt a2');
INSERT INTO attempt_verdicts VALUES ('a1', 'lab', 'lab 1', NULL, '{}', '{}');
INSERT INTO consents VALUES (1, '+33199000001', 'soleil sa', '{"channel":"web"}', 1789000000, 'people.csv');
""",
    5: "INSERT INTO import_profiles VALUES ('crm', '{\"phone\":\"tel\"}', 1789000000);",
    8: """
UPDATE lists SET weight = 3, turn = 0.5;
INSERT INTO callbacks (id, campaign_id, lead_id, number, at, zone, agent_id, note, promised_by, promised_at,
    promised_in, state, not_before, attempt_id)
VALUES (1, 'summer', 1, '+33199000001', 1789100000, 'Europe/Paris', '101', 'après le déjeuner', '101', 1789000500, NULL,
    'done', 1789100000, 'a1');
INSERT INTO callbacks (id, campaign_id, lead_id, number, at, zone, promised_by, promised_at, state, not_before, reason)
VALUES (2, 'summer', 4, '+33639980004', 1789900000, 'Europe/Paris', 'alice', 1789000600, 'cancelled', 1789900000,
    'by alice');
INSERT INTO callback_changes VALUES (1, 1, 1789000500, 'promised', '101', '');
INSERT INTO callback_changes VALUES (2, 2, 1789000700, 'cancelled', 'alice', 'by alice');
""",
    9: """
INSERT INTO erasures VALUES (1, 1789000000, 'retention', NULL, 'by preset', '{"records":3}');
INSERT INTO erasures VALUES (2, 1789000900, 'request', seal('+33199000009'), 'letter', '{"leads":1}');
INSERT INTO records_stripped VALUES ('summer', 1780000000);
""",
    10: """
INSERT INTO alerts VALUES ('1', 'trunk_failing', 'carrier', '', 'critical', 1789100000, 1789100010, 0.9, 0.5,
    '{"scope":"carrier"}', 1789100500, 'alice', 1789100100);
INSERT INTO alert_silences VALUES (1, 1789100200, 'trunk_failing', 'carrier', 1789100300, 'alice', 'known');
INSERT INTO command_audit
VALUES (1, 1789100400, 'alice', 'mqtt', 'campaign_pause', '{"campaign_id":"summer"}', 'done');
""",
}


def render(version: int) -> str:
    """The dump of a store of this schema, filled as each version would have filled it."""
    known = schema.migrations()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        add_seal(db, KEY)
        for each in (migration for migration in known if migration.number <= version):
            schema.migrate(db, tuple(one for one in known if one.number <= each.number), MADE_AT)
            db.executescript(_ROWS.get(each.number, ""))
        head = f"PRAGMA application_id = {schema.APPLICATION_ID};\nPRAGMA user_version = {version};\n"
        return head + "\n".join(db.iterdump()) + "\n"


def build(dump: Path, store: Path) -> None:
    """Make the store that a dump tells of, with its key."""
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        db.executescript(dump.read_text(encoding="utf-8"))
    store.with_name(f"{store.name}.key").write_bytes(KEY)
