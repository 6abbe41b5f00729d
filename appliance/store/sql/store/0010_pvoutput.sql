CREATE TABLE pvoutput_day (             -- what is known of one local day at PVOutput, beside its outbox rows
    day     TEXT PRIMARY KEY,
    lifetime_production_dwh  INTEGER,   -- energy = "lifetime": the site's counters at the day's start; fixed by
    lifetime_consumption_dwh INTEGER,   -- the day's first sent row, so that all its rows share one zero
    checks  INTEGER NOT NULL DEFAULT 0, -- times the site was asked which rows of the day it holds
    checked INTEGER NOT NULL DEFAULT 0 CHECK (checked IN (0, 1)),  -- 1: nothing was missing, or asked often enough
    total_state  TEXT NOT NULL DEFAULT '' CHECK (total_state IN ('', 'new', 'missing', 'sent', 'done', 'refused')),
    total_reason TEXT NOT NULL DEFAULT '',
    total_attempts INTEGER NOT NULL DEFAULT 0,
    total_v1 INTEGER, total_v3 INTEGER  -- the day's totals in Wh, as offered to addoutput
) WITHOUT ROWID;
CREATE INDEX outbox_day ON outbox (day, time);  -- refresh and the page go day by day, whatever the state
