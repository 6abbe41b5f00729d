"""The capture core, held to the policies of its own headers. Frames in, uploads, streams and counters out."""
