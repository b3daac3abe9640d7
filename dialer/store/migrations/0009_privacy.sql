-- Erasure: what was removed and when, in counts. sealed: the number whose person asked, NULL where time was over.
CREATE TABLE erasures (
    id       INTEGER PRIMARY KEY,
    at       REAL NOT NULL,
    reason   TEXT NOT NULL CONSTRAINT erasure_reason CHECK (reason IN ('request', 'retention')),
    sealed   BLOB,
    source   TEXT NOT NULL,
    removed  TEXT NOT NULL CONSTRAINT removed_json CHECK (json_valid(removed))
) STRICT;
CREATE INDEX erasures_by_reason ON erasures (reason, at);

-- How far a campaign's records have been stripped of the people in them, so that no record is looked at every day.
CREATE TABLE records_stripped (
    campaign_id  TEXT PRIMARY KEY REFERENCES campaigns (id),
    before       REAL NOT NULL
) STRICT, WITHOUT ROWID;
