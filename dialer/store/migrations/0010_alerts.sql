-- What a supervisor was told, who took it on, what was silenced by whom and until when; and every command that came over
-- MQTT, carried out or not. Times are seconds since the epoch, UTC.

CREATE TABLE alerts (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    scope            TEXT NOT NULL,
    subject          TEXT NOT NULL,
    severity         TEXT NOT NULL CONSTRAINT alert_severity CHECK (severity IN ('info', 'warning', 'critical')),
    since            REAL NOT NULL,
    raised_at        REAL NOT NULL,
    value            REAL NOT NULL,
    threshold        REAL NOT NULL,
    words            TEXT NOT NULL CONSTRAINT words_json CHECK (json_valid(words)),
    resolved_at      REAL,
    acknowledged_by  TEXT NOT NULL DEFAULT '',
    acknowledged_at  REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_time ON alerts (raised_at);
CREATE INDEX alerts_standing ON alerts (raised_at) WHERE resolved_at IS NULL;

-- A later row of the same kind and scope takes the place of an earlier one; one that has ended by then ends it.
CREATE TABLE alert_silences (
    id        INTEGER PRIMARY KEY,
    at        REAL NOT NULL,
    kind      TEXT NOT NULL,
    scope     TEXT NOT NULL,
    until     REAL NOT NULL,
    by_whom   TEXT NOT NULL,
    why       TEXT NOT NULL
) STRICT;
CREATE INDEX alert_silences_by_end ON alert_silences (until);

CREATE TABLE command_audit (
    id       INTEGER PRIMARY KEY,
    at       REAL NOT NULL,
    who      TEXT NOT NULL,
    origin   TEXT NOT NULL,
    command  TEXT NOT NULL,
    params   TEXT NOT NULL CONSTRAINT params_json CHECK (json_valid(params)),
    result   TEXT NOT NULL
) STRICT;
CREATE INDEX command_audit_by_time ON command_audit (at);
