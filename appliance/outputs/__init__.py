"""The owner's other programs: line protocol (InfluxDB, VictoriaMetrics), MQTT (Home Assistant), messages.

Theory: an output is a reader of the store with a place of its own. It asks what is new behind its place, sends that,
and moves its place forward when the other side has taken it; nothing else is remembered, so it may be killed at any
moment and goes on where it was. Each output that is switched on has one thread of the supervisor process (module
runner), with a connection of its own: the supervisor's loop starts and stops threads and waits for none of them. It
writes to the store one row at a time, so ingest and posting never wait for it longer than for such a row. What is off
costs nothing: no thread, and its library is not loaded.

A thread and not a process: a Python process with SQLite and requests is about 25 MB on a box of 512 MB, a thread about
1 MB. What a thread could do to its process, an exception or memory without bound, is caught by the runner and excluded
by bounds: batches in rows and bytes, answers in bytes, waits in seconds.

A failure is a one-line OutputError. The runner tells it in the status, waits ever longer (BACKOFF_S, up to LONGEST_S)
and tries again; the other side may be away for years. What the health rooms know, lamps and notices, is handed in by
the supervisor process (`facts`), because outputs stand below it.

    runner   threads, back-off, status         progress   the table `output`     http   one bounded request
    lines/   history → line protocol           mqtt/    newest state → broker    notify/  findings → messages
    check    the Test button of each           contract   what the runner and an output agree on
"""
