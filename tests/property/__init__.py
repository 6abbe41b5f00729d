"""The core against a slow, obvious twin: whatever the wire does, both see the same."""
