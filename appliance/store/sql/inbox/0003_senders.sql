-- Who sent an upload: one row per sender, told apart by hardware address, the supervisor's serial, and the side of the
-- bridge. "unknown" and "aside": stored in a small ring, not counted. Uploads stored before this are the row 0's.
CREATE TABLE sender (
    id       INTEGER PRIMARY KEY,
    mac      TEXT NOT NULL,             -- of the frames; "" where the link has none, "-" of row 0
    serial   TEXT NOT NULL,             -- of the supervisor (100.f3); "" until an upload says it
    side     TEXT NOT NULL CHECK (side IN ('', 'router')),  -- router: it speaks from the router's port of the bridge
    state    TEXT NOT NULL CHECK (state IN ('trusted', 'unknown', 'aside')),
    how      TEXT NOT NULL CHECK (how IN ('first', 'import', 'owner', 'earlier', '')),    -- why it is that
    first_us INTEGER NOT NULL,          -- packet times, microseconds since 1970 UTC
    last_us  INTEGER NOT NULL,
    address  TEXT NOT NULL DEFAULT '',  -- its newest IP address
    UNIQUE (mac, serial, side)
);
ALTER TABLE upload ADD COLUMN sender_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE upload ADD COLUMN via TEXT NOT NULL DEFAULT '';    -- capture | stand-in | import | restore; "" before this
CREATE INDEX upload_sender ON upload (sender_id, id);
INSERT INTO sender (id, mac, serial, side, state, how, first_us, last_us)
    SELECT 0, '-', '', '', 'trusted', 'earlier', min(captured_us), max(captured_us) FROM upload HAVING count(*) > 0;

-- What was never counted leaves no gap in the history when it goes.
DROP TRIGGER upload_pruned;
CREATE TRIGGER upload_pruned AFTER DELETE ON upload
WHEN EXISTS (SELECT 1 FROM sender WHERE id = old.sender_id AND state = 'trusted') BEGIN
    UPDATE identity SET pruned_us = old.captured_us WHERE pruned_us < old.captured_us;
END;
