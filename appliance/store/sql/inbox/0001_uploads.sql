-- inbox.sqlite3: whole uploads as captured. Written by the capture process (and `suntap import`) alone.
-- Everything else suntap knows can be derived from this table again.
CREATE TABLE upload (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- arrival order; never reused, so a cursor on it stays true
    captured_us INTEGER NOT NULL,                   -- packet time, microseconds since 1970-01-01 UTC
    source      TEXT    NOT NULL,                   -- "ip:port" of the PVS
    destination TEXT    NOT NULL,                   -- "ip:port" of the collector
    path        TEXT    NOT NULL,                   -- HTTP request target
    complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),  -- 0: whole lines salvaged around a hole
    sha256      BLOB    NOT NULL UNIQUE,            -- of path, LF, body: a repeated upload is stored once
    body        BLOB    NOT NULL                    -- zlib
);
