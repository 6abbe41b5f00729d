-- Each PVS's own production, devices' own limits, cadence, the kind of meter; see appliance/ledger.
CREATE TABLE day_before AS                  -- what the days held by the rules before, until the owner was told
    SELECT day, production_dwh, consumption_dwh FROM site_day WHERE slots > 0;

ALTER TABLE device ADD COLUMN pvs TEXT NOT NULL DEFAULT '';         -- serial of the PVS that spoke of it last
ALTER TABLE device ADD COLUMN pvs_time INTEGER NOT NULL DEFAULT 0;  -- record time of that
ALTER TABLE device ADD COLUMN full_w INTEGER NOT NULL DEFAULT 0;    -- class of its full power, 0: not known

ALTER TABLE device_day ADD COLUMN since INTEGER NOT NULL DEFAULT 0; -- the counter has stood at its value since then
ALTER TABLE device_day ADD COLUMN until INTEGER NOT NULL DEFAULT 4611686018427387904;   -- readings of before that time
                                            -- may change this day
ALTER TABLE device_day ADD COLUMN steep_w INTEGER NOT NULL DEFAULT 0;   -- third highest mean power of the day
ALTER TABLE device_day ADD COLUMN top_w INTEGER NOT NULL DEFAULT 0; -- highest mean power that was looked at
ALTER TABLE device_day ADD COLUMN typical_dwh INTEGER;              -- an inverter's: what its neighbours made that day

CREATE INDEX device_day_steep ON device_day (device, steep_w);

ALTER TABLE site_day ADD COLUMN cadence_s INTEGER NOT NULL DEFAULT 0;   -- usual time between readings, 0: not known
ALTER TABLE site_day ADD COLUMN meter_falls INTEGER NOT NULL DEFAULT 0; -- slots in which the main meter ran down
ALTER TABLE site_day ADD COLUMN sunny INTEGER NOT NULL DEFAULT 0;       -- 1: sun enough for a net meter to run down

CREATE TABLE roof_day (                     -- one PVS's production on a local day: what the next day starts from
    pvs        TEXT NOT NULL,
    day        TEXT NOT NULL,
    source     TEXT NOT NULL,               -- inverters | meter
    trusted    INTEGER NOT NULL,
    booked_dwh INTEGER NOT NULL,
    owed_dwh   INTEGER NOT NULL,
    read_until INTEGER NOT NULL,
    PRIMARY KEY (pvs, day)
) WITHOUT ROWID;

CREATE TABLE late_upload (                  -- uploads that were repeated, or sent by a slow clock (ledger.clocks)
    pvs      TEXT NOT NULL,
    captured INTEGER NOT NULL,
    sent     INTEGER NOT NULL,
    is_off   INTEGER NOT NULL,              -- 1: by a slow clock
    PRIMARY KEY (pvs, captured, sent)
) WITHOUT ROWID;
CREATE TABLE right_clock (                  -- stretches in which a PVS's uploads told the right time
    pvs   TEXT NOT NULL,
    first INTEGER NOT NULL,                 -- packet times
    last  INTEGER NOT NULL,
    PRIMARY KEY (pvs, first)
) WITHOUT ROWID;

UPDATE device SET pvs = (SELECT serial FROM device WHERE kind = 'pvs')
WHERE kind IN ('inverter', 'meter') AND (SELECT count(*) FROM device WHERE kind = 'pvs') = 1;
