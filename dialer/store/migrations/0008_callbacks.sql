-- Callbacks that agents promise, whose turn it is among a campaign's lists, and consents that end soon.

-- at: the promised time; zone: the clock by which it was promised. agent_id NULL: anybody. not_before: at, or later
-- where the law put it off. promised_in: the talk; attempt_id: the one call that kept the promise.
CREATE TABLE callbacks (
    id           INTEGER PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    lead_id      INTEGER NOT NULL REFERENCES leads (id),
    number       TEXT NOT NULL,
    at           REAL NOT NULL,
    zone         TEXT NOT NULL,
    agent_id     TEXT REFERENCES agents (id),
    note         TEXT NOT NULL DEFAULT '',
    evidence     TEXT NOT NULL DEFAULT '',
    promised_by  TEXT NOT NULL,
    promised_at  REAL NOT NULL,
    promised_in  TEXT,
    state        TEXT NOT NULL DEFAULT 'waiting'
                 CONSTRAINT callback_state CHECK (state IN ('waiting', 'dialing', 'done', 'cancelled', 'forbidden')),
    not_before   REAL NOT NULL,
    reason       TEXT NOT NULL DEFAULT '',
    attempt_id   TEXT,
    CONSTRAINT dialed_once CHECK ((state IN ('dialing', 'done')) = (attempt_id IS NOT NULL))
) STRICT;
-- A lead has one promise at a time.
CREATE UNIQUE INDEX callbacks_open ON callbacks (lead_id) WHERE state IN ('waiting', 'dialing');
CREATE INDEX callbacks_waiting ON callbacks (campaign_id, not_before) WHERE state = 'waiting';
CREATE INDEX callbacks_by_number ON callbacks (number) WHERE state = 'waiting';
CREATE UNIQUE INDEX callbacks_by_attempt ON callbacks (attempt_id) WHERE attempt_id IS NOT NULL;

CREATE TABLE callback_changes (
    id           INTEGER PRIMARY KEY,
    callback_id  INTEGER NOT NULL REFERENCES callbacks (id),
    at           REAL NOT NULL,
    what         TEXT NOT NULL,
    who          TEXT NOT NULL,
    detail       TEXT NOT NULL
) STRICT;
CREATE INDEX callback_changes_by_callback ON callback_changes (callback_id, at);

ALTER TABLE campaigns ADD COLUMN callback_tolerance_s REAL NOT NULL DEFAULT 600;
ALTER TABLE campaigns ADD COLUMN callback_fallback TEXT NOT NULL DEFAULT 'team'
    CONSTRAINT campaign_callback_fallback CHECK (callback_fallback IN ('team', 'wait'));

-- weight: share of the campaign's calls while it has leads that are due; 0: it rests. turn: see dialer/leads/turns.py.
ALTER TABLE lists ADD COLUMN weight INTEGER NOT NULL DEFAULT 1
    CONSTRAINT list_weight CHECK (weight BETWEEN 0 AND 100);
ALTER TABLE lists ADD COLUMN turn REAL NOT NULL DEFAULT 0;

-- The day on which the consent in the lead's own row ends, as the file says it (24/11/2026 or 2026-11-24): it only
-- decides who comes first. dialer/store/reserving.py asks with the same words.
CREATE INDEX leads_consent_ends ON leads (import_id, (
    CASE WHEN fields ->> '$.consent_expires_at' GLOB '??/??/????*'
    THEN substr(fields ->> '$.consent_expires_at', 7, 4) || '-' || substr(fields ->> '$.consent_expires_at', 4, 2)
        || '-' || substr(fields ->> '$.consent_expires_at', 1, 2)
    ELSE substr(fields ->> '$.consent_expires_at', 1, 10) END
), next_at) WHERE state = 'due' AND fields ->> '$.consent_expires_at' IS NOT NULL;
