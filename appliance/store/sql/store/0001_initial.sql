-- suntap.sqlite3: derived from the inbox by the supervisor process, read by the web process.
-- Units are in the names: *_dwh = 0.1 Wh, *_dw = 0.1 W, *_w = W, *_wh = Wh. Times: seconds since 1970 UTC.

CREATE TABLE state (                    -- small facts that outlive a process: inbox cursor, pauses, last server time
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE device (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,           -- pvs | inverter | meter | other
    serial     TEXT NOT NULL,
    model      TEXT NOT NULL DEFAULT '',
    first_seen INTEGER NOT NULL,        -- record time
    last_seen  INTEGER NOT NULL,
    UNIQUE (kind, serial)
);

CREATE TABLE reading (                  -- one record line, typed; the key makes a repeat change nothing
    device     INTEGER NOT NULL REFERENCES device (id),
    number     INTEGER NOT NULL,        -- message number: 120, 122, 130, 131, 140, 141, ...
    time       INTEGER NOT NULL,        -- record time
    energy_dwh INTEGER,                 -- lifetime counter (130.f5, 140.f5), NULL where absent or unparseable
    power_dw   INTEGER,                 -- power sample (130.f6, 140.f6)
    fields     TEXT NOT NULL,           -- the fields after time and serial, verbatim, TAB-joined
    PRIMARY KEY (device, number, time)
) WITHOUT ROWID;
CREATE INDEX reading_time ON reading (time);

CREATE TABLE slot (                     -- one status interval of the site
    time            INTEGER PRIMARY KEY,  -- UTC start
    day             TEXT NOT NULL,      -- local date in the site's zone, YYYY-MM-DD
    production_dwh  INTEGER,            -- energy booked in this slot; NULL = nothing known
    net_dwh         INTEGER,            -- + import, - export; NULL where there is no net meter
    consumption_dwh INTEGER,
    day_production_dwh  INTEGER,        -- running totals since local midnight, this slot included
    day_consumption_dwh INTEGER,
    seconds         INTEGER NOT NULL,   -- length of the interval(s) the energy was counted over
    hole            INTEGER NOT NULL DEFAULT 0 CHECK (hole IN (0, 1))  -- 1: contains the sum of a hole
);
CREATE INDEX slot_day ON slot (day, time);

CREATE TABLE outbox (                   -- what PVOutput should hold, one row per slot, and how far we are
    time     INTEGER PRIMARY KEY,       -- = slot.time
    day      TEXT NOT NULL,
    v1       INTEGER, v2 INTEGER, v3 INTEGER, v4 INTEGER,  -- Wh, W, Wh, W as posted
    state    TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'sent', 'refused', 'expired', 'skipped')),
    reason   TEXT NOT NULL DEFAULT '',  -- the server's words, verbatim
    attempts INTEGER NOT NULL DEFAULT 0,
    sent_at  INTEGER                    -- last success
);
CREATE INDEX outbox_state ON outbox (state, day, time);

CREATE TABLE command (                  -- what the owner asked on the page; the supervisor process carries it out
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    created  INTEGER NOT NULL,
    name     TEXT NOT NULL,             -- test_pvoutput | resend_day | retry | skip | rebuild
    argument TEXT NOT NULL DEFAULT '{}',-- JSON
    finished INTEGER,
    result   TEXT                       -- JSON
);
