"""The supervisor process: inbox → readings → slots → outbox → PVOutput, the outputs, and the owner's commands."""
