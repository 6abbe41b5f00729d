"""spcore: the capture core. Packets in, uploads out; no clock, no database, no network writes.

A record's way: source → headers → defrag → streams → http → uploads → lines, driven by engine.
"""
