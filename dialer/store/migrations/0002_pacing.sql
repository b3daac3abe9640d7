-- Bounds of pacing that an operator sets for a campaign, and what its pacer has learned.

ALTER TABLE campaigns ADD COLUMN abandonment_target REAL;
ALTER TABLE campaigns ADD COLUMN max_ratio REAL;
ALTER TABLE campaigns ADD COLUMN min_agents_for_predictive INTEGER NOT NULL DEFAULT 1;
ALTER TABLE campaigns ADD COLUMN cancel_after_s REAL;
ALTER TABLE campaigns ADD COLUMN ratio REAL NOT NULL DEFAULT 2.0;

-- One row a campaign, written over: what is learned today holds what was learned before.
CREATE TABLE pacing_memory (
    campaign_id  TEXT PRIMARY KEY REFERENCES campaigns (id),
    at           REAL NOT NULL,
    policy       TEXT NOT NULL,
    memory       BLOB NOT NULL CONSTRAINT memory_size CHECK (length(memory) <= 1000000)
) STRICT, WITHOUT ROWID;
