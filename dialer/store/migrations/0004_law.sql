-- Calling law: each campaign's preset, who may not be called, who consented, and the verdict behind every attempt.

-- Campaigns from before are held to the law of France until somebody says otherwise.
ALTER TABLE campaigns ADD COLUMN preset TEXT NOT NULL DEFAULT 'fr';
ALTER TABLE campaigns ADD COLUMN audience TEXT NOT NULL DEFAULT 'b2c'
    CONSTRAINT campaign_audience CHECK (audience IN ('b2c', 'b2b'));
ALTER TABLE campaigns ADD COLUMN sector TEXT NOT NULL DEFAULT '';
ALTER TABLE campaigns ADD COLUMN basis TEXT NOT NULL DEFAULT '';
ALTER TABLE campaigns ADD COLUMN caller_ids TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT caller_ids_json CHECK (json_valid(caller_ids));
ALTER TABLE campaigns ADD COLUMN tighten TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT tighten_json CHECK (json_valid(tighten));

-- The same person in several rows: where the file says so. The same number is found by numbers' own index.
CREATE INDEX leads_by_person ON leads (fields ->> '$.person_id') WHERE fields ->> '$.person_id' IS NOT NULL;

-- Why a lead is finished though nobody worked it. Its row goes when what it rests on changes.
CREATE TABLE blocked_leads (
    lead_id  INTEGER PRIMARY KEY REFERENCES leads (id),
    at       REAL NOT NULL,
    rule     TEXT NOT NULL,
    why      TEXT NOT NULL
) STRICT;

-- Written with the attempt, before anything is dialed: inputs, version of the rules, verdict.
CREATE TABLE attempt_verdicts (
    attempt_id  TEXT PRIMARY KEY REFERENCES attempts (id),
    preset      TEXT NOT NULL,
    version     TEXT NOT NULL,
    rule        TEXT,
    tighten     TEXT NOT NULL,
    inputs      TEXT NOT NULL CONSTRAINT inputs_json CHECK (json_valid(inputs))
) STRICT, WITHOUT ROWID;

-- Attempts of other centres for the same principal; they count as if they were ours.
CREATE TABLE other_attempts (
    principal  TEXT NOT NULL,
    number     TEXT NOT NULL,
    at         REAL NOT NULL,
    source     TEXT NOT NULL,
    PRIMARY KEY (number, principal, at)
) STRICT, WITHOUT ROWID;

-- Who is never to be called, only ever added to. sealed: keyed hash of a number or of 'person:' and a source's id,
-- so that the wish outlives the person's record. principal '' is everybody.
CREATE TABLE suppressions (
    id         INTEGER PRIMARY KEY,
    sealed     BLOB NOT NULL,
    principal  TEXT NOT NULL,
    at         REAL NOT NULL,
    reason     TEXT NOT NULL,
    source     TEXT NOT NULL
) STRICT;
CREATE INDEX suppressions_by_sealed ON suppressions (sealed, principal, at);

-- Registers of people who refuse calls (TPS, DNC): the copy in use of each, and the numbers on it.
CREATE TABLE screening_lists (
    name         TEXT PRIMARY KEY,
    as_of        TEXT NOT NULL,
    imported_at  REAL NOT NULL,
    source       TEXT NOT NULL,
    numbers      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE screened_numbers (
    sealed  BLOB NOT NULL,
    list    TEXT NOT NULL REFERENCES screening_lists (name),
    PRIMARY KEY (sealed, list)
) STRICT, WITHOUT ROWID;

-- The consent register, beside what the leads' own rows bring. who: a number or 'person:' and a source's id.
CREATE TABLE consents (
    id            INTEGER PRIMARY KEY,
    who           TEXT NOT NULL,
    principal     TEXT NOT NULL,
    consent       TEXT NOT NULL CONSTRAINT consent_json CHECK (json_valid(consent)),
    recorded_at   REAL NOT NULL,
    source        TEXT NOT NULL
) STRICT;
CREATE INDEX consents_by_who ON consents (who, recorded_at);
