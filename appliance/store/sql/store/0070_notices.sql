-- What needed the owner, and when: see appliance/health/log.py.
CREATE TABLE notice_log (
    id        INTEGER PRIMARY KEY,
    matter    TEXT NOT NULL,            -- stays the same while it lasts
    bad       INTEGER NOT NULL CHECK (bad IN (0, 1)),   -- 1: out of order; 0: worth a look
    text      TEXT NOT NULL,            -- as it began
    advice    TEXT NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER,                  -- NULL = it is still there; of an event: its moment
    dismissed INTEGER                   -- when the owner put it away; NULL = not yet
);
CREATE INDEX notice_log_matter ON notice_log (matter, since);
