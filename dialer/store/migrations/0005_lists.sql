-- What a file was worth when it was imported, leads it brought up to date, and how files of one source are read.

ALTER TABLE imports ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN quality TEXT NOT NULL DEFAULT '{}' CONSTRAINT quality_json CHECK (json_valid(quality));

CREATE TABLE import_profiles (
    name      TEXT PRIMARY KEY,
    columns   TEXT NOT NULL CONSTRAINT profile_json CHECK (json_valid(columns)),
    saved_at  REAL NOT NULL
) STRICT, WITHOUT ROWID;
