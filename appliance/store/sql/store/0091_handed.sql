-- What was not handed out yet keeps its number when it changes: no reader has passed it, so whoever reads it reads what
-- it is then. A zone that changes ten years of days renumbers nothing where no output was on. A slot's day alone is told
-- to nobody: an output has the day's running totals.

DROP TRIGGER slot_inserted;
DROP TRIGGER slot_updated;
DROP TRIGGER slot_deleted;
DROP TRIGGER site_day_inserted;
DROP TRIGGER site_day_deleted;
DROP TRIGGER device_day_inserted;
DROP TRIGGER device_day_deleted;

CREATE TRIGGER slot_inserted AFTER INSERT ON slot BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 0), revision = revision + 1
        WHERE kind = 0 AND time = NEW.time AND device = 0
        AND number <= (SELECT number FROM handed WHERE kind = 0);
    INSERT INTO change SELECT 0, NEW.time, 0,
        (SELECT coalesce(max(number), 0) + 1 FROM change WHERE kind = 0), 0
        WHERE NOT EXISTS (SELECT 1 FROM change
            WHERE kind = 0 AND time = NEW.time AND device = 0);
END;
CREATE TRIGGER slot_updated AFTER UPDATE OF production_dwh, net_dwh, consumption_dwh, day_production_dwh,
        day_consumption_dwh, seconds, hole ON slot BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 0), revision = revision + 1
        WHERE kind = 0 AND time = NEW.time AND device = 0
        AND number <= (SELECT number FROM handed WHERE kind = 0);
END;
CREATE TRIGGER slot_deleted AFTER DELETE ON slot BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 0), revision = revision + 1
        WHERE kind = 0 AND time = OLD.time AND device = 0
        AND number <= (SELECT number FROM handed WHERE kind = 0);
END;
CREATE TRIGGER site_day_inserted AFTER INSERT ON site_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 1), revision = revision + 1
        WHERE kind = 1 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = 0
        AND number <= (SELECT number FROM handed WHERE kind = 1);
    INSERT INTO change SELECT 1, CAST(strftime('%s', NEW.day) AS INTEGER), 0,
        (SELECT coalesce(max(number), 0) + 1 FROM change WHERE kind = 1), 0
        WHERE NOT EXISTS (SELECT 1 FROM change
            WHERE kind = 1 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = 0);
END;
CREATE TRIGGER site_day_deleted AFTER DELETE ON site_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 1), revision = revision + 1
        WHERE kind = 1 AND time = CAST(strftime('%s', OLD.day) AS INTEGER) AND device = 0
        AND number <= (SELECT number FROM handed WHERE kind = 1);
END;
CREATE TRIGGER device_day_inserted AFTER INSERT ON device_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 2), revision = revision + 1
        WHERE kind = 2 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = NEW.device
        AND number <= (SELECT number FROM handed WHERE kind = 2);
    INSERT INTO change SELECT 2, CAST(strftime('%s', NEW.day) AS INTEGER), NEW.device,
        (SELECT coalesce(max(number), 0) + 1 FROM change WHERE kind = 2), 0
        WHERE NOT EXISTS (SELECT 1 FROM change
            WHERE kind = 2 AND time = CAST(strftime('%s', NEW.day) AS INTEGER) AND device = NEW.device);
END;
CREATE TRIGGER device_day_deleted AFTER DELETE ON device_day BEGIN
    UPDATE change SET number = (SELECT max(number) + 1 FROM change WHERE kind = 2), revision = revision + 1
        WHERE kind = 2 AND time = CAST(strftime('%s', OLD.day) AS INTEGER) AND device = OLD.device
        AND number <= (SELECT number FROM handed WHERE kind = 2);
END;
