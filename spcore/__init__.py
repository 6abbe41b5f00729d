"""spcore: the capture core. Packets in, uploads out; no clock, no database, no network writes.

A record's way: source (files, or live) → links → headers → tunnels → defrag → streams → http → uploads → lines,
driven by engine.
"""
