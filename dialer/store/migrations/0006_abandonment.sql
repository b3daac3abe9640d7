-- Abandonment: which answered calls count in which window. The index holds all that is counted, by campaign and time;
-- answered_at is written when the attempt ends.

CREATE INDEX attempts_answered ON attempts (campaign_id, answered_at, abandoned, connected_at, answered_by)
    WHERE answered_at IS NOT NULL;
