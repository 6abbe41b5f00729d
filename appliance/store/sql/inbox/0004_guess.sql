-- Uploads that were captured while the recorder's own clock was a guess (no clock chip, no NTP yet).
CREATE TABLE IF NOT EXISTS guess (id INTEGER PRIMARY KEY);        -- of table upload
