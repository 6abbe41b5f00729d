-- Who sent what is in the history, and what the owner took back. Senders are the inbox's (store/trust.py), told apart
-- in the same way; ids are this database's own, because the inbox may be another one after a restore.
CREATE TABLE known_sender (
    id       INTEGER PRIMARY KEY,       -- 0: readings of before senders were kept
    mac      TEXT NOT NULL,
    serial   TEXT NOT NULL,
    side     TEXT NOT NULL,
    decision TEXT NOT NULL DEFAULT '' CHECK (decision IN ('', 'trusted', 'aside')),  -- the owner's; '': none yet
    counted  INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1)),  -- its uploads were counted up to now
    UNIQUE (mac, serial, side)
);
INSERT INTO known_sender (id, mac, serial, side, counted) VALUES (0, '-', '', '', 1);

ALTER TABLE reading ADD COLUMN sender INTEGER NOT NULL DEFAULT 0;   -- whose line it is: the first one's stays
ALTER TABLE device ADD COLUMN sender INTEGER NOT NULL DEFAULT 0;    -- who named it first: the limits are each sender's
ALTER TABLE device ADD COLUMN aside INTEGER NOT NULL DEFAULT 0 CHECK (aside IN (0, 1, 2));
                                        -- 1: by the owner; 2: all its readings are of senders that are set aside

CREATE TABLE reading_aside (            -- readings of senders that are set aside: they come back with them
    sender     INTEGER NOT NULL,
    device     INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    energy_dwh INTEGER,
    power_dw   INTEGER,
    fields     TEXT NOT NULL,
    PRIMARY KEY (sender, device, number, time, part)
) WITHOUT ROWID;

CREATE TABLE upload_aside (             -- single uploads that the owner set aside, and those that cannot be taken in
    sha256  BLOB PRIMARY KEY,
    created INTEGER NOT NULL,
    reason  TEXT NOT NULL DEFAULT ''    -- '': the owner's wish; else what failed
) WITHOUT ROWID;

CREATE VIEW counted_device AS SELECT * FROM device WHERE aside = 0;     -- what pages, exports and sums are about
