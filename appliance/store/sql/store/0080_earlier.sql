-- Days of before suntap, as another program counted them; never part of slots, sums and posts. See history/earlier.py.
CREATE TABLE earlier_day (
    day             TEXT PRIMARY KEY,
    source          TEXT NOT NULL,      -- the file's name, or what the owner called it
    production_dwh  INTEGER NOT NULL,
    consumption_dwh INTEGER
) WITHOUT ROWID;
