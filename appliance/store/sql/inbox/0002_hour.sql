-- How old an upload is, in hours that the capture process ran: no step of a clock makes it older or younger.
-- (Packet times cannot tell: they are the wall clock's.) One row an hour; pruning reads it and drops what it passed.
CREATE TABLE hour (
    number  INTEGER PRIMARY KEY,                    -- counted from 1, without a gap
    last_id INTEGER NOT NULL                        -- the newest upload at that hour
);
