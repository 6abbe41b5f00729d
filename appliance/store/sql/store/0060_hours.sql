-- Energy by local hour, so that prices by hour and season cost no more to look up after ten years; see ledger/hours.py.
CREATE TABLE site_hour (                -- of days of which production, consumption, import and export are known
    day            TEXT NOT NULL,
    hour           INTEGER NOT NULL,    -- 0 to 23 of the site's clock; an hour that comes twice is one
    weekday        INTEGER NOT NULL,    -- of the day, 0 = Monday
    production_dwh INTEGER NOT NULL,
    import_dwh     INTEGER NOT NULL,
    export_dwh     INTEGER NOT NULL,
    spread_dwh     INTEGER NOT NULL,    -- production + import that fell into holes: spread evenly over their time
    PRIMARY KEY (day, hour)
) WITHOUT ROWID;
INSERT OR IGNORE INTO dirty_day SELECT day FROM site_day WHERE slots > 0;
