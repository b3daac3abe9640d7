PRAGMA application_id = 1145651532;
PRAGMA user_version = 9;
BEGIN TRANSACTION;
CREATE TABLE agent_sessions (
    id          INTEGER PRIMARY KEY,
    agent_id    TEXT NOT NULL REFERENCES agents (id),
    started_at  REAL NOT NULL,
    ended_at    REAL
) STRICT;
INSERT INTO "agent_sessions" VALUES(1,'101',1789099000.0,NULL);
CREATE TABLE agent_states (
    id          INTEGER PRIMARY KEY,
    agent_id    TEXT NOT NULL REFERENCES agents (id),
    at          REAL NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    attempt_id  TEXT,
    channel_id  TEXT
) STRICT;
INSERT INTO "agent_states" VALUES(1,'101',1789100101.0,'paused','lunch',NULL,NULL);
CREATE TABLE agents (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    phone        TEXT NOT NULL,
    line_mode    TEXT NOT NULL CONSTRAINT agent_line_mode CHECK (line_mode IN ('on_line', 'on_hook')),
    pin_hash     TEXT NOT NULL,
    created_at   REAL NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "agents" VALUES('101','Alice','summer','agent-101','on_line','$argon2id$v=19$none',1789000000.0);
CREATE TABLE attempt_steps (
    id          INTEGER PRIMARY KEY,
    attempt_id  TEXT NOT NULL REFERENCES attempts (id),
    at          REAL NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    agent_id    TEXT
) STRICT;
INSERT INTO "attempt_steps" VALUES(1,'a1',1789100009.05,'connected','bridged','101');
CREATE TABLE attempt_verdicts (
    attempt_id  TEXT PRIMARY KEY REFERENCES attempts (id),
    preset      TEXT NOT NULL,
    version     TEXT NOT NULL,
    rule        TEXT,
    tighten     TEXT NOT NULL,
    inputs      TEXT NOT NULL CONSTRAINT inputs_json CHECK (json_valid(inputs))
) STRICT, WITHOUT ROWID;
INSERT INTO "attempt_verdicts" VALUES('a1','lab','lab 1',NULL,'{}','{}');
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
INSERT INTO "attempts" VALUES('a1','summer',1,'+33199000001',1789100000.0,1789100001.0,1789100009.0,1789100009.05,1789100100.0,'answered','person',0,'sale',16,'101',1,0);
INSERT INTO "attempts" VALUES('a2','summer',2,'+33199000002',1789100000.0,1789100001.0,1789100012.0,NULL,1789100020.0,'answered','person',1,NULL,16,NULL,1,1);
INSERT INTO "attempts" VALUES('a3','summer',3,'+33639980003',1789100000.0,NULL,NULL,NULL,1789100010.0,'busy',NULL,0,NULL,17,NULL,1,0);
INSERT INTO "attempts" VALUES('a5','summer',5,'+33639980005',1789999999.0,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,0);
CREATE TABLE blocked_leads (
    lead_id  INTEGER PRIMARY KEY REFERENCES leads (id),
    at       REAL NOT NULL,
    rule     TEXT NOT NULL,
    why      TEXT NOT NULL
) STRICT;
CREATE TABLE callback_changes (
    id           INTEGER PRIMARY KEY,
    callback_id  INTEGER NOT NULL REFERENCES callbacks (id),
    at           REAL NOT NULL,
    what         TEXT NOT NULL,
    who          TEXT NOT NULL,
    detail       TEXT NOT NULL
) STRICT;
INSERT INTO "callback_changes" VALUES(1,1,1789000500.0,'promised','101','');
INSERT INTO "callback_changes" VALUES(2,2,1789000700.0,'cancelled','alice','by alice');
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
INSERT INTO "callbacks" VALUES(1,'summer',1,'+33199000001',1789100000.0,'Europe/Paris','101','après le déjeuner','','101',1789000500.0,NULL,'done',1789100000.0,'','a1');
INSERT INTO "callbacks" VALUES(2,'summer',4,'+33639980004',1789900000.0,'Europe/Paris',NULL,'','','alice',1789000600.0,NULL,'cancelled',1789900000.0,'by alice',NULL);
CREATE TABLE campaign_changes (
    id           INTEGER PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    at           REAL NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT NOT NULL
) STRICT;
INSERT INTO "campaign_changes" VALUES(1,'summer',1789000100.0,'running','by alice');
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
, abandonment_target REAL, max_ratio REAL, min_agents_for_predictive INTEGER NOT NULL DEFAULT 1, cancel_after_s REAL, ratio REAL NOT NULL DEFAULT 2.0, max_attempts INTEGER NOT NULL DEFAULT 1
    CONSTRAINT max_attempts_bounds CHECK (max_attempts BETWEEN 1 AND 100), preset TEXT NOT NULL DEFAULT 'fr', audience TEXT NOT NULL DEFAULT 'b2c'
    CONSTRAINT campaign_audience CHECK (audience IN ('b2c', 'b2b')), sector TEXT NOT NULL DEFAULT '', basis TEXT NOT NULL DEFAULT '', caller_ids TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT caller_ids_json CHECK (json_valid(caller_ids)), tighten TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT tighten_json CHECK (json_valid(tighten)), callback_tolerance_s REAL NOT NULL DEFAULT 600, callback_fallback TEXT NOT NULL DEFAULT 'team'
    CONSTRAINT campaign_callback_fallback CHECK (callback_fallback IN ('team', 'wait'))) STRICT, WITHOUT ROWID;
INSERT INTO "campaigns" VALUES('summer','Été 2026','Soleil SA','running','carrier','+33162000000',25.0,2.0,20.0,NULL,NULL,0.03,'progressive','fr','dialer/safe-harbour','[["1","sale"]]',0,1789000000.0,NULL,NULL,1,NULL,2.0,1,'lab','b2c','','','[]','{}',600.0,'team');
CREATE TABLE consents (
    id            INTEGER PRIMARY KEY,
    who           TEXT NOT NULL,
    principal     TEXT NOT NULL,
    consent       TEXT NOT NULL CONSTRAINT consent_json CHECK (json_valid(consent)),
    recorded_at   REAL NOT NULL,
    source        TEXT NOT NULL
) STRICT;
INSERT INTO "consents" VALUES(1,'+33199000001','soleil sa','{"channel":"web"}',1789000000.0,'people.csv');
CREATE TABLE decisions (
    id           INTEGER PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    at           REAL NOT NULL,
    dial         INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    risk         REAL NOT NULL,
    inputs       TEXT NOT NULL CONSTRAINT inputs_json CHECK (json_valid(inputs))
) STRICT;
INSERT INTO "decisions" VALUES(1,'summer',1789100000.0,3,'progressive',0.0,'{"ready":3}');
CREATE TABLE erasures (
    id       INTEGER PRIMARY KEY,
    at       REAL NOT NULL,
    reason   TEXT NOT NULL CONSTRAINT erasure_reason CHECK (reason IN ('request', 'retention')),
    sealed   BLOB,
    source   TEXT NOT NULL,
    removed  TEXT NOT NULL CONSTRAINT removed_json CHECK (json_valid(removed))
) STRICT;
INSERT INTO "erasures" VALUES(1,1789000000.0,'retention',NULL,'by preset','{"records":3}');
INSERT INTO "erasures" VALUES(2,1789000900.0,'request',X'820E984F3FF8A100BF1DB504881CDD8F','letter','{"leads":1}');
CREATE TABLE import_profiles (
    name      TEXT PRIMARY KEY,
    columns   TEXT NOT NULL CONSTRAINT profile_json CHECK (json_valid(columns)),
    saved_at  REAL NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "import_profiles" VALUES('crm','{"phone":"tel"}',1789000000.0);
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
, updated INTEGER NOT NULL DEFAULT 0, quality TEXT NOT NULL DEFAULT '{}' CONSTRAINT quality_json CHECK (json_valid(quality))) STRICT;
INSERT INTO "imports" VALUES(1,1,'people.csv','ready','["name"]',1789000000.0,1789000001.0,1,5,5,0,0,5,2,0,'{}');
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
    attempts       INTEGER NOT NULL DEFAULT 0, next_reason TEXT NOT NULL DEFAULT '',
    CONSTRAINT lead_source UNIQUE (list_id, source_id)
) STRICT;
INSERT INTO "leads" VALUES(1,1,1,'s1','{"name":"Zoé"}','finished',0,0.0,0,1,'');
INSERT INTO "leads" VALUES(2,1,1,'s2','{"name":"Léo"}','finished',0,0.0,0,1,'');
INSERT INTO "leads" VALUES(3,1,1,'s3','{"name":"Ana"}','due',0,1789900000.0,0,1,'busy');
INSERT INTO "leads" VALUES(4,1,1,'s4','{"name":"Max"}','due',5,0.0,0,0,'');
INSERT INTO "leads" VALUES(5,1,1,'s5','{"name":"Eva"}','reserved',0,0.0,0,0,'');
CREATE TABLE lists (
    id           INTEGER PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    name         TEXT NOT NULL,
    created_at   REAL NOT NULL, weight INTEGER NOT NULL DEFAULT 1
    CONSTRAINT list_weight CHECK (weight BETWEEN 0 AND 100), turn REAL NOT NULL DEFAULT 0,
    CONSTRAINT list_name UNIQUE (campaign_id, name)
) STRICT;
INSERT INTO "lists" VALUES(1,'summer','people.csv',1789000000.0,3,0.5);
CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL) STRICT;
INSERT INTO "migrations" VALUES(1,'initial',1790000000.0);
INSERT INTO "migrations" VALUES(2,'pacing',1790000000.0);
INSERT INTO "migrations" VALUES(3,'recalls',1790000000.0);
INSERT INTO "migrations" VALUES(4,'law',1790000000.0);
INSERT INTO "migrations" VALUES(5,'lists',1790000000.0);
INSERT INTO "migrations" VALUES(6,'abandonment',1790000000.0);
INSERT INTO "migrations" VALUES(8,'callbacks',1790000000.0);
INSERT INTO "migrations" VALUES(9,'privacy',1790000000.0);
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
INSERT INTO "numbers" VALUES(1,0,1,'+33199000001','fixed','FR','01 99 00 00 01');
INSERT INTO "numbers" VALUES(2,0,1,'+33199000002','fixed','FR','01 99 00 00 02');
INSERT INTO "numbers" VALUES(3,0,1,'+33639980003','mobile','FR','0639980003');
INSERT INTO "numbers" VALUES(4,0,1,'+33639980004','mobile','FR','0639980004');
INSERT INTO "numbers" VALUES(5,0,1,'+33639980005','mobile','FR','0639980005');
CREATE TABLE other_attempts (
    principal  TEXT NOT NULL,
    number     TEXT NOT NULL,
    at         REAL NOT NULL,
    source     TEXT NOT NULL,
    PRIMARY KEY (number, principal, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE pacing_memory (
    campaign_id  TEXT PRIMARY KEY REFERENCES campaigns (id),
    at           REAL NOT NULL,
    policy       TEXT NOT NULL,
    memory       BLOB NOT NULL CONSTRAINT memory_size CHECK (length(memory) <= 1000000)
) STRICT, WITHOUT ROWID;
INSERT INTO "pacing_memory" VALUES('summer',1789100000.0,'auto',X'00');
CREATE TABLE pickup_rates (
    principal  TEXT NOT NULL,
    territory  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    weekday    INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    answered   INTEGER NOT NULL,
    PRIMARY KEY (principal, territory, kind, weekday, part)
) STRICT, WITHOUT ROWID;
INSERT INTO "pickup_rates" VALUES('soleil sa','FR','mobile',2,1,40,12);
CREATE TABLE records_stripped (
    campaign_id  TEXT PRIMARY KEY REFERENCES campaigns (id),
    before       REAL NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "records_stripped" VALUES('summer',1780000000.0);
CREATE TABLE screened_numbers (
    sealed  BLOB NOT NULL,
    list    TEXT NOT NULL REFERENCES screening_lists (name),
    PRIMARY KEY (sealed, list)
) STRICT, WITHOUT ROWID;
CREATE TABLE screening_lists (
    name         TEXT PRIMARY KEY,
    as_of        TEXT NOT NULL,
    imported_at  REAL NOT NULL,
    source       TEXT NOT NULL,
    numbers      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE suppressions (
    id         INTEGER PRIMARY KEY,
    sealed     BLOB NOT NULL,
    principal  TEXT NOT NULL,
    at         REAL NOT NULL,
    reason     TEXT NOT NULL,
    source     TEXT NOT NULL
) STRICT;
INSERT INTO "suppressions" VALUES(1,X'125C535D20411AD5CC53C8CC07AC8EE3','soleil sa',1789100012.0,'keypad','attempt a2');
CREATE INDEX campaign_changes_by_campaign ON campaign_changes (campaign_id, at);
CREATE INDEX imports_by_list ON imports (list_id);
CREATE INDEX leads_due ON leads (import_id, priority, next_at) WHERE state = 'due';
CREATE INDEX attempts_by_campaign ON attempts (campaign_id, reserved_at, id);
CREATE INDEX attempts_by_lead ON attempts (lead_id);
CREATE INDEX attempts_by_number ON attempts (number, reserved_at);
CREATE UNIQUE INDEX attempts_open ON attempts (number) WHERE ended_at IS NULL;
CREATE INDEX attempt_steps_by_attempt ON attempt_steps (attempt_id);
CREATE INDEX agent_sessions_by_agent ON agent_sessions (agent_id, started_at);
CREATE UNIQUE INDEX agent_sessions_open ON agent_sessions (agent_id) WHERE ended_at IS NULL;
CREATE INDEX agent_states_by_agent ON agent_states (agent_id, at);
CREATE INDEX decisions_by_campaign ON decisions (campaign_id, at);
CREATE INDEX leads_by_person ON leads (fields ->> '$.person_id') WHERE fields ->> '$.person_id' IS NOT NULL;
CREATE INDEX suppressions_by_sealed ON suppressions (sealed, principal, at);
CREATE INDEX consents_by_who ON consents (who, recorded_at);
CREATE INDEX attempts_answered ON attempts (campaign_id, answered_at, abandoned, connected_at, answered_by)
    WHERE answered_at IS NOT NULL;
CREATE UNIQUE INDEX callbacks_open ON callbacks (lead_id) WHERE state IN ('waiting', 'dialing');
CREATE INDEX callbacks_waiting ON callbacks (campaign_id, not_before) WHERE state = 'waiting';
CREATE INDEX callbacks_by_number ON callbacks (number) WHERE state = 'waiting';
CREATE UNIQUE INDEX callbacks_by_attempt ON callbacks (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX callback_changes_by_callback ON callback_changes (callback_id, at);
CREATE INDEX leads_consent_ends ON leads (import_id, (
    CASE WHEN fields ->> '$.consent_expires_at' GLOB '??/??/????*'
    THEN substr(fields ->> '$.consent_expires_at', 7, 4) || '-' || substr(fields ->> '$.consent_expires_at', 4, 2)
        || '-' || substr(fields ->> '$.consent_expires_at', 1, 2)
    ELSE substr(fields ->> '$.consent_expires_at', 1, 10) END
), next_at) WHERE state = 'due' AND fields ->> '$.consent_expires_at' IS NOT NULL;
CREATE INDEX erasures_by_reason ON erasures (reason, at);
COMMIT;
