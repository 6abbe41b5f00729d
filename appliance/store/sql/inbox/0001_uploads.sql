-- inbox.sqlite3: whole uploads as captured. Written by the capture process (and `suntap import`) alone.
-- Everything else suntap knows can be derived from the table upload again.
CREATE TABLE upload (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- arrival order; never reused, so a cursor on it stays true
    captured_us INTEGER NOT NULL,                   -- packet time, microseconds since 1970-01-01 UTC
    source      TEXT    NOT NULL,                   -- "ip:port" of the PVS
    destination TEXT    NOT NULL,                   -- "ip:port" of the collector
    path        TEXT    NOT NULL,                   -- HTTP request target
    complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),  -- 0: whole lines salvaged around a hole
    sha256      BLOB    NOT NULL UNIQUE,            -- of path, LF, body: a repeated upload is stored once
    body        BLOB    NOT NULL                    -- zlib with the preset dictionary of store/bodies.py
);

-- Which inbox this is: a cursor of the derivation holds only for the inbox it was taken from.
CREATE TABLE identity (
    value     BLOB NOT NULL,
    note      TEXT NOT NULL DEFAULT '',             -- why it was made, where that was not the first start
    pruned_us INTEGER NOT NULL DEFAULT 0            -- packet time of the newest upload that was ever deleted
);
INSERT INTO identity (value) VALUES (randomblob(16));

CREATE TRIGGER upload_pruned AFTER DELETE ON upload BEGIN
    UPDATE identity SET pruned_us = old.captured_us WHERE pruned_us < old.captured_us;
END;
