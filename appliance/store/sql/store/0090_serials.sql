-- A serial number in other letters, large or small, is the same device (settings/serials.py has the spelling).
CREATE TABLE respelled AS SELECT id AS old, kind, serial AS sent, CASE
        WHEN serial GLOB '*[^ -~]*' THEN serial
        WHEN upper(serial) GLOB 'PVS*[CP]' THEN upper(substr(serial, 1, length(serial) - 1)) || lower(substr(serial, -1))
        ELSE upper(serial) END AS serial, 0 AS kept FROM device;
UPDATE respelled SET kept = (SELECT old FROM respelled other WHERE other.kind = respelled.kind
    AND other.serial = respelled.serial ORDER BY other.sent <> other.serial, old LIMIT 1);

UPDATE device SET model = latest.model, model_time = latest.model_time
    FROM (SELECT kept, model, max(model_time) AS model_time FROM respelled JOIN device ON id = old GROUP BY kept) latest
    WHERE id = kept;
UPDATE device SET pvs = latest.pvs, pvs_time = latest.pvs_time
    FROM (SELECT kept, pvs, max(pvs_time) AS pvs_time FROM respelled JOIN device ON id = old GROUP BY kept) latest
    WHERE id = kept;
UPDATE device SET aside = all_of.aside, last_seen = all_of.last_seen, first_seen = all_of.first_seen
    FROM (SELECT kept, min(aside) AS aside, max(last_seen) AS last_seen,
          coalesce(min(nullif(first_seen, 0)), 0) AS first_seen
          FROM respelled JOIN device ON id = old GROUP BY kept) all_of
    WHERE id = kept;

INSERT INTO reading (device, number, time, part, energy_dwh, power_dw, fields, sender)
    SELECT kept, number, time, part, energy_dwh, power_dw, fields, sender FROM respelled JOIN reading ON device = old
    WHERE kept <> old
    ON CONFLICT DO UPDATE SET energy_dwh = excluded.energy_dwh, power_dw = excluded.power_dw, fields = excluded.fields,
    sender = excluded.sender WHERE coalesce(excluded.energy_dwh, -1 << 62) > coalesce(energy_dwh, -1 << 62);
INSERT OR IGNORE INTO reading_aside (sender, device, number, time, part, energy_dwh, power_dw, fields)
    SELECT sender, kept, number, time, part, energy_dwh, power_dw, fields
    FROM respelled JOIN reading_aside ON device = old WHERE kept <> old;
DELETE FROM reading WHERE device IN (SELECT old FROM respelled WHERE kept <> old);
DELETE FROM reading_aside WHERE device IN (SELECT old FROM respelled WHERE kept <> old);
DELETE FROM device_day WHERE device IN (SELECT old FROM respelled WHERE kept <> old);   -- the days are derived again
DELETE FROM notice WHERE device IN (SELECT old FROM respelled WHERE kept <> old);
DELETE FROM change WHERE kind = 2 AND device IN (SELECT old FROM respelled WHERE kept <> old);
DELETE FROM device WHERE id IN (SELECT old FROM respelled WHERE kept <> old);

UPDATE device SET serial = (SELECT serial FROM respelled WHERE old = id) WHERE serial <> (SELECT serial FROM respelled
    WHERE old = id);
UPDATE device SET pvs = upper(pvs) WHERE pvs <> upper(pvs) AND pvs NOT GLOB '*[^ -~]*';
UPDATE OR REPLACE roof_day SET pvs = upper(pvs) WHERE pvs <> upper(pvs) AND pvs NOT GLOB '*[^ -~]*';
UPDATE OR REPLACE late_upload SET pvs = upper(pvs) WHERE pvs <> upper(pvs) AND pvs NOT GLOB '*[^ -~]*';
UPDATE OR REPLACE right_clock SET pvs = upper(pvs) WHERE pvs <> upper(pvs) AND pvs NOT GLOB '*[^ -~]*';
DROP TABLE respelled;
