-- Recalls: how often a lead is tried, why it is tried when it is, and when people pick up.

-- Campaigns from before go on with one treatment a lead, as they were made.
ALTER TABLE campaigns ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 1
    CONSTRAINT max_attempts_bounds CHECK (max_attempts BETWEEN 1 AND 100);
ALTER TABLE leads ADD COLUMN next_reason TEXT NOT NULL DEFAULT '';

-- Slots are by the called person's clock: weekday 0 is Monday, part is one of the day's parts (dialer/leads/slots.py).
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
