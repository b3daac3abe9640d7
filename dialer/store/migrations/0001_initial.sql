-- Times are seconds since the epoch, UTC, as REAL: the floor's own clock, exact to less than a microsecond.

CREATE TABLE campaigns (
    id                  TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    principal           TEXT NOT NULL DEFAULT '',
    state               TEXT NOT NULL DEFAULT 'stopped'
                        CONSTRAINT campaign_state CHECK (state IN ('stopped', 'running', 'paused', 'finished')),
    trunk               TEXT NOT NULL,
    caller_id           TEXT NOT NULL,
    ring_timeout_s      REAL NOT NULL,
    connect_deadline_s  REAL NOT NULL,
    wrap_up_s           REAL NOT NULL,
    max_lines           INTEGER,
    max_calls_per_s     REAL,
    abandonment_limit   REAL NOT NULL,
    policy              TEXT NOT NULL,
    language            TEXT NOT NULL,
    message             TEXT NOT NULL,
    dispositions        TEXT NOT NULL DEFAULT '[]' CONSTRAINT dispositions_json CHECK (json_valid(dispositions)),
    keypad_disposition  INTEGER NOT NULL DEFAULT 0,
    created_at          REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign_changes (
    id           INTEGER PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    at           REAL NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT NOT NULL
) STRICT;
CREATE INDEX campaign_changes_by_campaign ON campaign_changes (campaign_id, at);

CREATE TABLE lists (
    id           INTEGER PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    name         TEXT NOT NULL,
    created_at   REAL NOT NULL,
    CONSTRAINT list_name UNIQUE (campaign_id, name)
) STRICT;

-- One reading of one file into a list. Its leads can be dialed only once it is 'ready'; what a crash leaves
-- 'loading' is 'dropped' at the next start, never seen by anyone, and removed before the next import.
CREATE TABLE imports (
    id             INTEGER PRIMARY KEY,
    list_id        INTEGER NOT NULL REFERENCES lists (id),
    file           TEXT NOT NULL,
    state          TEXT NOT NULL CONSTRAINT import_state CHECK (state IN ('loading', 'ready', 'dropped')),
    columns        TEXT NOT NULL CONSTRAINT columns_json CHECK (json_valid(columns)),
    started_at     REAL NOT NULL,
    ready_at       REAL,
    first_lead_id  INTEGER NOT NULL,
    last_lead_id   INTEGER NOT NULL,
    read           INTEGER NOT NULL DEFAULT 0,
    duplicates     INTEGER NOT NULL DEFAULT 0,
    refused        INTEGER NOT NULL DEFAULT 0,
    leads          INTEGER NOT NULL DEFAULT 0,
    finished       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX imports_by_list ON imports (list_id);

-- next_position: which of the lead's numbers is dialed next. attempts: how many were really dialed.
CREATE TABLE leads (
    id             INTEGER PRIMARY KEY,
    list_id        INTEGER NOT NULL REFERENCES lists (id),
    import_id      INTEGER NOT NULL REFERENCES imports (id),
    source_id      TEXT NOT NULL,
    fields         TEXT NOT NULL,
    state          TEXT NOT NULL DEFAULT 'due' CONSTRAINT lead_state CHECK (state IN ('due', 'reserved', 'finished')),
    priority       INTEGER NOT NULL DEFAULT 0,
    next_at        REAL NOT NULL DEFAULT 0,
    next_position  INTEGER NOT NULL DEFAULT 0,
    attempts       INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT lead_source UNIQUE (list_id, source_id)
) STRICT;
-- Only leads that can still be dialed are in it: choosing does not grow slower with a list that is worked.
CREATE INDEX leads_due ON leads (import_id, priority, next_at) WHERE state = 'due';

CREATE TABLE numbers (
    lead_id    INTEGER NOT NULL REFERENCES leads (id),
    position   INTEGER NOT NULL,
    list_id    INTEGER NOT NULL,
    e164       TEXT NOT NULL CONSTRAINT digits_only CHECK (
        e164 GLOB '+[1-9]*' AND substr(e164, 2) NOT GLOB '*[^0-9]*' AND length(e164) BETWEEN 6 AND 16
    ),
    kind       TEXT NOT NULL,
    territory  TEXT NOT NULL,
    raw        TEXT NOT NULL,
    PRIMARY KEY (lead_id, position),
    CONSTRAINT number_once_a_list UNIQUE (e164, list_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    phone        TEXT NOT NULL,
    line_mode    TEXT NOT NULL CONSTRAINT agent_line_mode CHECK (line_mode IN ('on_line', 'on_hook')),
    pin_hash     TEXT NOT NULL,
    created_at   REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    id            TEXT PRIMARY KEY,
    campaign_id   TEXT NOT NULL REFERENCES campaigns (id),
    lead_id       INTEGER NOT NULL REFERENCES leads (id),
    number        TEXT NOT NULL,
    reserved_at   REAL NOT NULL,
    ringing_at    REAL,
    answered_at   REAL,
    connected_at  REAL,
    ended_at      REAL,
    result        TEXT,
    answered_by   TEXT,
    abandoned     INTEGER NOT NULL DEFAULT 0,
    disposition   TEXT,
    cause         INTEGER,
    agent_id      TEXT,
    dialed        INTEGER,
    opted_out     INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT ended_with_a_result CHECK ((ended_at IS NULL) = (result IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_campaign ON attempts (campaign_id, reserved_at, id);
CREATE INDEX attempts_by_lead ON attempts (lead_id);
CREATE INDEX attempts_by_number ON attempts (number, reserved_at);
-- The last guard against two calls to one number at one time.
CREATE UNIQUE INDEX attempts_open ON attempts (number) WHERE ended_at IS NULL;

CREATE TABLE attempt_steps (
    id          INTEGER PRIMARY KEY,
    attempt_id  TEXT NOT NULL REFERENCES attempts (id),
    at          REAL NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    agent_id    TEXT
) STRICT;
CREATE INDEX attempt_steps_by_attempt ON attempt_steps (attempt_id);

CREATE TABLE agent_sessions (
    id          INTEGER PRIMARY KEY,
    agent_id    TEXT NOT NULL REFERENCES agents (id),
    started_at  REAL NOT NULL,
    ended_at    REAL
) STRICT;
CREATE INDEX agent_sessions_by_agent ON agent_sessions (agent_id, started_at);
CREATE UNIQUE INDEX agent_sessions_open ON agent_sessions (agent_id) WHERE ended_at IS NULL;

CREATE TABLE agent_states (
    id          INTEGER PRIMARY KEY,
    agent_id    TEXT NOT NULL REFERENCES agents (id),
    at          REAL NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    attempt_id  TEXT,
    channel_id  TEXT
) STRICT;
CREATE INDEX agent_states_by_agent ON agent_states (agent_id, at);

CREATE TABLE decisions (
    id           INTEGER PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    at           REAL NOT NULL,
    dial         INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    risk         REAL NOT NULL,
    inputs       TEXT NOT NULL CONSTRAINT inputs_json CHECK (json_valid(inputs))
) STRICT;
CREATE INDEX decisions_by_campaign ON decisions (campaign_id, at);
