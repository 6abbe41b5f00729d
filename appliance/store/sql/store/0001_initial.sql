-- suntap.sqlite3: derived from the inbox by the supervisor process, read by the web process.
-- Units are in the names: *_dwh = 0.1 Wh, *_dw = 0.1 W, *_w = W, *_wh = Wh. Times: seconds since 1970 UTC.
-- Days: local dates in the site's zone, YYYY-MM-DD.

CREATE TABLE state (                    -- small facts that outlive a process: inbox cursor, pauses, last server time
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE device (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,           -- pvs | inverter | meter | other
    serial     TEXT NOT NULL,
    model      TEXT NOT NULL DEFAULT '',-- of the newest record that names one
    first_seen INTEGER NOT NULL,        -- record time; 0 until one is plausible
    last_seen  INTEGER NOT NULL,
    model_time INTEGER NOT NULL DEFAULT 0,  -- record time of that newest record
    UNIQUE (kind, serial)
);

CREATE TABLE reading (                  -- one record line, typed; the key makes a repeat change nothing
    device     INTEGER NOT NULL REFERENCES device (id),
    number     INTEGER NOT NULL,        -- message number: 120, 122, 130, 131, 140, 141, ...
    time       INTEGER NOT NULL,        -- record time
    part       INTEGER NOT NULL DEFAULT 0,  -- set number of 131 and 141, a checksum where the number is unknown
    energy_dwh INTEGER,                 -- lifetime counter (130.f5, 140.f5), NULL where absent or unparseable
    power_dw   INTEGER,                 -- power sample (130.f6, 140.f6)
    fields     TEXT NOT NULL,           -- the fields after the serial, TAB-joined; those held above are empty here
    PRIMARY KEY (device, number, time, part)
) WITHOUT ROWID;

CREATE TABLE slot (                     -- one status interval of the site
    time            INTEGER PRIMARY KEY,  -- UTC start
    day             TEXT NOT NULL,
    production_dwh  INTEGER,            -- energy booked in this slot; NULL = nothing known
    net_dwh         INTEGER,            -- + import, - export; NULL where there is no net meter
    consumption_dwh INTEGER,
    day_production_dwh  INTEGER,        -- running totals since local midnight, this slot included
    day_consumption_dwh INTEGER,
    seconds         INTEGER NOT NULL,   -- energy over these seconds is the slot's mean power
    hole            INTEGER NOT NULL DEFAULT 0 CHECK (hole IN (0, 1))  -- 1: contains the sum of a hole
);
CREATE INDEX slot_day ON slot (day, time);

CREATE TABLE device_day (               -- a counter at the end of each local day on which its device was read
    device      INTEGER NOT NULL REFERENCES device (id),
    day         TEXT NOT NULL,
    time        INTEGER NOT NULL,       -- of the last reading that was accepted, on this day or before it
    counter_dwh INTEGER NOT NULL,       -- what the next step is measured from
    energy_dwh  INTEGER NOT NULL,       -- counted on this day
    PRIMARY KEY (device, day)
) WITHOUT ROWID;

CREATE TABLE site_day (                 -- one local day of the site: its totals, and what the next day starts from
    day             TEXT PRIMARY KEY,
    production_dwh  INTEGER,            -- NULL = nothing known
    consumption_dwh INTEGER,
    import_dwh      INTEGER,
    export_dwh      INTEGER,
    slots           INTEGER NOT NULL,
    holes           INTEGER NOT NULL,
    peak_w          INTEGER,            -- highest mean power of a slot without a hole
    source          TEXT NOT NULL,      -- of the production: inverters | meter
    net_active      INTEGER NOT NULL,   -- 1: a net meter's counter is known at the day's end
    balance_dwh     INTEGER NOT NULL,   -- production + net that is not yet consumption, at the day's end
    against_plus_dwh  INTEGER NOT NULL, -- energy that speaks against net_sign "+" and "-"
    against_minus_dwh INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE notice (                   -- what the ledger met that the owner may want to know
    day    TEXT NOT NULL,
    device INTEGER NOT NULL REFERENCES device (id),
    kind   TEXT NOT NULL,               -- restart | jump | outlier | held
    time   INTEGER NOT NULL,            -- record time of the first one
    count  INTEGER NOT NULL,
    before_dwh INTEGER NOT NULL,        -- the counter before and at the first one
    after_dwh  INTEGER NOT NULL,
    PRIMARY KEY (day, device, kind)
) WITHOUT ROWID;

CREATE TABLE dirty_day (day TEXT PRIMARY KEY) WITHOUT ROWID;    -- readings came: slots are to be derived again
CREATE TABLE changed_day (day TEXT PRIMARY KEY) WITHOUT ROWID;  -- slots changed: the outbox is to follow

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
