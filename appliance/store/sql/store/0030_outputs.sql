-- For the outputs (appliance/outputs): what changed, in the order in which it did, and what each output remembers.

CREATE TABLE change (                   -- the last change of each row of slot (kind 0), site_day (1) and device_day (2)
    kind     INTEGER NOT NULL,
    time     INTEGER NOT NULL,          -- slot.time; of a local day, 00:00 UTC of its date
    device   INTEGER NOT NULL,          -- 0 = the site
    number   INTEGER NOT NULL,          -- ascending within a kind: a reader's cursor
    revision INTEGER NOT NULL,          -- how often it changed after it had been handed out
    PRIMARY KEY (kind, time, device)
) WITHOUT ROWID;
CREATE UNIQUE INDEX change_number ON change (kind, number);

CREATE TABLE handed (                   -- the highest number that was handed out to the outside, before it was sent
    kind   INTEGER PRIMARY KEY,
    number INTEGER NOT NULL
);
INSERT INTO handed VALUES (0, 0), (1, 0), (2, 0);

CREATE TABLE output (                   -- what an output remembers: its cursors and the like, JSON under a name
    name  TEXT NOT NULL,                -- lines | mqtt | notify
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name, key)
) WITHOUT ROWID;

INSERT INTO change SELECT 0, time, 0, row_number() OVER (ORDER BY time), 0 FROM slot;
INSERT INTO change SELECT 1, CAST(strftime('%s', day) AS INTEGER), 0, row_number() OVER (ORDER BY day), 0 FROM site_day;
INSERT INTO change SELECT 2, CAST(strftime('%s', day) AS INTEGER), device, row_number() OVER (ORDER BY day, device), 0
    FROM device_day;

-- A row that changes goes to the end: UPDATE if it is there, INSERT if it is not. No conflict can arise, because a
-- trigger inherits the conflict clause of the statement that fired it. INSERT OR REPLACE fires no delete trigger.
CREATE TRIGGER slot_inserted AFTER INSERT ON slot BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 0),
        revision = revision + (number <= (SELECT number FROM handed WHERE kind = 0))
        WHERE kind = 0 AND time = NEW.time AND device = 0;
    INSERT INTO change SELECT 0, NEW.time, 0, (SELECT coalesce(max(number), 0) + 1 FROM change WHERE kind = 0), 0
        WHERE NOT EXISTS (SELECT 1 FROM change WHERE kind = 0 AND time = NEW.time AND device = 0);
END;
CREATE TRIGGER slot_updated AFTER UPDATE ON slot BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 0),
        revision = revision + (number <= (SELECT number FROM handed WHERE kind = 0))
        WHERE kind = 0 AND time IN (OLD.time, NEW.time) AND device = 0;
END;
CREATE TRIGGER slot_deleted AFTER DELETE ON slot BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 0),
        revision = revision + (number <= (SELECT number FROM handed WHERE kind = 0))
        WHERE kind = 0 AND time = OLD.time AND device = 0;
END;
CREATE TRIGGER site_day_inserted AFTER INSERT ON site_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 1),
        revision = revision + (number <= (SELECT number FROM handed WHERE kind = 1))
        WHERE kind = 1 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = 0;
    INSERT INTO change SELECT 1, CAST(strftime('%s', NEW.day) AS INTEGER), 0,
        (SELECT coalesce(max(number), 0) + 1 FROM change WHERE kind = 1), 0
        WHERE NOT EXISTS (SELECT 1 FROM change
            WHERE kind = 1 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = 0);
END;
CREATE TRIGGER site_day_deleted AFTER DELETE ON site_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 1),
        revision = revision + (number <= (SELECT number FROM handed WHERE kind = 1))
        WHERE kind = 1 AND time = CAST(strftime('%s', OLD.day) AS INTEGER) AND device = 0;
END;
CREATE TRIGGER device_day_inserted AFTER INSERT ON device_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 2),
        revision = revision + (number <= (SELECT number FROM handed WHERE kind = 2))
        WHERE kind = 2 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = NEW.device;
    INSERT INTO change SELECT 2, CAST(strftime('%s', NEW.day) AS INTEGER), NEW.device,
        (SELECT coalesce(max(number), 0) + 1 FROM change WHERE kind = 2), 0
        WHERE NOT EXISTS (SELECT 1 FROM change
            WHERE kind = 2 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = NEW.device);
END;
CREATE TRIGGER device_day_deleted AFTER DELETE ON device_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 2),
        revision = revision + (number <= (SELECT number FROM handed WHERE kind = 2))
        WHERE kind = 2 AND time = CAST(strftime('%s', OLD.day) AS INTEGER) AND device = OLD.device;
END;
