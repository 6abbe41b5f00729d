-- Several systems at PVOutput, values beside energy and power, and what a row went without.

CREATE TABLE outbox_new (               -- what PVOutput should hold, one row per system and slot, and how far we are
    system   TEXT NOT NULL DEFAULT '',  -- '' = the site's own system, else the id of one of pvoutput.system
    time     INTEGER NOT NULL,          -- = slot.time
    day      TEXT NOT NULL,
    v1       INTEGER, v2 INTEGER, v3 INTEGER, v4 INTEGER,  -- Wh, W, Wh, W as posted
    v5       INTEGER, v6 INTEGER,       -- thousandths of a degree Celsius, of a volt
    v7       INTEGER, v8 INTEGER, v9 INTEGER, v10 INTEGER, v11 INTEGER, v12 INTEGER,  -- thousandths of the chosen unit
    withheld TEXT NOT NULL DEFAULT '',  -- values that PVOutput would refuse and why, such as 'v2:night'
    state    TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'sent', 'refused', 'expired', 'skipped')),
    reason   TEXT NOT NULL DEFAULT '',  -- the server's words, verbatim
    attempts INTEGER NOT NULL DEFAULT 0,
    sent_at  INTEGER,                   -- last success
    PRIMARY KEY (system, time)
) WITHOUT ROWID;
INSERT INTO outbox_new (time, day, v1, v2, v3, v4, state, reason, attempts, sent_at)
    SELECT time, day, v1, v2, v3, v4, state, reason, attempts, sent_at FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE INDEX outbox_state ON outbox (state, system, day, time);
CREATE INDEX outbox_day ON outbox (day, system, time);

CREATE TABLE pvoutput_day_new (         -- what is known of one local day at a system of PVOutput, beside its outbox rows
    system  TEXT NOT NULL DEFAULT '',
    day     TEXT NOT NULL,
    lifetime_production_dwh  INTEGER,   -- energy = "lifetime": the site's counters at the day's start; fixed by
    lifetime_consumption_dwh INTEGER,   -- the day's first sent row, so that all its rows share one zero
    checks  INTEGER NOT NULL DEFAULT 0, -- times the site was asked which rows of the day it holds
    checked INTEGER NOT NULL DEFAULT 0 CHECK (checked IN (0, 1)),  -- 1: nothing was missing, or asked often enough
    missing INTEGER,                    -- rows that it lacked when it was asked last; NULL = never asked
    total_state  TEXT NOT NULL DEFAULT '' CHECK (total_state IN ('', 'new', 'missing', 'sent', 'done', 'refused')),
    total_reason TEXT NOT NULL DEFAULT '',
    total_attempts INTEGER NOT NULL DEFAULT 0,
    total_v1 INTEGER, total_v3 INTEGER, -- the day's totals in Wh, as offered to addoutput
    PRIMARY KEY (system, day)
) WITHOUT ROWID;
INSERT INTO pvoutput_day_new (day, lifetime_production_dwh, lifetime_consumption_dwh, checks, checked, total_state,
        total_reason, total_attempts, total_v1, total_v3)
    SELECT day, lifetime_production_dwh, lifetime_consumption_dwh, checks, checked, total_state, total_reason,
        total_attempts, total_v1, total_v3 FROM pvoutput_day;
DROP TABLE pvoutput_day;
ALTER TABLE pvoutput_day_new RENAME TO pvoutput_day;
